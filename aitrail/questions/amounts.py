"""What one call, or several, amount to: calls, errors, characters, time of streams, and their cost. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from aitrail.costs import Prices, cost_of
from aitrail.questions.dimensions import text_of
from aitrail.questions.source import Row
from aitrail.questions.usage_members import usage_member
from aitrail.services import load

_T = TypeVar("_T")
# Numbers of calls and characters.
_Calls = tuple[int, int]

MEASURES = ("calls", "errors", "denied", "characters", "streamSeconds", "unmeasured")
_ATTRIBUTES = {"streamSeconds": "stream_seconds"}
# What cannot be known if the characters of a call are not.
_OF_CHARACTERS = ("characters", "cost")
_NETWORK_ACTIVITY = "NetworkActivity"
# Only Polly's characters have a price.
_PRICED = "polly"
# The default engine of SynthesizeSpeech and StartSpeechSynthesisTask (Amazon Polly Developer Guide).
_USUAL_ENGINE = "standard"
# The only error code with which CloudTrail records a call at the endpoint that refused it.
_REFUSED_AT_ENDPOINT = "VpceAccessDenied"
# Operations with these prefixes repeat the characters of a task that was already charged.
_REPEATING = ("Get", "List", "Describe")
# Operations that Polly charges by characters. The records of some of them do not say how many.
_CHARGED_BY_CHARACTERS = frozenset({"SynthesizeSpeech", "StartSpeechSynthesisTask", "StartSpeechSynthesisStream"})


def is_network_activity(row: Row) -> bool:
    """Whether a row is an event that a VPC endpoint recorded."""
    return row.get("eventCategory") == _NETWORK_ACTIVITY


def is_call(row: Row) -> bool:
    """Whether a row is a call, or an attempt.

    The end of a stream is not: the stream began with another call. Nor is a network activity event, which repeats a
    call as the endpoint saw it, unless the endpoint refused the call: then no service has recorded it.
    """
    if is_network_activity(row):
        return row.get("errorCode") == _REFUSED_AT_ENDPOINT
    return usage_member(row, "streamEnd") is not True


def characters_of(row: Row) -> int | None:
    """The characters that a call synthesized, None if its record should say how many and does not.

    No row repeats the characters of another row. They are 0 for a call that failed, for a call that queries a task, and
    for a network activity event: the last two repeat the characters of another row.
    """
    if is_network_activity(row) or row.get("outcome") != "ok" or str(row.get("operation")).startswith(_REPEATING):
        return 0
    characters = usage_member(row, "requestCharacters")
    if isinstance(characters, int | Decimal) and not isinstance(characters, bool):
        return int(characters)
    return None if row.get("service") == _PRICED and str(row.get("operation")) in _CHARGED_BY_CHARACTERS else 0


@dataclass(slots=True, kw_only=True)
class Amounts:
    """The amounts of some calls; they can be added, and taken away again.

    `first` and `last` are the eventTimes of the first and the last call, empty without any; they are not taken away.
    `unknown_characters` and `unknown_streams` count the successful calls whose characters, or the time of whose stream,
    are not known. `unpriceable` counts the calls that have a price and no known number of characters. The dicts have
    the number of calls and of characters for each price of a million characters, for each engine without a price, and
    for each service without prices.
    """

    calls: int = 0
    errors: int = 0
    denied: int = 0
    characters: int = 0
    stream_seconds: int = 0
    unknown_characters: int = 0
    unknown_streams: int = 0
    unpriceable: int = 0
    first: str = ""
    last: str = ""
    # By price, so that the cost does not depend on the order of rows.
    priced: dict[Decimal, _Calls] = field(default_factory=dict)
    unpriced_engines: dict[str, _Calls] = field(default_factory=dict)
    unpriced_services: dict[str, _Calls] = field(default_factory=dict)

    def add(self, other: "Amounts", times: int = 1) -> None:
        """Adds other amounts; takes them away if `times` is -1."""
        self.calls += times * other.calls
        self.errors += times * other.errors
        self.denied += times * other.denied
        self.characters += times * other.characters
        self.stream_seconds += times * other.stream_seconds
        self.unknown_characters += times * other.unknown_characters
        self.unknown_streams += times * other.unknown_streams
        self.unpriceable += times * other.unpriceable
        _add(self.priced, other.priced, times)
        _add(self.unpriced_engines, other.unpriced_engines, times)
        _add(self.unpriced_services, other.unpriced_services, times)
        if times > 0:
            self.extend(other)

    def extend(self, other: "Amounts") -> None:
        """Extends the time from the first to the last call to that of other amounts."""
        if other.first:
            self.first, self.last = min(self.first or other.first, other.first), max(self.last, other.last)

    @property
    def unmeasured(self) -> int:
        """The number of successful calls whose amount is not known."""
        return self.unknown_characters + self.unknown_streams

    @property
    def cost(self) -> Decimal | None:
        """The cost of the characters that are known and have a price; None if there are none, or nothing is known."""
        cost = cost_of({price: characters for price, (_, characters) in self.priced.items()}) if self.priced else None
        return None if self.unpriceable and not cost else cost

    def is_at_least(self, measure: str) -> bool:
        """Whether a measure, or `cost`, is a lower bound, because not everything that belongs to it is known."""
        if measure == "streamSeconds":
            return self.unknown_streams > 0
        unpriced = measure == "cost" and any(characters for _, characters in self.unpriced_engines.values())
        return unpriced or (measure in _OF_CHARACTERS and self.unknown_characters > 0)

    def measures(self) -> dict[str, int]:
        """MEASURES with their values."""
        return {name: getattr(self, _ATTRIBUTES.get(name, name)) for name in MEASURES}


def _add(own: dict[_T, _Calls], other: Mapping[_T, _Calls], times: int) -> None:
    for key, (calls, characters) in other.items():
        old_calls, old_characters = own.pop(key, (0, 0))
        if left := old_calls + times * calls:
            own[key] = left, old_characters + times * characters


def _is_stream_without_key(row: Row) -> bool:
    """Whether a call began a stream, and no record can tell its end."""
    if row.get("outcome") != "ok" or usage_member(row, "stream") is not None:
        return False
    return _begins_stream(str(row.get("service")), str(row.get("operation")))


@lru_cache(maxsize=4096)
def _begins_stream(service: str, operation: str) -> bool:
    return any(each.name == service and each.begins_stream(operation) for each in load().services)


def amounts_of(row: Row, prices: Prices | None = None) -> Amounts:
    """The amounts of one call, without the time of its stream, which other records may tell."""
    characters, time = characters_of(row), row.get("eventTime") or ""
    amounts = Amounts(
        calls=1,
        first=time,
        last=time,
        errors=int(row["outcome"] != "ok"),
        denied=int(row["outcome"] == "denied"),
        characters=characters or 0,
        unknown_characters=int(characters is None),
        unknown_streams=int(_is_stream_without_key(row)),
    )
    if prices:
        _set_price(amounts, row, characters, prices)
    return amounts


def _set_price(amounts: Amounts, row: Row, characters: int | None, prices: Prices) -> None:
    if row["service"] != _PRICED:
        amounts.unpriced_services[row["service"]] = 1, 0
        return
    engine = text_of(usage_member(row, "engine")) or _USUAL_ENGINE
    price = prices.per_million_characters(engine, text_of(row.get("awsRegion")))
    if price is None:
        amounts.unpriced_engines[engine] = 1, characters or 0
    elif characters is None:
        amounts.unpriceable = 1
    else:
        amounts.priced[price] = 1, characters

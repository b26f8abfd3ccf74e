"""What one call, or several, amount to: calls, errors, characters, time of streams, and their cost. Pure.

What is added up beside calls and time is an amount: characters, and what other service files define.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field

from aitrail.questions.dimensions import text_of
from aitrail.questions.source import Row
from aitrail.questions.usage_members import usage_member
from aitrail.services import Registry, load

if TYPE_CHECKING:
    from aitrail.costs import Prices

_T = TypeVar("_T")
# Numbers of calls and characters.
_Calls = tuple[int, int]

COST = "cost"
# The only amount that has a price.
CHARACTERS = "characters"
_BEFORE_AMOUNTS, _AFTER_AMOUNTS = ("calls", "errors", "denied"), ("streamSeconds", "unmeasured")
_ATTRIBUTES = {name: name for name in (*_BEFORE_AMOUNTS, *_AFTER_AMOUNTS)} | {"streamSeconds": "stream_seconds"}
_NETWORK_ACTIVITY = "NetworkActivity"
# Only Polly's characters have a price.
_PRICED = "polly"
# The default engine of SynthesizeSpeech and StartSpeechSynthesisTask (Amazon Polly Developer Guide).
_USUAL_ENGINE = "standard"
# The only error code with which CloudTrail records a call at the endpoint that refused it.
_REFUSED_AT_ENDPOINT = "VpceAccessDenied"
# Operations with these prefixes repeat the amounts of a call that was already charged, such as a task's.
_REPEATING = ("Get", "List", "Describe")


def measures_of(registry: Registry) -> tuple[str, ...]:
    """What can be counted for groups of calls, beside their cost."""
    amounts = (amount.name for each in registry.amounts.values() for amount in each)
    return (*_BEFORE_AMOUNTS, *dict.fromkeys((CHARACTERS, *amounts)), *_AFTER_AMOUNTS)


# Of aitrail's own services.
MEASURES = measures_of(load())


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


def amounts_in(row: Row, registry: Registry) -> dict[str, int | None]:
    """The amounts of a call that are not 0, by name; None for one that its record should tell and does not.

    No row repeats the amounts of another row. A call that failed has none, nor has a call that queries a task, or a
    network activity event: the last two repeat the amounts of another row.
    """
    rules = registry.amounts.get(str(row.get("service")))
    if not rules or is_network_activity(row) or row.get("outcome") != "ok":
        return {}
    operation, found = str(row.get("operation")), dict[str, int | None]()
    if operation.startswith(_REPEATING):
        return {}
    for rule in rules:
        number = usage_member(row, rule.count)
        if isinstance(number, int | Decimal) and not isinstance(number, bool):
            found[rule.name] = int(number)
        elif rule.is_due(operation):
            found[rule.name] = None
    return found


def characters_of(row: Row, registry: Registry | None = None) -> int | None:
    """The characters that a call synthesized, None if its record should say how many and does not; see amounts_in."""
    return amounts_in(row, registry or load()).get(CHARACTERS, 0)


class Amounts(Struct, kw_only=True):
    """The amounts of some calls; they can be added, and taken away again.

    `first` and `last` are the eventTimes of the first and the last call, empty without any; they are not taken away.
    `sums` has the sum of each amount by name, and `unknown` the number of successful calls whose amount is not known.
    `unmeasured` counts the successful calls of which any amount, or the time of their stream, is not known,
    `unknown_streams` the latter. `unpriceable` counts the calls that have a price and no known number of characters.
    The other dicts have the number of calls and of characters for each price of a million characters, for each engine
    without a price, and for each service without prices.
    """

    calls: int = 0
    errors: int = 0
    denied: int = 0
    stream_seconds: int = 0
    unmeasured_amounts: int = 0
    unknown_streams: int = 0
    unpriceable: int = 0
    first: str = ""
    last: str = ""
    sums: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    # By price, so that the cost does not depend on the order of rows.
    priced: dict[Decimal, _Calls] = field(default_factory=dict)
    unpriced_engines: dict[str, _Calls] = field(default_factory=dict)
    unpriced_services: dict[str, _Calls] = field(default_factory=dict)

    def add(self, other: "Amounts", times: int = 1) -> None:
        """Adds other amounts; takes them away if `times` is -1."""
        self.calls += times * other.calls
        self.errors += times * other.errors
        self.denied += times * other.denied
        self.stream_seconds += times * other.stream_seconds
        self.unmeasured_amounts += times * other.unmeasured_amounts
        self.unknown_streams += times * other.unknown_streams
        self.unpriceable += times * other.unpriceable
        # Most calls have little of this: looking first takes half the time.
        if other.sums or other.unknown:
            for own, others in ((self.sums, other.sums), (self.unknown, other.unknown)):
                for name, number in others.items():
                    own[name] = own.get(name, 0) + times * number
        if other.priced or other.unpriced_engines or other.unpriced_services:
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
        """The number of successful calls of which an amount, or the time of their stream, is not known."""
        return self.unmeasured_amounts + self.unknown_streams

    @property
    def cost(self) -> Decimal | None:
        """The cost of the characters that are known and have a price; None if there are none, or nothing is known."""
        if not self.priced:
            return None
        from aitrail.costs import cost_of  # noqa: PLC0415 (few questions are about costs)

        cost = cost_of({price: characters for price, (_, characters) in self.priced.items()})
        return None if self.unpriceable and not cost else cost

    def is_at_least(self, measure: str) -> bool:
        """Whether a measure, or `cost`, is a lower bound, because not everything that belongs to it is known."""
        if measure == "streamSeconds":
            return self.unknown_streams > 0
        if measure == COST and any(characters for _, characters in self.unpriced_engines.values()):
            return True
        return self.unknown.get(CHARACTERS if measure == COST else measure, 0) > 0

    def measure(self, name: str) -> int:
        """The value of one of the measures."""
        number: int = getattr(self, _ATTRIBUTES[name]) if name in _ATTRIBUTES else self.sums.get(name, 0)
        return number


def add_groups(own: dict[_T, Amounts], others: Mapping[_T, Amounts]) -> None:
    """Adds amounts by group. Those of a new group are not copied: nobody else may change them."""
    for key, amounts in others.items():
        if found := own.get(key):
            found.add(amounts)
        else:
            own[key] = amounts


def _add(own: dict[_T, _Calls], other: Mapping[_T, _Calls], times: int) -> None:
    for key, (calls, characters) in other.items():
        old_calls, old_characters = own.pop(key, (0, 0))
        if left := old_calls + times * calls:
            own[key] = left, old_characters + times * characters


def _is_stream_without_key(row: Row, registry: Registry) -> bool:
    """Whether a call began a stream, and no record can tell its end."""
    if row.get("outcome") != "ok" or usage_member(row, "stream") is not None:
        return False
    return registry.begins_stream(str(row.get("service")), str(row.get("operation")))


def amounts_of(row: Row, prices: "Prices | None" = None, registry: Registry | None = None) -> Amounts:
    """The amounts of one call, without the time of its stream, which other records may tell."""
    registry, time = registry or load(), row.get("eventTime") or ""
    found = amounts_in(row, registry)
    amounts = Amounts(
        calls=1,
        first=time,
        last=time,
        errors=int(row["outcome"] != "ok"),
        denied=int(row["outcome"] == "denied"),
        unknown_streams=int(_is_stream_without_key(row, registry)),
    )
    for name, number in found.items():
        if number is None:
            amounts.unknown[name] = amounts.unmeasured_amounts = 1
        else:
            amounts.sums[name] = number
    if prices:
        _set_price(amounts, row, found.get(CHARACTERS, 0), prices)
    return amounts


def _set_price(amounts: Amounts, row: Row, characters: int | None, prices: "Prices") -> None:
    if row["service"] != _PRICED:
        amounts.unpriced_services[row["service"]] = 1, 0
        return
    engine = text_of(usage_member(row, "engine")) or _USUAL_ENGINE
    price = prices.per_million_characters(engine.lower(), text_of(row.get("awsRegion")))
    if price is None:
        amounts.unpriced_engines[engine] = 1, characters or 0
    elif characters is None:
        amounts.unpriceable = 1
    else:
        amounts.priced[price] = 1, characters

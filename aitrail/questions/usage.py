"""Usage: counts calls, errors, denied calls and characters of rows, and calculates the cost of characters. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aitrail.costs import Prices, cost_of
from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.questions.source import Row
from aitrail.questions.spellings import or_valid, shown

MEASURES = ("calls", "errors", "denied", "characters")
TIMES = ("month", "week", "day", "hour")
NETWORK_ACTIVITY = "NetworkActivity"
# Only Polly's characters have a price.
_PRICED = "polly"
# The default engine of SynthesizeSpeech and StartSpeechSynthesisTask (Amazon Polly Developer Guide).
_USUAL_ENGINE = "standard"
# Operations with these prefixes repeat the characters of a task that was already charged.
_REPEATING = ("Get", "List", "Describe")
_HOUR = len("2026-11-21T08")
_MONTH = len("2026-11")


class DimensionError(AitrailError):
    """Rows cannot be counted by the requested dimension."""


def _attribute(name: str) -> Callable[[Row], object]:
    return lambda row: row.get(name)


def _hour(row: Row) -> str | None:
    time = row.get("eventTime")
    return f"{time[:_HOUR]}:00Z" if time else None


def _month(row: Row) -> str | None:
    day = row.get("eventDay")
    return day[:_MONTH] if day else None


def _week(row: Row) -> str | None:
    """The Monday on which the ISO 8601 week starts."""
    if not row.get("eventDay"):
        return None
    day = date.fromisoformat(row["eventDay"])
    return (day - timedelta(days=day.weekday())).isoformat()


def _engine(row: Row) -> object:
    return row.get("usage", {}).get("engine")


# Dimension by which rows can be counted -> its value for a row.
DIMENSIONS: dict[str, Callable[[Row], object]] = {
    "service": _attribute("service"),
    "operation": _attribute("operation"),
    "principal": _attribute("principal"),
    "account": _attribute("recipientAccountId"),
    "region": _attribute("awsRegion"),
    "month": _month,
    "week": _week,
    "day": _attribute("eventDay"),
    "hour": _hour,
    "resource": _attribute("resource"),
    "engine": _engine,
    "outcome": _attribute("outcome"),
    "error-code": _attribute("errorCode"),
    "credentials": _attribute("credentials"),
    "session": _attribute("sessionName"),
    "principal-account": _attribute("principalAccount"),
    "source-ip": _attribute("sourceIPAddress"),
    "access-key": _attribute("accessKeyId"),
}


def usage(
    rows: Iterable[Row],
    by: Sequence[str],
    prices: Prices | None = None,
    *,
    report: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Calls, errors (every outcome but ok), denied calls and characters of each group, and with `prices` its cost.

    `by` names some of DIMENSIONS, which become keys; the value is None if a row has none. Characters are those of calls
    that synthesize speech; see characters_of. `cost` is a Decimal in the prices' currency and covers Polly's charge for
    characters; it is None for a group without any price. `report` is called for services and characters without a
    price, which `cost` does not include.

    Groups are sorted by time if one of TIMES is among `by`, then by calls, most first, then by name. Network activity
    events are left out: they are copies of calls, recorded at a VPC endpoint. Memory depends only on the number of
    groups. Raises DimensionError, and the errors of reading rows.
    """
    tally = _Tally(dimensions(by), prices)
    for row in rows:
        if not _is_copy(row):
            tally.add(row)
    if report:
        for note in tally.notes():
            report(note)
    return tally.groups()


def characters_of(row: Row) -> int:
    """The characters that a call synthesized; no row repeats the characters of another row.

    They are 0 for a call that failed, for a call that queries a task, and for a network activity event: the last two
    repeat the characters of another row.
    """
    if _is_copy(row) or row.get("outcome") != "ok" or str(row.get("operation")).startswith(_REPEATING):
        return 0
    used = row.get("usage")
    characters = used.get("requestCharacters") if isinstance(used, dict) else None
    return int(characters) if isinstance(characters, int | Decimal) else 0


def _is_copy(row: Row) -> bool:
    return row.get("eventCategory") == NETWORK_ACTIVITY


def group_order(names: Sequence[str], key: Sequence[str | None], size: float | Decimal) -> tuple[Any, ...]:
    """The sort key of a group: its times, then its size, largest first, then its name; None is last."""
    times = [(value is None, value) for name, value in zip(names, key, strict=True) if name in TIMES]
    return times, -size, [(value is None, value) for value in key]


def dimensions(by: Sequence[str]) -> tuple[str, ...]:
    """The dimensions, each once. Raises DimensionError."""
    names = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    for name in names:
        if name not in DIMENSIONS:
            raise DimensionError(f"Cannot count by {shown(name)}{or_valid(name, DIMENSIONS)}")
    return names


def _text(value: object) -> str | None:
    """The value of a dimension as text; a record may contain any JSON value where a text is expected."""
    return (value or None) if isinstance(value, str) or value is None else items.json_text(value)


@dataclass(slots=True)
class _Group:
    calls: int = 0
    errors: int = 0
    denied: int = 0
    characters: int = 0
    # Price of a million -> characters (may be 0), so that the cost does not depend on the order of rows.
    priced: dict[Decimal, int] = field(default_factory=dict)


class _Tally:
    def __init__(self, names: tuple[str, ...], prices: Prices | None) -> None:
        self._names = names
        self._values = [DIMENSIONS[name] for name in names]
        self._prices = prices
        self._groups: defaultdict[tuple[str | None, ...], _Group] = defaultdict(_Group)
        self._unpriced_services: set[str] = set()
        self._unpriced_engines: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        group = self._groups[tuple(_text(value(row)) for value in self._values)]
        characters = characters_of(row)
        group.calls += 1
        group.errors += row["outcome"] != "ok"
        group.denied += row["outcome"] == "denied"
        group.characters += characters
        if self._prices:
            self._add_cost(row, group, characters, self._prices)

    def _add_cost(self, row: Row, group: _Group, characters: int, prices: Prices) -> None:
        if row["service"] != _PRICED:
            self._unpriced_services.add(row["service"])
            return
        engine = _text(_engine(row)) or _USUAL_ENGINE
        price = prices.price(engine, _text(row.get("awsRegion")))
        if price is not None:
            group.priced[price] = group.priced.get(price, 0) + characters
        elif characters:
            self._unpriced_engines[engine] += characters

    def notes(self) -> Iterator[str]:
        """Lines for people about services and characters that the cost does not include."""
        services = sorted(self._unpriced_services)
        if services:
            them = "it is" if len(services) == 1 else "they are"
            yield f"There is no price for {', '.join(services)}: {them} not included in the cost."
        for engine, characters in sorted(self._unpriced_engines.items()):
            yield f"{characters:,} characters of the engine {engine} have no price: they are not included in the cost."

    def groups(self) -> list[dict[str, Any]]:
        ordered = sorted(self._groups.items(), key=lambda item: group_order(self._names, item[0], item[1].calls))
        return [dict(zip(self._names, key, strict=True)) | self._measures(group) for key, group in ordered]

    def _measures(self, group: _Group) -> dict[str, Any]:
        counts = {name: getattr(group, name) for name in MEASURES}
        return counts | ({"cost": cost_of(group.priced) if group.priced else None} if self._prices else {})

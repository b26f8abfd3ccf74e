"""Amounts of calls: what their records say, and CloudWatch's totals shared among the calls whose records do not. Pure.

The total of a cell (account, Region, day, and the dimensions of the metric) minus what records say is shared among the
calls without an amount, each with the same weight. If CloudWatch has counted more calls than there are rows, the rest
belongs to no row: it stays apart as not recorded, and is never forced onto others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from aitrail.cells import counted
from aitrail.costs import Prices
from aitrail.metering.metrics import Asked, Measure, Metrics, Place, Series, amounts
from aitrail.metering.places import CELL, named_series, names_of_cells, read_all, same, told_by, values_of
from aitrail.metering.sharing import largest_remainder
from aitrail.questions import CHARACTERS, NOTHING_NAMED, EventStore, Naming, billed_calls, key_function
from aitrail.window import Window, format_time

Key = tuple[str | None, ...]


@dataclass(slots=True, kw_only=True)
class Part:
    """The amount of some calls: what records say, what was shared, and the calls of which neither tells.

    `cost` is that of what has a price, `unpriced` the amount that has none.
    """

    calls: int = 0
    measured: int = 0
    shared: int = 0
    unknown_calls: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0

    @property
    def total(self) -> int | None:
        """The amount as far as it is known; None if nothing is."""
        return None if self.unknown_calls and not self.measured + self.shared else self.measured + self.shared

    @property
    def known_cost(self) -> Decimal | None:
        """The cost of the total; None if nothing of it has a price."""
        return None if self.total is None or (self.unpriced and not self.cost) else self.cost

    def add(self, other: "Part") -> None:
        """Adds another part."""
        self.calls += other.calls
        self.measured += other.measured
        self.shared += other.shared
        self.unknown_calls += other.unknown_calls
        self.cost += other.cost
        self.unpriced += other.unpriced


class Group(NamedTuple):
    """Calls of which one amount is known: an amount of the file, values of dimensions, and whether rows have them.

    Of what is not recorded, `key` has the values that the dimensions of the metric tell, and None for others.
    """

    amount: str
    key: Key
    is_recorded: bool = True


class _Calls(NamedTuple):
    """Calls with the same values of all dimensions: the successful ones, their amount, and those without one."""

    call: Mapping[str, str | None]
    key: Key
    number: int
    measured: int
    unknown: int


class _Cell(NamedTuple):
    measure: int
    place: Place
    day: str
    values: tuple[str, ...] | None


@dataclass(slots=True, kw_only=True)
class _Total:
    """What CloudWatch has for a cell."""

    series: Series
    first: datetime
    amount: float = 0.0
    calls: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """What amounts are asked for: by which dimensions, when, in which time zone, at which prices.

    The window is of whole hours. `services` are those whose metrics are read. `places` are read even without a row.
    """

    by: Sequence[str]
    window: Window
    services: Sequence[str]
    zone: tzinfo = UTC
    prices: Prices | None = None
    naming: Naming = NOTHING_NAMED
    places: Iterable[Place] = ()

    @cached_property
    def measures(self) -> list[Measure]:
        """The metrics that are read."""
        return [each for each in amounts() if each.service in self.services]

    def names(self, service: str) -> tuple[str, ...]:
        """The dimensions by which calls of a service have to be told apart; the first are those of `by`."""
        return tuple(dict.fromkeys((*self.by, *names_of_cells(self.measures, service))))


def measured_amounts(
    question: Question,
    store: EventStore,
    metrics: Metrics,
    *,
    report: Callable[[str], None],
    **conditions: Any,  # noqa: ANN401 (Conditions)
) -> dict[Group, Part]:
    """The amounts of each group. `report` is called with lines for people about what is not known.

    Places whose metrics cannot be read are reported. Raises MetricsError if none can, the errors of `store.usage`, and
    those of reaching AWS.
    """
    calls = [each for service in question.services for each in _calls(store, question, service, conditions)]
    places = {Place(*(each.call[name] or "" for name in CELL[:2])) for each in calls} | {*question.places}
    cells = _cells(calls, question)
    named: defaultdict[tuple[int, Place], list[_Calls]] = defaultdict(list)
    for cell, within in cells.items():
        named[cell.measure, cell.place] += within
    asked = {
        place: [
            Asked(measure, named_series(measure, (each.call for each in named.get((number, place), ()))))
            for number, measure in enumerate(question.measures)
        ]
        for place in places
    }
    totals: dict[_Cell, _Total] = {}
    for place, series in read_all(metrics, asked, question.window, report)[0]:
        _add(totals, series, place, question)
    found: defaultdict[Group, Part] = defaultdict(Part)
    key_of, contradicted = key_function(question.by, question.zone, question.naming), 0
    for cell in cells.keys() | totals.keys():
        contradicted += _share(found, cell, cells.get(cell, []), totals.get(cell), question, key_of)
    if contradicted:
        report(
            f"In {counted(contradicted, 'cell')} of account, Region and day, records say more than CloudWatch: what "
            "records say is shown, and nothing is shared there."
        )
    return dict(found)


def _calls(store: EventStore, question: Question, service: str, conditions: Mapping[str, Any]) -> Iterator[_Calls]:
    """The successful calls of a service: one by one, as only some need to be told apart by their resource."""
    if all(measure.service != service for measure in question.measures):
        return
    names, window = question.names(service), question.window
    wanted = {**conditions, "service": (service,)}
    found = store.usage(by=names, since=window.since, until=window.until, report=lambda _: None, **wanted)
    for values, own in found.by_group().items():
        call = dict(zip(names, values, strict=True))
        number = own.calls - own.errors
        if number:
            known, unknown = own.measure(CHARACTERS), own.unknown.get(CHARACTERS, 0)
            yield _Calls(call, values[: len(question.by)], number, known, unknown)


def _cells(calls: Iterable[_Calls], question: Question) -> dict[_Cell, list[_Calls]]:
    """The cell of each call for each amount: that of the first metric whose dimensions it has."""
    cells: defaultdict[_Cell, list[_Calls]] = defaultdict(list)
    for each in calls:
        call = each.call
        of_amounts: dict[str, list[tuple[int, tuple[str, ...] | None]]] = defaultdict(list)
        for number, measure in enumerate(question.measures):
            if call["service"] == measure.service and call["operation"] in measure.operations:
                of_amounts[measure.amount].append((number, values_of(measure, call)))
        for candidates in of_amounts.values():
            number, values = next((each for each in candidates if each[1] is not None), candidates[0])
            place = Place(call["account"] or "", call["region"] or "")
            cells[_Cell(number, place, call["day"] or "", values and same(values))].append(each)
    return cells


def _add(totals: dict[_Cell, _Total], series: Series, place: Place, question: Question) -> None:
    number = question.measures.index(series.measure)
    for hour, (amount, calls) in series.hours().items():
        day = hour.astimezone(question.zone).date().isoformat()
        cell = _Cell(number, place, day, same(series.values))
        total = totals.setdefault(cell, _Total(series=series, first=hour))
        total.amount += amount
        total.calls += calls
        total.first = min(total.first, hour)


def _own(measure: Measure, calls: _Calls) -> tuple[int, int]:
    """What the records of calls say, and the number of those that say nothing."""
    # Their records may say the amount; a call of a metric that counts calls is an amount of one.
    if measure.amount == CHARACTERS:
        return calls.measured, calls.unknown
    return (calls.number, 0) if measure.total == measure.calls else (0, calls.number)


def _share(  # noqa: PLR0913, PLR0917 (a cell has all of them)
    found: dict[Group, Part],
    cell: _Cell,
    calls: list[_Calls],
    total: _Total | None,
    question: Question,
    key_of: Callable[[dict[str, Any]], Key],
) -> bool:
    """Adds the parts of a cell. Returns whether records say more than CloudWatch."""
    measure = question.measures[cell.measure]
    calls.sort(key=lambda each: [(value is None, value or "") for value in each.call.values()])
    own = [_own(measure, each) for each in calls]
    weights = [unknown for _, unknown in own]
    rest = round(total.amount) - sum(amount for amount, _ in own) if total else -1
    # The calls that CloudWatch has counted and of which there is no row.
    others = max(round(total.calls) - sum(each.number for each in calls), 0) if total else 0
    is_shared = rest >= 0 and sum(weights) + others > 0
    *parts, apart = largest_remainder(rest, [*weights, others]) if is_shared else [*([0] * len(calls)), max(rest, 0)]
    for each, (amount, unknown), part in zip(calls, own, parts, strict=True):
        known = Part(calls=each.number, measured=amount, shared=part, unknown_calls=0 if is_shared else unknown)
        _price(known, measure, each.call, question.prices)
        found[Group(measure.amount, each.key)].add(known)
    if total and apart:
        row, told = told_by(total.series, cell.place, format_time(total.first))
        key = tuple(value if name in told else None for name, value in zip(question.by, key_of(row), strict=True))
        unrecorded = Part(calls=others, measured=apart)
        _price(unrecorded, measure, {**row["usage"], "region": cell.place.region}, question.prices)
        found[Group(measure.amount, key, is_recorded=False)].add(unrecorded)
    return total is not None and rest < 0


def _price(part: Part, measure: Measure, call: Mapping[str, str | None], prices: Prices | None) -> None:
    """Sets the cost of a part, or what of it has no price."""
    amount = part.measured + part.shared
    if prices is None or not amount:
        return
    billed = billed_calls(measure.service, measure.operations[0])
    # Of what is not recorded, the metric may not tell the field.
    is_told = billed is not None and (billed.field is None or billed.field in call)
    value = call[billed.field] if billed and billed.field and is_told else None
    price = billed.price(value, call["region"], prices) if billed and is_told else None
    if price is None:
        part.unpriced += amount
    else:
        part.cost += price.of(Decimal(amount))

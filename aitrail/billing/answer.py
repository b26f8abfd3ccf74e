"""The costs of a bill by groups of calls, and what of them no call explains. Pure.

A cell is an account, a Region, a UTC day, a service and something that is billed. Its cost is divided among the
successful calls of that day that cause it. Other lines of the bill, such as credits and taxes, stay apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from aitrail.billing.allocation import Weight, allocate
from aitrail.billing.bill import Bill
from aitrail.billing.charges import CALLS, CHARACTERS, STREAM_SECONDS, Charge, charge_of, fields_of, known_charges
from aitrail.billing.columns import SCALE
from aitrail.billing.formats import USAGE
from aitrail.billing.lines import Line, Sum
from aitrail.billing.parts import NO_CALL, NOT_BY_CALL, UNKNOWN_TYPE, Answer, Group, Key, Part, Question
from aitrail.cells import counted
from aitrail.metering import Part as MeasuredPart
from aitrail.questions import Amounts, EventStore, Filter, key_function

_DAY = timedelta(days=1)
_ONE = 10**SCALE
# The dimensions of calls that tell cells apart, beside usage fields.
_CELL = ("account", "region", "service", "operation", "day")
# The periods of which a day of the bill is a part.
_DAYS = ("day", "week", "month", "year")


@dataclass(slots=True, kw_only=True)
class _Calls:
    """Successful calls with the same values of all dimensions; `is_billed` once the bill has a cell for them."""

    call: Mapping[str, str | None]
    key: Key
    number: int
    amounts: Amounts
    estimates: Mapping[str, MeasuredPart]
    is_billed: bool = False


class _Cell(NamedTuple):
    account: str
    region: str
    service: str
    charge: int | None
    usage_type: str
    since: date
    until: date


# Calls of a service in an account and Region on a day.
_Place = tuple[str | None, ...]


def billed_costs(
    question: Question,
    bill: Bill,
    store: EventStore,
    *,
    report: Callable[[str], None],
    **conditions: Any,  # noqa: ANN401 (Conditions)
) -> Answer:
    """The costs of the days of the bill; conditions may be on services, accounts and Regions.

    `report` is called with lines for people about what is not known. Raises the errors of `store.usage`.
    """
    matches = Filter.of(question.registry, question.naming, **conditions).matcher()
    sums = {line: amounts for line, amounts in bill.sums.items() if matches(_row(line))}
    calls = [each for service in question.services for each in _calls(store, question, bill, service, conditions)]
    by_place: defaultdict[_Place, list[_Calls]] = defaultdict(list)
    for each in calls:
        by_place[tuple(each.call[name] for name in ("account", "region", "service", "day"))].append(each)
    answer, exceeding = Answer(), 0
    key_of = _key_function(question)
    for cell, (cost, quantity) in _cells(sums).items():
        exceeding += _divide(answer, cell, cost, quantity, by_place, key_of)
    for line, amounts in sums.items():
        if line.charge != USAGE:
            group = Group(key_of(line)[0], line.charge, line.service, line.usage_type)
            answer.parts[group].add(Part(measured=amounts.cost))
    for each in calls:
        answer.parts[Group(each.key)].add(Part(calls=each.number, unknown_calls=_unknown(each)))
    for note in _notes(bill, calls, exceeding, conditions):
        report(note)
    return answer


def _calls(
    store: EventStore, question: Question, bill: Bill, service: str, conditions: Mapping[str, Any]
) -> Iterator[_Calls]:
    names = tuple(dict.fromkeys((*question.by, *_CELL, *fields_of(service))))
    since, until = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (bill.days.since, bill.days.until))
    wanted = {**conditions, "service": (service,)}
    found = store.usage(by=names, since=since, until=until, report=lambda _: None, **wanted)
    estimates: defaultdict[Key, dict[str, MeasuredPart]] = defaultdict(dict)
    for (amount, key), part in (question.estimates(service, names) if question.estimates else {}).items():
        estimates[key][amount] = part
    for values, own in found.by_group().items():
        if number := own.calls - own.errors:
            call, told = dict(zip(names, values, strict=True)), estimates[values]
            yield _Calls(call=call, key=values[: len(question.by)], number=number, amounts=own, estimates=told)


def _cells(sums: Mapping[Line, Sum]) -> dict[_Cell, tuple[int, int | None]]:
    """The cost of each cell, and its quantity if it can be compared with amounts of records."""
    cells: dict[_Cell, tuple[int, int | None]] = {}
    for line, amounts in sums.items():
        if line.charge != USAGE:
            continue
        number = charge_of(line.service, line.usage_type)
        usage_type = line.usage_type if number is None else known_charges()[number].usage_types[0]
        cell = _Cell(line.account, line.region, line.service, number, usage_type, line.since, line.until)
        is_comparable = number is not None and line.unit in known_charges()[number].units
        cost, quantity = cells.get(cell, (0, 0))
        added = quantity + amounts.quantity if is_comparable and quantity is not None else None
        cells[cell] = cost + amounts.cost, added
    return cells


def _divide(  # noqa: PLR0913, PLR0917 (a cell has all of them)
    answer: Answer,
    cell: _Cell,
    cost: int,
    quantity: int | None,
    by_place: Mapping[_Place, Sequence[_Calls]],
    key_of: Callable[["Line | _Cell"], tuple[Key, bool]],
) -> bool:
    """Adds the parts of a cell. Returns whether records say more than the bill."""
    charge = None if cell.charge is None else known_charges()[cell.charge]
    calls = [] if charge is None else [*_causes(cell, charge, by_place)]
    weights = [_weight(each, charge) for each in calls] if charge else []
    found = allocate(cost, quantity, [_scaled(each) for each in weights])
    key, is_told = key_of(cell)
    for each, measured, shared in zip(calls, found.measured, found.shared, strict=True):
        each.is_billed = True
        if is_told:
            measured, shared = measured + shared, 0  # noqa: PLW2901 (the bill itself has this cost)
        answer.parts[Group(each.key)].add(Part(measured=measured, shared=shared))
        if shared and cell.charge is not None:
            answer.shared.add((cell.charge, any(weight.estimate for weight in weights)))
    if found.unexplained or not calls:
        reason = UNKNOWN_TYPE if charge is None else NO_CALL if charge.calls else NOT_BY_CALL
        group = Group(key, USAGE, cell.service, cell.usage_type, reason)
        answer.parts[group].add(Part(unexplained=found.unexplained))
    return found.exceeds


def _causes(cell: _Cell, charge: Charge, by_place: Mapping[_Place, Sequence[_Calls]]) -> Iterator[_Calls]:
    for number in range((cell.until - cell.since).days):
        day = (cell.since + number * _DAY).isoformat()
        for each in by_place.get((cell.account, cell.region, cell.service, day), ()):
            if charge.is_caused_by(each.call):
                yield each


def _weight(calls: _Calls, charge: Charge) -> Weight:
    own = calls.amounts
    if estimated := calls.estimates.get(charge.metered):
        unknown = estimated.unknown_calls
        return Weight(estimated.measured, calls.number - unknown, unknown, estimated.shared)
    if charge.amount == CHARACTERS:
        unknown = own.unknown.get(CHARACTERS, 0)
        return Weight(own.measure(CHARACTERS), calls.number - unknown, unknown)
    if charge.amount == STREAM_SECONDS:
        return Weight(own.stream_seconds, calls.number - own.unknown_streams, own.unknown_streams)
    return Weight(calls.number, calls.number, 0) if charge.amount == CALLS else Weight(0, 0, calls.number)


def _scaled(weight: Weight) -> Weight:
    """A weight with its amount in the unit of quantities."""
    return weight._replace(amount=weight.amount * _ONE, estimate=weight.estimate * _ONE)


def _row(line: "Line | _Cell") -> dict[str, Any]:
    return {
        "service": line.service,
        "recipientAccountId": line.account,
        "awsRegion": line.region,
        "eventTime": f"{line.since}T00:00:00Z",
    }


def _key_function(question: Question) -> Callable[["Line | _Cell"], tuple[Key, bool]]:
    """A function that returns the values of dimensions as far as the bill has them, and whether it has all."""
    of_row = key_function(question.by, UTC, question.naming)

    def key_of(line: "Line | _Cell") -> tuple[Key, bool]:
        last = f"{line.until - _DAY}T00:00:00Z"
        first, row = of_row(_row(line)), _row(line)
        ends = of_row({**row, "eventTime": last})
        told = {"account", "service", *(["region"] if line.region else [])}
        each_end = zip(question.by, first, ends, strict=True)
        told |= {name for name, begin, end in each_end if name in _DAYS and begin == end}
        key = tuple(value if name in told else None for name, value in zip(question.by, first, strict=True))
        return key, told.issuperset(question.by)

    return key_of


def _unknown(calls: _Calls) -> int:
    """The number of calls that cost something that the bill does not tell."""
    service, operation = calls.call["service"], calls.call["operation"]
    is_due = any(operation in each.operations for each in known_charges() if each.service == service)
    return calls.number if is_due and not calls.is_billed else 0


def _notes(bill: Bill, calls: Iterable[_Calls], exceeding: int, conditions: Mapping[str, Any]) -> Iterator[str]:
    unknown = [each for each in calls if _unknown(each)]
    late = sum(each.number for each in unknown if not bill.covers(date.fromisoformat(each.call["day"] or "")))
    if late:
        yield f"The bill does not have the days of {counted(late, 'call')}: what they cost is not known."
    if other := sum(each.number for each in unknown) - late:
        yield (
            f"The bill has no line for {counted(other, 'call')} of billed operations, on their day and in their "
            "account and Region: what they cost is not known."
        )
    if exceeding:
        yield (
            f"In {counted(exceeding, 'cell')} of account, Region, day and usage type, records or metrics say more than "
            "the bill: its cost is shared by what they say."
        )
    if "region" in conditions and (left := sum(each.cost for line, each in bill.sums.items() if not line.region)):
        yield f"{left / _ONE:,.4f} {bill.currency} of the bill have no Region: they are not in the answer."
    if bill.outside:
        cost = sum(each.cost for each in bill.outside.values())
        kinds = ", ".join(sorted({line.charge for line in bill.outside}))
        yield (
            f"Lines of longer times than the window, of {cost / _ONE:,.4f} {bill.currency} ({kinds}), are not in the "
            "answer: ask for whole months."
        )

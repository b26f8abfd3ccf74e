"""The costs of a bill by groups of calls, and what of them no call explains. Pure.

The cost of each cell is divided among the successful calls of that day that cause it. Other lines of the bill, such as
credits and taxes, stay apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, timedelta
from typing import Any

from aitrail.billing.allocation import allocate
from aitrail.billing.bill import Bill
from aitrail.billing.cells import CELL, Billed, Calls, CallsByPlace, Cell, Estimated, cells_of, weight_of
from aitrail.billing.charges import fields_of
from aitrail.billing.columns import SCALE
from aitrail.billing.formats import USAGE
from aitrail.billing.lines import Line
from aitrail.billing.parts import NO_CALL, NOT_BY_CALL, UNKNOWN_TYPE, Answer, Group, Key, Part, Question
from aitrail.calendars import midnight
from aitrail.cells import counted
from aitrail.questions import EventStore, Filter, key_function

_DAY = timedelta(days=1)
_ONE = 10**SCALE
# The periods of which a day of the bill is a part.
_DAYS = ("day", "week", "month", "year")


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
    matches = _matcher(question, conditions)
    sums = {line: amounts for line, amounts in bill.sums.items() if matches(line)}
    calls = [each for service in question.services for each in _calls(store, question, bill, service, conditions)]
    answer, exceeding = Answer(), 0
    places, key_of = CallsByPlace(calls), _key_function(question)
    for cell, billed in cells_of(sums).items():
        exceeding += _divide(answer, cell, billed, places, key_of)
    for line, amounts in sums.items():
        if line.charge != USAGE:
            group = Group(key_of(line)[0], line.charge, line.service, line.usage_type)
            answer.parts[group].add(Part(measured=amounts.cost))
    for each in calls:
        answer.parts[Group(each.key)].add(Part(calls=each.number, unknown_calls=each.unknown))
    for note in (*_notes_on_calls(bill, calls, exceeding), *_notes_on_lines(question, bill, conditions)):
        report(note)
    return answer


def _matcher(question: Question, conditions: Mapping[str, Any]) -> Callable[[Line], bool]:
    """A function that returns whether a line meets the conditions."""
    matches = Filter.of(question.registry, question.naming, **conditions).matcher()
    return lambda line: matches(_row(line))


def _calls(
    store: EventStore, question: Question, bill: Bill, service: str, conditions: Mapping[str, Any]
) -> Iterator[Calls]:
    names = tuple(dict.fromkeys((*question.by, *CELL, *fields_of(service))))
    since, until = (midnight(day, UTC) for day in (bill.days.since, bill.days.until))
    wanted = {**conditions, "service": (service,)}
    found = store.usage(by=names, since=since, until=until, report=lambda _: None, **wanted)
    estimates: defaultdict[Key, Estimated] = defaultdict(dict)
    for (amount, key), part in (question.estimates(service, names) if question.estimates else {}).items():
        estimates[key][amount] = part
    for values, own in found.by_group().items():
        if number := own.calls - own.errors:
            call, told = dict(zip(names, values, strict=True)), estimates[values]
            yield Calls(call=call, key=values[: len(question.by)], number=number, amounts=own, estimates=told)


def _divide(
    answer: Answer,
    cell: Cell,
    billed: Billed,
    places: CallsByPlace,
    key_of: Callable[[Line | Cell], tuple[Key, bool]],
) -> bool:
    """Adds the parts of a cell. Returns whether records or metrics say more than the bill."""
    charge, calls = cell.cause, places.causes(cell)
    weights = [weight_of(each, charge) for each in calls] if charge else []
    found = allocate(billed.cost, billed.quantity, weights)
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


def _row(line: Line | Cell) -> dict[str, Any]:
    return {
        "service": line.service,
        "recipientAccountId": line.account,
        "awsRegion": line.region,
        "eventTime": f"{line.since}T00:00:00Z",
    }


def _key_function(question: Question) -> Callable[[Line | Cell], tuple[Key, bool]]:
    """A function that returns the values of dimensions as far as the bill has them, and whether it has all."""
    of_row = key_function(question.by, UTC, question.naming)

    def key_of(line: Line | Cell) -> tuple[Key, bool]:
        last = f"{line.until - _DAY}T00:00:00Z"
        row = _row(line)
        first, ends = of_row(row), of_row({**row, "eventTime": last})
        told = {"account", "service", *(["region"] if line.region else [])}
        each_end = zip(question.by, first, ends, strict=True)
        told |= {name for name, begin, end in each_end if name in _DAYS and begin == end}
        key = tuple(value if name in told else None for name, value in zip(question.by, first, strict=True))
        return key, told.issuperset(question.by)

    return key_of


def _notes_on_calls(bill: Bill, calls: Iterable[Calls], exceeding: int) -> Iterator[str]:
    unknown = [each for each in calls if each.unknown]
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


def _notes_on_lines(question: Question, bill: Bill, conditions: Mapping[str, Any]) -> Iterator[str]:
    matches = _matcher(question, conditions)
    anywhere = _matcher(question, {name: values for name, values in conditions.items() if name != "region"})
    lost = [line for line in bill.sums if not line.region and anywhere(line) and not matches(line)]
    if left := sum(bill.sums[line].cost for line in lost):
        yield f"{left / _ONE:,.4f} {bill.currency} of the bill have no Region: they are not in the answer."
    if outside := [line for line in bill.outside if matches(line)]:
        cost = sum(bill.outside[line].cost for line in outside)
        kinds = ", ".join(sorted({line.charge for line in outside}))
        yield (
            f"Lines of longer times than the window, of {cost / _ONE:,.4f} {bill.currency} ({kinds}), are not in the "
            "answer: ask for whole months."
        )

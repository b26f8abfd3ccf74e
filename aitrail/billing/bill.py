"""A bill: its lines of the services that aitrail knows, added up by UTC day, and which days it covers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from aitrail.billing.folders import Folder
from aitrail.billing.formats import MOST_NAMED, USAGE, BillError, Cost
from aitrail.billing.lines import Line, Read, Sum, read_lines
from aitrail.billing.manifests import Delivered, delivered
from aitrail.calendars import next_first_day
from aitrail.cells import counted

_DAY = timedelta(days=1)
# Usage of a time outside of its billing period: no call of the period has caused it.
OTHER_TIME = "usage of another time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Half-open days in UTC: since <= day < until."""

    since: date
    until: date

    def has(self, line: Line) -> bool:
        """Whether all days of a line are among them."""
        return self.since <= line.since and line.until <= self.until

    def touches(self, other: "Line | Days") -> bool:
        """Whether any day of a line, or of other days, is among them."""
        return self.since < other.until and other.since < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A billing period that was read, the days of it that its lines cover, and whether it is final; None if none says.

    Without a manifest, the period is that from the first to the last line of the services.
    """

    period: Days
    days: Days
    is_final: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The lines of a bill that are in the days of a question, and what they are.

    `outside` are lines of which only a part is in these days: they are not in `sums`.
    """

    format: str
    cost: Cost
    currency: str
    days: Days
    months: Sequence[Month]
    sums: Mapping[Line, Sum] = field(default_factory=dict)
    outside: Mapping[Line, Sum] = field(default_factory=dict)
    lines: int = 0

    def covers(self, day: date) -> bool:
        """Whether the bill has the lines of a day."""
        return any(month.days.since <= day < month.days.until for month in self.months)

    @property
    def is_final(self) -> bool | None:
        """Whether all its months are final; None if that is not known."""
        return _all_of([month.is_final for month in self.months])


def read_bill(
    folder: Folder,
    days: Days | None,
    *,
    cost: str | None,
    report: Callable[[str], None],
    progress: Callable[[int, int, int], None],
) -> Bill:
    """The bill of these days, or of all that the folder has. `cost` is a name of a cost, None for the usual one.

    `report` is called for what did not count. Raises BillError, and the errors of reading the folder.
    """
    found = delivered(folder, report)
    wanted = [each for each in found if days is None or each.month is None or days.touches(_of_month(each.month))]
    if not wanted:
        has = ", ".join(str(each.month) for each in found)
        raise BillError(f"{folder} has no bill for these days, only for {has}: their cost is not known.")
    files = sum(len(each.files) for each in wanted)
    months, read, done = list[Month](), Read(), 0
    for each in wanted:
        own = Read(format=read.format, lines=read.lines)
        for name in each.files:
            with folder.open(name) as file:
                read_lines(file, name, cost, own, lambda lines, done=done: progress(lines, done, files))  # type: ignore[misc]
            done += 1
            progress(own.lines, done, files)
        months += _months(each, own)
        _merge(read, own, each.month)
    if read.lookalikes:
        first, left = sorted(read.lookalikes)[:MOST_NAMED], len(read.lookalikes) - MOST_NAMED
        names = ", ".join(first) + (f" and {counted(left, 'other code')}" if left > 0 else "")
        report(f"The bill has lines of {names}, which are not the codes of known services: they are not in the answer.")
    return _bill(folder, read, months, days, cost)


def _merge(read: Read, own: Read, month: str | None) -> None:
    """Adds a billing period. Its lines of other times, such as corrections of earlier months, count as of all of it."""
    read.format, read.lines = own.format, own.lines
    read.lookalikes |= own.lookalikes
    period = _of_month(month) if month else None
    for line, amounts in own.sums.items():
        merged = line
        if period and not period.has(line):
            charge = OTHER_TIME if line.charge == USAGE else line.charge
            merged = line._replace(charge=charge, since=period.since, until=period.until)
        read.sums.setdefault(merged, Sum()).add(amounts)


def _bill(folder: Folder, read: Read, months: Sequence[Month], days: Days | None, cost: str | None) -> Bill:
    if read.format is None:
        raise BillError(f"{folder} has no lines at all: its files are empty.")
    currencies = sorted({line.currency for line, amounts in read.sums.items() if amounts.cost})
    if len(currencies) > 1:
        named = " and ".join(each or "an unknown one" for each in currencies)
        raise BillError(f"{folder} has costs in {named}: they cannot be added up. Export each by itself.")
    if days is None:
        periods = [each.period for each in months] or [Days(since=date.min, until=date.min)]
        days = Days(since=min(each.since for each in periods), until=max(each.until for each in periods))
    return Bill(
        format=read.format.name,
        cost=read.format.cost(cost),
        currency=currencies[0] if currencies else next((line.currency for line in read.sums), ""),
        days=days,
        months=months,
        sums={line: amounts for line, amounts in read.sums.items() if days.has(line)},
        outside={line: amounts for line, amounts in read.sums.items() if days.touches(line) and not days.has(line)},
        lines=read.lines,
    )


def _all_of(found: Collection[bool | None]) -> bool | None:
    """Whether all are true; None if that is not known."""
    return False if False in found else None if None in found else True


def _of_month(month: str) -> Days:
    first = date.fromisoformat(f"{month}-01")
    return Days(since=first, until=next_first_day("month", first))


def _months(period: Delivered, read: Read) -> Iterator[Month]:
    """The billing period with the days that its lines cover: without a month, those from the first to the last line.

    A fee of a month begins on its first day, so that the last begin of any line tells how far the bill is.
    """
    usage = [line for line in read.sums if line.charge == USAGE]
    if read.last is None:
        return
    last, ends = max([read.last + _DAY, *(line.until for line in usage)]), [line.until for line in read.sums]
    first = min((line.since for line in read.sums), default=last)
    own = _of_month(period.month) if period.month else Days(since=first, until=max([last, *ends]))
    days = Days(since=own.since, until=min(last, own.until))
    told = {line.is_invoiced for line in usage}
    yield Month(period=own, days=days, is_final=_all_of(told or {None}))

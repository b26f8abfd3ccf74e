"""Groups of calls as a table for people: one line for each, or a cross table of the last dimension. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from aitrail.cells import name_text
from aitrail.cli.output import Cell, lengths, widths
from aitrail.cli.views.trends import Trend, add_bars, fitting_trend
from aitrail.questions import OTHERS, TIMES, group_order

ABSENT = "-"
_TOTAL = "total"
_OTHERS = "others"
_MARKERS = {ABSENT, _TOTAL, _OTHERS, str.__str__(OTHERS)}
_GAP = 2
# The part of the labels that should stand in one line with their numbers.
_MOST = 0.75
# Decimals of amounts of money.
_FEWEST_DECIMALS, _MOST_DECIMALS = 2, 4

_COST = "cost"
_Value = str | None
_Group = dict[str, Any]
_Number = int | Decimal | None


class Finished(NamedTuple):
    """Names of columns, lines of cells, and the names that are summed in the column of others; all are printable."""

    columns: list[str]
    lines: list[list[Cell]]
    others: list[str]


def simple_table(
    groups: Sequence[_Group],
    name: str,
    measures: Sequence[str],
    total: Callable[[Sequence[_Group]], _Group],
    *,
    drawn: str = "",
    marks: str = "",
) -> Finished:
    """One line for each group and, if there are several, one line of totals. A cell without a number is empty.

    `total` returns the measures of several groups together. With `marks`, there are bars beside the measure `drawn`;
    their scale is their title.
    """
    lines: list[list[Cell]] = [[name_of(group[name])] for group in groups]
    shown = list(groups)
    if len(groups) > 1:
        lines.append([_TOTAL])
        shown.append(total(groups))
    for measure in measures:
        show = rounding([group[measure] for group in groups])
        for line, group in zip(lines, shown, strict=True):
            line.append(_cell(group, measure, show))
    heads = [name, *measures]
    if marks and len(groups) > 1:
        # The sum of all others would be the largest.
        numbers = [None if group[name] is OTHERS else group[drawn] for group in groups]
        largest = rounding(numbers)(max((number for number in numbers if number is not None), default=0))
        add_bars(heads, lines, numbers, heads.index(drawn) + 1, largest=f"{largest:,}", marks=marks)
    return Finished(heads, lines, [])


def cross_table(  # noqa: PLR0917 (a table is made of all of them)
    groups: Sequence[_Group],
    by: Sequence[str],
    measure: str,
    width: int | None,
    total: Callable[[Sequence[_Group]], _Group],
    title: Callable[[str], str] = str,
    periods: Sequence[str] = (),
    marks: str = "",
) -> Finished:
    """One line for each combination of all but the last of `by`, whose values become columns; cells are the measure.

    Several lines or columns have totals; `total` returns the measures of several groups together. If not all columns
    fit into the width, the smallest ones, or the oldest times, are summed in one column. For a cell without calls, a
    count is 0 and a cost is empty. `title` titles the columns of `by`. The one of `by` that is a time has all
    `periods`, also those without calls. With `marks`, sparklines of all periods precede the total, if the last of `by`
    is a time and there is room.
    """
    table = _CrossTable(groups, by, measure, total, periods, marks=marks)
    return table.finished(width, [title(name) for name in by[:-1]])


class _CrossTable:
    def __init__(
        self,
        groups: Sequence[_Group],
        by: Sequence[str],
        measure: str,
        total: Callable[[Sequence[_Group]], _Group],
        periods: Sequence[str],
        *,
        marks: str,
    ) -> None:
        self._marks = marks
        self._names, self._across, self._measure, self._total = tuple(by[:-1]), by[-1], measure, total
        self._rows: defaultdict[tuple[_Value, ...], dict[_Value, _Group]] = defaultdict(dict)
        by_column: defaultdict[_Value, list[_Group]] = defaultdict(list)
        for group in groups:
            self._rows[tuple(group[name] for name in self._names)][group[self._across]] = group
            by_column[group[self._across]].append(group)
        self._totals = {column: self._sum(found) for column, found in by_column.items()}
        numbers = [group[measure] for group in groups]
        self._show = rounding(numbers)
        self._nothing: _Group = {measure: 0 if all(isinstance(number, int) for number in numbers) else None}
        self._all = self._sum(groups)
        if self._across in TIMES:
            for period in periods:
                self._totals.setdefault(period, self._nothing)
        elif len(self._names) == 1 and self._names[0] in TIMES:
            for period in periods:
                self._rows.setdefault((period,), {})

    def _sum(self, groups: Sequence[_Group]) -> _Group:
        return groups[0] if len(groups) == 1 else self._total(groups) if groups else self._nothing

    def _size(self, group: _Group) -> int | Decimal:
        size: _Number = group[self._measure]
        return size or 0

    def finished(self, width: int | None, titles: Sequence[str]) -> Finished:
        sums = {row: self._sum(list(found.values())) for row, found in self._rows.items()}
        orders = {row: group_order(self._names, row, self._size(sums[row])) for row in self._rows}
        rows = sorted(self._rows, key=lambda row: (OTHERS in row, *orders[row]))
        labels = [[name_of(value) for value in row] for row in rows]
        several = len(rows) > 1
        if several:
            labels.append([_TOTAL, *[""] * (len(self._names) - 1)])
        room = None if width is None else width - self._taken(titles, labels, width)
        trend = self._trend(room)
        shown = self._columns if room is None else self._fitting(room - (trend.width + _GAP if trend else 0))
        others = dict.fromkeys(self._columns)
        for column in shown:
            del others[column]
        heads = [*titles, *map(name_of, shown)]
        if others:
            heads.append(_OTHERS)
        if len(self._columns) > 1:
            heads.append(_TOTAL)
        numbers = [self._numbers(self._rows[row], sums[row], shown, others) for row in rows]
        if several:
            every = [group for found in self._rows.values() for group in found.values()]
            hidden = [group for group in every if group[self._across] in others]
            numbers.append(self._line(self._totals, self._sum(hidden), self._all, shown, others))
        lines = [[*label, *line] for label, line in zip(labels, numbers, strict=True)]
        if trend:
            heads.insert(-1, trend.title)
            for line, found in zip(lines, [*(self._rows[row] for row in rows), self._totals], strict=False):
                line.insert(-1, trend.of([found.get(time, self._nothing)[self._measure] for time in self._times]))
        return Finished(heads, lines, list(map(name_of, others)))

    @cached_property
    def _columns(self) -> list[_Value]:
        return sorted(
            self._totals, key=lambda column: group_order((self._across,), (column,), self._size(self._totals[column]))
        )

    def _fitting(self, room: int) -> list[_Value]:
        """The columns that fit next to the total and, if needed, the column of others; at least one."""
        total, others, needs = self._needs
        room -= total
        if sum(needs.values()) <= room:
            return self._columns
        fitting = sum(need <= room - others for need in accumulate(needs.values()))
        kept = set(list(needs)[: max(1, fitting)])
        return [column for column in self._columns if column in kept]

    @cached_property
    def _needs(self) -> tuple[int, int, dict[_Value, int]]:
        """The room that total, others, and each column need; the columns in the order in which they get it."""
        wanted = self._columns[::-1] if self._across in TIMES else self._columns
        # No cell is wider than the total of its column.
        needs = {each: _GAP + widths([name_of(each)], [[self._cell(self._totals[each])]])[0] for each in wanted}
        widest = self._cell(self._all)
        total, others = (_GAP + widths([name], [[widest]])[0] for name in (_TOTAL, _OTHERS))
        return total if len(wanted) > 1 else 0, others, needs

    def _taken(self, titles: Sequence[str], labels: Sequence[Sequence[str]], width: int) -> int:
        """The room of the labels; a few long ones, which stand on lines of their own, take none from the numbers."""
        columns = lengths(titles, labels)
        gaps = _GAP * (len(titles) - 1)
        whole = sum(map(max, columns)) + gaps
        most = sum(max(title, sorted(cells)[int(_MOST * len(cells))]) for title, *cells in columns) + gaps
        least = sum(title for title, *_ in columns) + gaps
        total, _, needs = self._needs
        trend = self._trend(None)
        numbers = total + sum(needs.values()) + (_GAP + trend.width if trend else 0)
        return min(whole, max(least, min(most, width // 2), width - numbers))

    @property
    def _times(self) -> list[str]:
        """The columns that are times, oldest first; a record may have none."""
        return [column for column in self._columns if column is not None] if self._across in TIMES else []

    def _trend(self, room: int | None) -> Trend | None:
        total, others, needs = self._needs
        whole = total + sum(needs.values())
        least = total + others + next(iter(needs.values()))
        return fitting_trend(self._across, len(self._times), room, whole=whole, least=least, marks=self._marks)

    def _numbers(
        self, found: Mapping[_Value, _Group], total: _Group, shown: Sequence[_Value], others: Collection[_Value]
    ) -> list[Cell]:
        hidden = [group for column, group in found.items() if column in others]
        return self._line(found, self._sum(hidden), total, shown, others)

    def _line(
        self,
        found: Mapping[_Value, _Group],
        hidden: _Group,
        total: _Group,
        shown: Sequence[_Value],
        others: Collection[_Value],
    ) -> list[Cell]:
        groups = [found.get(column, self._nothing) for column in shown]
        groups += [hidden] if others else []
        groups += [total] if len(self._columns) > 1 else []
        return [self._cell(group) for group in groups]

    def _cell(self, group: _Group) -> Cell:
        return _cell(group, self._measure, self._show)


def name_of(value: _Value) -> str:
    """A value as a name that no marker of the table has: callers choose names and user agents."""
    if value is None or value is OTHERS:
        return ABSENT if value is None else str.__str__(value)
    return told_apart(value, _MARKERS)


def told_apart(name: str, markers: Collection[str]) -> str:
    """A name as text that none of the markers of a table is."""
    text = name_text(name)
    return f"'{text}'" if text in markers else text


def _cell(group: _Group, measure: str, show: Callable[[_Number], Cell]) -> Cell:
    cell = show(group[measure])
    is_at_least = measure == _COST and group.get("costIsAtLeast") and isinstance(cell, Decimal)
    return AtLeast(cell) if is_at_least else cell


class AtLeast(Decimal):
    """An amount that may be larger than what is known."""

    def __format__(self, specifier: str, _context: object = None) -> str:
        """The amount, marked as a lower bound."""
        return f">={super().__format__(specifier)}"

    def __str__(self) -> str:
        """The amount, marked as a lower bound."""
        return f">={super().__str__()}"


def rounding(values: Sequence[_Number]) -> Callable[[_Number], Cell]:
    """A function that formats values and their sums: amounts have the decimals that they need, within bounds."""
    exponents = [int(value.normalize().as_tuple().exponent) for value in values if isinstance(value, Decimal)]
    if not exponents:
        return lambda value: "" if value is None else value
    decimals = min(max(_FEWEST_DECIMALS, -min(exponents)), _MOST_DECIMALS)
    return lambda value: "" if value is None else round(Decimal(value), decimals)

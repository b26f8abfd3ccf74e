"""Groups of calls as a table for people: one line for each, or a cross table of the last dimension. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from aitrail.cells import name_text
from aitrail.cli.output import Cell, widths
from aitrail.questions import OTHERS, TIMES, group_order

_ABSENT = "-"
_TOTAL = "total"
_OTHERS = "others"
_GAP = 2
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
    groups: Sequence[_Group], name: str, measures: Sequence[str], total: Callable[[Sequence[_Group]], _Group]
) -> Finished:
    """One line for each group and, if there are several, one line of totals. A cell without a number is empty.

    `total` returns the measures of several groups together.
    """
    lines: list[list[Cell]] = [[_name(group[name])] for group in groups]
    shown = list(groups)
    if len(groups) > 1:
        lines.append([_TOTAL])
        shown.append(total(groups))
    for measure in measures:
        show = rounding([group[measure] for group in groups])
        for line, group in zip(lines, shown, strict=True):
            line.append(_cell(group, measure, show))
    return Finished([name, *measures], lines, [])


def cross_table(  # noqa: PLR0917 (a table is made of all of them)
    groups: Sequence[_Group],
    by: Sequence[str],
    measure: str,
    width: int | None,
    total: Callable[[Sequence[_Group]], _Group],
    title: Callable[[str], str] = str,
    periods: Sequence[str] = (),
) -> Finished:
    """One line for each combination of all but the last of `by`, whose values become columns; cells are the measure.

    Several lines or columns have totals; `total` returns the measures of several groups together. If not all columns
    fit into the width, the smallest ones, or the oldest times, are summed in one column. For a cell without calls, a
    count is 0 and a cost is empty. `title` titles the columns of `by`. The one of `by` that is a time has all
    `periods`, also those without calls.
    """
    return _CrossTable(groups, by, measure, total, periods).finished(width, [title(name) for name in by[:-1]])


class _CrossTable:
    def __init__(
        self,
        groups: Sequence[_Group],
        by: Sequence[str],
        measure: str,
        total: Callable[[Sequence[_Group]], _Group],
        periods: Sequence[str],
    ) -> None:
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
        labels = [[_name(value) for value in row] for row in rows]
        several = len(rows) > 1
        if several:
            labels.append([_TOTAL, *[""] * (len(self._names) - 1)])
        taken = sum(widths(titles, labels)) + _GAP * (len(titles) - 1)
        shown = self._columns if width is None else self._fitting(width - taken)
        others = dict.fromkeys(self._columns)
        for column in shown:
            del others[column]
        heads = [*titles, *map(_name, shown)]
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
        return Finished(heads, lines, list(map(_name, others)))

    @cached_property
    def _columns(self) -> list[_Value]:
        return sorted(
            self._totals, key=lambda column: group_order((self._across,), (column,), self._size(self._totals[column]))
        )

    def _fitting(self, room: int) -> list[_Value]:
        """The columns that fit next to the total and, if needed, the column of others; at least one."""
        wanted = self._columns[::-1] if self._across in TIMES else self._columns
        # No cell is wider than the total of its column.
        needs = [_GAP + widths([_name(each)], [[self._cell(self._totals[each])]])[0] for each in wanted]
        widest = self._cell(self._all)
        total, others = (_GAP + widths([name], [[widest]])[0] for name in (_TOTAL, _OTHERS))
        room -= total if len(wanted) > 1 else 0
        if sum(needs) <= room:
            return self._columns
        fitting = sum(need <= room - others for need in accumulate(needs))
        kept = set(wanted[: max(1, fitting)])
        return [column for column in self._columns if column in kept]

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


def _name(value: _Value) -> str:
    return _ABSENT if value is None else name_text(value)


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

"""Groups of calls as a table for people: one line for each, or a cross table of the last dimension. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from aitrail.cells import name_text
from aitrail.cli.output import Cell, widths
from aitrail.questions import TIMES, group_order

_ABSENT = "-"
_TOTAL = "total"
_OTHERS = "others"
_GAP = 2
# Decimals of amounts of money.
_FEWEST_DECIMALS, _MOST_DECIMALS = 2, 4

_Value = str | None
_Number = int | Decimal | None


class Finished(NamedTuple):
    """Names of columns, lines of cells, and the names that are summed in the column of others; all are printable."""

    columns: list[str]
    lines: list[list[Cell]]
    others: list[str]


def simple_table(groups: Sequence[dict[str, Any]], name: str, measures: Sequence[str]) -> Finished:
    """One line for each group and, if there are several, one line of totals. A cell without a number is empty."""
    lines: list[list[Cell]] = [[_name(group[name])] for group in groups]
    if len(groups) > 1:
        lines.append([_TOTAL])
    for measure in measures:
        values = [group[measure] for group in groups]
        show = _rounding(values)
        for line, value in zip(lines, [*values, _sum(values)], strict=False):
            line.append(show(value))
    return Finished([name, *measures], lines, [])


def cross_table(
    groups: Sequence[dict[str, Any]],
    by: Sequence[str],
    measure: str,
    width: int | None,
    title: Callable[[str], str] = str,
) -> Finished:
    """One line for each combination of all but the last of `by`, whose values become columns; cells are the measure.

    Several lines or columns have totals. If not all columns fit into the width, the smallest ones, or the oldest times,
    are summed in one column. For a cell without calls, a count is 0 and a cost is empty. `title` titles the columns of
    `by`.
    """
    return _CrossTable(groups, by, measure).finished(width, [title(name) for name in by[:-1]])


class _CrossTable:
    def __init__(self, groups: Sequence[dict[str, Any]], by: Sequence[str], measure: str) -> None:
        self._names, self._across = tuple(by[:-1]), by[-1]
        self._cells: defaultdict[tuple[_Value, ...], dict[_Value, _Number]] = defaultdict(dict)
        by_column: defaultdict[_Value, list[_Number]] = defaultdict(list)
        for group in groups:
            self._cells[tuple(group[name] for name in self._names)][group[self._across]] = group[measure]
            by_column[group[self._across]].append(group[measure])
        self._totals = {column: _sum(values) for column, values in by_column.items()}
        numbers = [group[measure] for group in groups]
        self._show = _rounding(numbers)
        self._nothing = 0 if all(isinstance(number, int) for number in numbers) else None

    def finished(self, width: int | None, titles: Sequence[str]) -> Finished:
        rows = sorted(self._cells, key=lambda row: group_order(self._names, row, _sum(self._cells[row].values()) or 0))
        labels = [[_name(value) for value in row] for row in rows]
        sums = [self._cells[row] for row in rows]
        if len(rows) > 1:
            labels.append([_TOTAL, *[""] * (len(self._names) - 1)])
            sums.append(self._totals)
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
        lines = [[*label, *self._numbers(values, shown, others)] for label, values in zip(labels, sums, strict=True)]
        return Finished(heads, lines, list(map(_name, others)))

    @cached_property
    def _columns(self) -> list[_Value]:
        return sorted(
            self._totals, key=lambda column: group_order((self._across,), (column,), self._totals[column] or 0)
        )

    def _fitting(self, room: int) -> list[_Value]:
        """The columns that fit next to the total and, if needed, the column of others; at least one."""
        wanted = self._columns[::-1] if self._across in TIMES else self._columns
        # No cell is wider than the total of its column.
        needs = [_GAP + widths([_name(each)], [[self._show(self._totals[each])]])[0] for each in wanted]
        widest = self._show(_sum(self._totals.values()))
        total, others = (_GAP + widths([name], [[widest]])[0] for name in (_TOTAL, _OTHERS))
        room -= total if len(wanted) > 1 else 0
        if sum(needs) <= room:
            return self._columns
        fitting = sum(need <= room - others for need in accumulate(needs))
        kept = set(wanted[: max(1, fitting)])
        return [column for column in self._columns if column in kept]

    def _numbers(
        self, values: Mapping[_Value, _Number], shown: Sequence[_Value], others: Collection[_Value]
    ) -> list[Cell]:
        numbers = [values.get(column, self._nothing) for column in shown]
        if others:
            hidden = (value for column, value in values.items() if column in others)
            numbers.append(_sum(hidden, self._nothing))
        if len(self._columns) > 1:
            numbers.append(_sum(values.values()))
        return [self._show(number) for number in numbers]


def _name(value: _Value) -> str:
    return _ABSENT if value is None else name_text(value)


def _sum(values: Iterable[_Number], nothing: _Number = None) -> _Number:
    known = [value for value in values if value is not None]
    return sum(known) if known else nothing


def _rounding(values: Sequence[_Number]) -> Callable[[_Number], Cell]:
    """A function that formats values and their sums: amounts have the decimals that they need, within bounds."""
    exponents = [int(value.normalize().as_tuple().exponent) for value in values if isinstance(value, Decimal)]
    if not exponents:
        return lambda value: "" if value is None else value
    decimals = min(max(_FEWEST_DECIMALS, -min(exponents)), _MOST_DECIMALS)
    return lambda value: "" if value is None else round(Decimal(value), decimals)

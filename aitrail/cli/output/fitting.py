"""The columns of a table for which a terminal has room, their widths, and the places of cells in lines. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

GAP = 2
# A narrow column has room for half of its cells, but not necessarily for more than this: nearly all operations fit.
_LEAST = 24
# Of ten cells, the longest one should not take the room of other columns.
_MOST = 0.9


class Priorities(NamedTuple):
    """The places of all columns, in the order in which they get room; the first `staying` of them stay longest.

    The cells of `narrow` columns, which are texts, may be wider than their column.
    """

    order: Sequence[int]
    staying: int
    narrow: Collection[int] = ()

    @classmethod
    def of(
        cls, columns: Sequence[str], first: Sequence[str], *, narrow: Collection[str] = (), last: Sequence[str] = ()
    ) -> "Priorities":
        """The priorities of columns by name: `first`, as far as they are there, stay longest; `last` leave first."""

        def places(names: Iterable[str]) -> list[int]:
            return [place for name in dict.fromkeys(names) for place, each in enumerate(columns) if each == name]

        staying, leaving = places(first), places(last)
        rest = [place for place in range(len(columns)) if place not in {*staying, *leaving}]
        order = dict.fromkeys((*staying, *rest, *leaving))
        return cls(order=list(order), staying=len(staying), narrow=set(places(narrow)))


class Text(NamedTuple):
    """The text of a cell, its width in a terminal, and whether it stands to the right, as numbers do."""

    text: str
    width: int
    is_right: bool


def fitting(
    columns: Sequence[Sequence[int]], room: int | None, priorities: Priorities, *, fewest: int = 2
) -> dict[int, int]:
    """The columns that are shown: their places, in order, with their widths; at least the first ones by priority.

    `columns` has the widths of each column's title and cells. If there is not room for all, those that stay longest get
    room first, narrow ones only for the shorter cells; then, narrow columns get room for most of their cells; then, any
    other column that fits; and in the end, narrow columns get what is left.
    """
    whole = [max(column) for column in columns]
    if room is None or _taken(whole) <= room:
        return dict(enumerate(whole))
    least, most = list(whole), list(whole)
    for place in priorities.narrow:
        least[place] = least_width(columns[place])
        most[place] = width_for(columns[place], _MOST)
    staying, others = priorities.order[: priorities.staying], priorities.order[priorities.staying :]
    shown: dict[int, int] = {}
    _add(shown, staying, least, room, fewest)
    narrow = [place for place in priorities.order if place in priorities.narrow]
    _widen(shown, columns, narrow, most, room)
    _add(shown, others, least, room, fewest)
    _widen(shown, columns, narrow, whole, room)
    return dict(sorted(shown.items()))


def width_for(column: Sequence[int], part: float) -> int:
    """The width in which the title and this part of the cells have room; `column` has their widths, the title first."""
    title, *cells = column
    return max(title, sorted(cells)[ceil(part * len(cells)) - 1])


def least_width(column: Sequence[int]) -> int:
    """The width that a narrow column needs; `column` has the widths of its title and cells."""
    return max(column[0], min(_LEAST, width_for(column, 0.5)))


def _add(shown: dict[int, int], places: Sequence[int], widths: Sequence[int], room: int, fewest: int) -> None:
    """Adds the columns that fit."""
    for place in places:
        if len(shown) < fewest or _taken([*shown.values(), widths[place]]) <= room:
            shown[place] = widths[place]


def _widen(
    shown: dict[int, int], columns: Sequence[Sequence[int]], places: Sequence[int], widths: Sequence[int], room: int
) -> None:
    """Gives what is left of the room to columns that are narrower than this, in equal parts, for whole cells."""
    places = [place for place in places if place in shown]
    left = room - _taken(shown.values())
    while left > 0 and (lacking := [place for place in places if shown[place] < widths[place]]):
        for place in lacking[:left]:
            shown[place] += 1
        left = room - _taken(shown.values())
    for place in places:
        shown[place] = max(width for width in columns[place] if width <= shown[place])


def _taken(widths: Collection[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def lines_of_row(
    cells: Mapping[int, Text], widths: Mapping[int, int], room: int | None
) -> Iterator[list[tuple[int, int]]]:
    """The lines of a row: the places of cells with the number of spaces before each.

    A text that is too wide for its column pushes the next text to the right. What has no room in a line, and a number
    that would not stand in its column, continues on another one.
    """
    line: list[tuple[int, int]] = []
    begin = end = 0
    for place, width in widths.items():
        cell = cells[place]
        if cell.text:
            usual = begin + (width - cell.width if cell.is_right else 0)
            earliest = end + GAP if line else 0
            at = usual if cell.is_right else max(usual, earliest)
            if line and (at < earliest or (room is not None and at + cell.width > room)):
                yield line
                line, end, at = [], 0, usual
            if room is not None:
                at = min(at, room - cell.width)
            at = max(at, earliest if line else 0)
            line.append((place, at - end))
            end = at + cell.width
        begin += width + GAP
    yield line

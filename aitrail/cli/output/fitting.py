"""The columns of a table for which a terminal has room, their widths, and the places of cells in lines. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from types import MappingProxyType
from typing import NamedTuple

GAP = 2
# Of ten cells, the widest one should not take the room of other columns.
_MOST = 0.9


class Text(NamedTuple):
    """The text of a cell, its width in a terminal, and whether it stands to the right, as numbers do."""

    text: str
    width: int
    is_right: bool


class Priorities(NamedTuple):
    """The places of all columns, in the order in which they get room; the first `staying` of them stay longest.

    `narrow` columns, which are texts, may have cells that are wider than the column. They need room for half of their
    cells, or this width if that is less; None if it is not.
    """

    order: Sequence[int]
    staying: int
    narrow: Mapping[int, int | None] = MappingProxyType({})

    @classmethod
    def of(
        cls, columns: Sequence[str], first: Sequence[str], narrow: Mapping[str, int | None] = MappingProxyType({})
    ) -> "Priorities":
        """The priorities of columns by name: `first`, as far as they are there, stay longest."""

        def places(names: Iterable[str]) -> list[int]:
            return [place for name in dict.fromkeys(names) for place, each in enumerate(columns) if each == name]

        staying = places(first)
        return cls(
            order=list(dict.fromkeys((*staying, *range(len(columns))))),
            staying=len(staying),
            narrow={place: narrow[columns[place]] for place in places(narrow)},
        )


def fitting(
    columns: Sequence[Sequence[int]], room: int | None, priorities: Priorities, *, fewest: int = 2
) -> dict[int, int]:
    """The columns that are shown: their places, in order, with their widths; at least the first ones by priority.

    `columns` has the widths of each column's title and cells. If there is not room for all, those that stay longest get
    room first; then, narrow ones among them for most of their cells; then, any other column that fits; and in the end,
    narrow columns get what is left.
    """
    whole = {place: max(column) for place, column in enumerate(columns)}
    if room is None or _taken(whole) <= room:
        return whole
    least = whole | {place: _least(columns[place], enough) for place, enough in priorities.narrow.items()}
    narrow = {place: columns[place] for place in priorities.order if place in priorities.narrow}
    shown: dict[int, int] = {}
    for number, place in enumerate(priorities.order):
        if number == priorities.staying:
            _widen(shown, narrow, _MOST, room)
        if number < fewest or _taken(shown | {place: least[place]}) <= room:
            shown[place] = least[place]
    _widen(shown, narrow, 1, room)
    return dict(sorted(shown.items()))


def _least(column: Sequence[int], enough: int | None) -> int:
    half = _room_for(column, 0.5)
    return half if enough is None else max(column[0], min(enough, half))


def _room_for(column: Sequence[int], part: float) -> int:
    """The width in which the title and this part of the cells have room."""
    title, *cells = column
    return max(title, sorted(cells)[ceil(part * len(cells)) - 1])


def _widen(shown: dict[int, int], narrow: Mapping[int, Sequence[int]], part: float, room: int) -> None:
    """Gives what is left of the room to narrow columns, in equal parts, until this part of their cells fits."""
    least = {place: shown[place] for place in narrow if place in shown}
    wanted = {place: _room_for(narrow[place], part) for place in least}
    while (left := room - _taken(shown)) > 0:
        lacking = [place for place, width in wanted.items() if shown[place] < width]
        if not lacking:
            break
        for place in lacking[:left]:
            shown[place] += 1
    for place, width in least.items():  # a column needs no more than the widest cell for which it has room
        shown[place] = max(width, *(each for each in narrow[place] if each <= shown[place]))


def _taken(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def lines_of_row(cells: Sequence[Text], widths: Mapping[int, int], room: int | None) -> Iterator[list[tuple[int, int]]]:
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
                line, end, at, earliest = [], 0, usual, 0
            if room is not None:
                at = min(at, room - cell.width)
            at = max(at, earliest)
            line.append((place, at - end))
            end = at + cell.width
        begin += width + GAP
    yield line

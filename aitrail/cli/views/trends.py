"""Pictures in tables of groups: a sparkline of all times in each line, or a bar for each time. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from aitrail.cli.output import Cell, averages, bars, sparkline

_TREND = "trend"
# Longer lines are no easier to read.
_MOST_MARKS = 60
_BAR = 20
_GAP = 2

_Number = int | Decimal | None


class Trend:
    """A column of sparklines, one for each line, of numbers of successive times.

    `name` is that of the times, `count` their number. Where there are too many, each mark is the average of several of
    them, as the title says. The scale of each sparkline is from 0 to its own largest mark.
    """

    def __init__(self, name: str, count: int, length: int, marks: str) -> None:
        self._length = length
        self._marks = marks
        size = averages([None] * count, length)[1]
        self.title = _TREND if size == 1 else f"{_TREND}, {size} {name}s each"
        self.width = max(len(self.title), -(-count // size))

    def of(self, numbers: Sequence[_Number]) -> str:
        """The sparkline of a line of the table."""
        return sparkline(averages(numbers, self._length)[0], self._marks).rstrip()


def fitting_trend(name: str, count: int, room: int | None, *, whole: int, least: int, marks: str) -> Trend | None:
    """A trend of `count` times that fits beside the columns of a table; None if none does.

    `room` is what is left for columns, `whole` is the need of all of them, and `least` that of the fewest. If all
    columns fit, but not with the trend, they are worth more.
    """
    if count <= 1 or not marks:
        return None
    trend = Trend(name, count, min(count, _MOST_MARKS), marks)
    if room is None or whole + _GAP + trend.width <= room:
        return trend
    left = room - least - _GAP
    if whole <= room or left <= 0:
        return None
    trend = Trend(name, count, min(count, left, _MOST_MARKS), marks)
    return trend if trend.width <= left else None


def add_bars(
    heads: list[str], lines: list[list[Cell]], numbers: Sequence[_Number], place: int, *, largest: str, marks: str
) -> None:
    """Adds a column of bars at a place; its title is the scale, and lines without a number have no bar."""
    pictures = [*bars(numbers, _BAR, marks), *[""] * (len(lines) - len(numbers))]
    heads.insert(place, f"0 to {largest}")
    for line, picture in zip(lines, pictures, strict=True):
        line.insert(place, picture)

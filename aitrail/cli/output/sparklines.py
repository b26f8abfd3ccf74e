"""Numbers as marks of different heights, and as bars: small pictures in lines of text. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil
from typing import Any

# The first mark is zero and nothing else; the others are equal parts of the range from zero to the largest number.
BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.:-=+*#"
_UNKNOWN = " "

Number = int | float | Decimal


def marks_for(encoding: str | None) -> str:
    """The marks that text in this encoding can contain; None stands for any Unicode text."""
    try:
        BLOCKS.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def sparkline(numbers: Sequence[Number | None], marks: str = BLOCKS) -> str:
    """A mark for each number, none of them negative: the scale is from 0 to the largest one. None is a space."""
    top = _largest(numbers)
    return "".join(_UNKNOWN if number is None else marks[_level(number, top, len(marks) - 1)] for number in numbers)


def columns(numbers: Sequence[Number | None], height: int, marks: str = BLOCKS, top: Number | None = None) -> list[str]:
    """Lines of text, the highest first, in which each number is a column of marks, none of them negative.

    The scale is from 0 to `top`, by default the largest number; with a height of 1, it is a sparkline. Zero is the mark
    of zero on the lowest line, and None is a space.
    """
    steps = len(marks) - 1
    largest = _largest(numbers) if top is None else top
    levels = [None if number is None else _level(number, largest, height * steps) for number in numbers]

    def mark(level: int | None, line: int) -> str:
        if level is None or (level <= line * steps and line > 0):
            return _UNKNOWN
        return marks[min(level - line * steps, steps)]

    return ["".join(mark(level, line) for level in levels).rstrip() for line in reversed(range(height))]


def bars(numbers: Sequence[Number | None], width: int, marks: str = BLOCKS) -> list[str]:
    """A bar for each number, none of them negative: the largest one is as long as the width. None has no text.

    Zero is a mark of its own.
    """
    top = _largest(numbers)
    return ["" if number is None else marks[-1] * _level(number, top, width) or marks[0] for number in numbers]


def averages(numbers: Sequence[Number | None], most: int) -> tuple[list[Number | None], int]:
    """At most so many averages of as many successive numbers each, and how many these are; None counts for nothing.

    The first average may be of fewer numbers than the others.
    """
    size = max(1, ceil(len(numbers) / most))
    if size == 1:
        return list(numbers), size
    first = len(numbers) % size or size
    begins = [0, *range(first, len(numbers), size)]
    parts = [numbers[begin:end] for begin, end in zip(begins, [*begins[1:], len(numbers)], strict=True)]
    return [_average([number for number in part if number is not None]) for part in parts], size


def _average(numbers: Sequence[Any]) -> Number | None:
    return sum(numbers) / len(numbers) if numbers else None


def _largest(numbers: Sequence[Number | None]) -> Number:
    return max((number for number in numbers if number is not None), default=0)


def _level(number: Any, top: Any, most: int) -> int:  # noqa: ANN401 (numbers that can be divided)
    """0 for zero, otherwise 1 to `most`."""
    return min(most, max(1, ceil(number * most / top))) if number > 0 else 0

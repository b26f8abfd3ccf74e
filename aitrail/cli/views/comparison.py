"""Shows the usage of two windows, and what became more and what less."""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from aitrail.cells import printable
from aitrail.cli.options import Asked
from aitrail.cli.output import Cell, Output, Priorities, narrate
from aitrail.cli.views.usage_table import AtLeast, name_of, rounding
from aitrail.questions import DIFFERENCE, Comparison

if TYPE_CHECKING:
    from aitrail.costs import Prices

_PERCENT = "percent"
# Less than the cost of a single character.
_DECIMALS = 6
# Enough digits for any cost, so that rounding it is no error.
_EXACT = Context(prec=60)


class Signed(Decimal):
    """A difference, with its sign."""

    def __format__(self, specifier: str, _context: object = None) -> str:
        """The difference, with a plus if it is more than 0."""
        return super().__format__(f"+{specifier}" if self else specifier)


def show_comparison(
    found: Comparison, by: Sequence[str], prices: "Prices | None", asked: Asked, output: Output
) -> None:
    """Shows a comparison by these dimensions, and its windows with both ends."""
    numbers = (found.measure, f"{found.measure}Before", DIFFERENCE, _PERCENT)
    if not output.is_table:
        currency = {"currency": prices.currency} if prices else {}
        columns = (*by, *numbers, *map(_flag, numbers[:2]), *currency)
        rows = [_rounded(group) | currency for group in found] if prices else list(found)
        output.write(rows, table=columns, csv=columns)
    elif found:
        unit = f" ({printable(prices.currency)})" if prices else ""
        titles = [f"{name}{unit}" if name in numbers[:2] else name for name in (*by, *numbers)]
        narrow = dict.fromkeys(titles[: len(by)], 0)
        output.write_table(titles, _lines(found, by, numbers), priorities=Priorities.of(titles, titles, narrow))
    if not found:
        asked.narrate_nothing()
    _tell_windows(found, asked)


def _rounded(group: dict[str, Any]) -> dict[str, Any]:
    with localcontext(_EXACT):
        return {name: round(each, _DECIMALS) if isinstance(each, Decimal) else each for name, each in group.items()}


def _lines(found: Comparison, by: Sequence[str], numbers: Sequence[str]) -> list[list[Cell]]:
    show = rounding([group[name] for group in found for name in numbers[:2]])
    lines: list[list[Cell]] = []
    for group in found:
        names = [name_of(group[name]) for name in by]
        lines.append([*names, *_cells(group, numbers, show)])
    if len(found) > 1:
        lines.append(["total", *[""] * (len(by) - 1), *_cells(found.total(), numbers, show)])
    return lines


def _cells(group: dict[str, Any], numbers: Sequence[str], show: Callable[[Any], Cell]) -> list[Cell]:
    """The cells of a group; what is not known is empty."""
    cells = [show(group[name]) for name in numbers[:2]]
    marked = [
        AtLeast(cell) if group[flag] and not isinstance(cell, str) else cell
        for cell, flag in zip(cells, map(_flag, numbers[:2]), strict=True)
    ]
    difference = show(group[DIFFERENCE])
    return [
        *marked,
        *(each if isinstance(each, str) else Signed(each) for each in (difference, _shown(group[_PERCENT]))),
    ]


def _flag(number: str) -> str:
    """The name of the field that tells whether a number is a lower bound."""
    return f"{number}IsAtLeast"


def _shown(percent: Decimal | None) -> Cell:
    return "" if percent is None else percent


def _tell_windows(found: Comparison, asked: Asked) -> None:
    window, before, relation = found.windows
    first, second = map(asked.text_of, (window, before))
    narrate(f"The window {first} is compared with the one {second}{f', {relation}' if relation else ''}.")

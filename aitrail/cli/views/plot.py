"""Draws a measure over time as columns of marks: of one window, or of two on top of each other."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import click
from msgspec import Struct

from aitrail.cells import printable
from aitrail.cli.options import Asked
from aitrail.cli.output import Output, averages, columns, titled
from aitrail.moments import MomentError
from aitrail.questions import COST, COUNTS, TIMES, ComparedWindows
from aitrail.window import BEGINNING, Window

if TYPE_CHECKING:
    from aitrail.costs import Prices

NO_START = "--compare needs a window with a start: give --since or --during."
# Lines of each plot.
_HEIGHT = 8
_WIDEST = 120
_AXIS, _ASCII_AXIS = "\u2502", "|"
_GAP = 2
_DECIMALS = len(".00")

Number = int | Decimal | None


class Plotted(NamedTuple):
    """A window, as text, with its periods and the numbers of these, of which None is not known."""

    window: str
    periods: Sequence[str]
    numbers: Sequence[Number]


def plot_lines(plots: Sequence[Plotted], title: str, unit: str, *, room: int | None, marks: str) -> Iterator[str]:
    """The lines of plots with the same scale, one below the other: the first period of one is above that of the next.

    `unit` is that of the periods. Where there are too many, each column is the average of several, as the title says.
    """
    longest = max(len(each.numbers) for each in plots)
    widest = (room or _WIDEST) - _label_width(plots)
    widest = max(1, widest if longest <= widest else widest - _DECIMALS)  # averages have decimals
    size = averages([None] * longest, widest)[1]
    padded = longest + -longest % size  # so that the averages of each begin with its first number
    drawn = [averages([*each.numbers, *[None] * (padded - len(each.numbers))], widest)[0] for each in plots]
    top = max((number for numbers in drawn for number in numbers if number is not None), default=0)
    each_is = f", each column the average of {size} {unit}s" if size > 1 else ""
    yield f"{title}{each_is}"
    axis = _AXIS if not marks.isascii() else _ASCII_AXIS
    width = max(len(_text(top)), 1)
    for plotted, numbers in zip(plots, drawn, strict=True):
        yield plotted.window
        lines = columns(numbers, _HEIGHT, marks, top)
        for place, line in enumerate(lines):
            label = _text(top) if place == 0 else "0" if place == _HEIGHT - 1 else ""
            yield f"{label:>{width}} {axis}{line}"
        yield f"{'':>{width}}  {_ends(plotted.periods, len(numbers))}"


def _label_width(plots: Sequence[Plotted]) -> int:
    return max((len(_text(number)) for each in plots for number in each.numbers if number is not None), default=1) + 2


def _text(number: Decimal | float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:,.2f}"


def _ends(periods: Sequence[str], width: int) -> str:
    """The first and the last period below the first and the last column, as far as there is room."""
    if not periods:
        return ""
    first, last = periods[0], periods[-1]
    space = width - len(first) - len(last)
    return f"{first}{' ' * space}{last}" if space >= _GAP else first if len(periods) == 1 else f"{first} to {last}"


def refuse_with_plot(by: Sequence[str], given: Mapping[str, object], output: Output) -> None:
    """Refuses what cannot be drawn, and options, by their names, that have a value without an effect."""
    if len(by) != 1 or by[0] not in TIMES:
        raise click.UsageError(f"--plot draws one thing over time: give one --by, of {', '.join(TIMES)}.")
    for name, value in given.items():
        if value is not None:
            raise click.UsageError(f"{name} has no effect with --plot: leave it out.")
    if not output.is_table:
        raise click.UsageError("--plot is for people: give -o table, or leave it out for numbers.")


class Plot(Struct, frozen=True, kw_only=True):
    """A measure by a unit of time; with `to`, above that of another time (see ComparedWindows)."""

    unit: str
    measure: str
    to: str | None
    prices: "Prices | None"

    def show(self, asked: Asked, output: Output) -> list[str]:
        """Shows it, with zeros. Returns lines for people about what the numbers do not include.

        Raises UsageError for a time that cannot be compared, and the errors of reading.
        """
        notes: list[str] = []
        try:
            windows = self._windows(asked)
        except MomentError as error:
            raise click.UsageError(str(error)) from error
        plots = [self._plotted(asked, window, notes) for window in windows]
        if not any(any(each.numbers) for each in plots):
            asked.narrate_nothing("calls")
            return []
        currency = f" ({printable(self.prices.currency)})" if self.prices and self.measure == COST else ""
        title = f"{self.measure}{currency} by {titled(self.unit, asked.zone)}"
        output.write_lines(plot_lines(plots, title, self.unit, room=output.room, marks=output.marks))
        return [] if self.measure in COUNTS else list(dict.fromkeys(notes))

    def _windows(self, asked: Asked) -> tuple[Window, ...]:
        if self.to is None:
            return (asked.window,)
        if asked.window.since <= BEGINNING:
            raise click.UsageError(NO_START)
        compared = ComparedWindows.of(asked.window, self.to, asked.now, asked.zone)
        compared = compared.readable_in(asked.place.source, asked.now)
        return compared.window, compared.before

    def _plotted(self, asked: Asked, window: Window, notes: list[str]) -> Plotted:
        question = asked.question | {"since": window.since, "until": window.until, "once": self.to is None}
        groups = asked.store.usage(by=[self.unit], prices=self.prices, zeros=True, report=notes.append, **question)
        found = {group[self.unit]: group[self.measure] for group in groups if group[self.unit] is not None}
        return Plotted(asked.text_of(window) or "all calls", list(found), list(found.values()))

"""What a report is about, and what of it is read. The numbers are those of `aitrail usage` for the same question."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from aitrail.costs import Prices
from aitrail.moments import MomentError
from aitrail.questions import (
    PREVIOUS,
    BeyondSourceError,
    ComparedWindows,
    Count,
    Filter,
    Lookback,
    Naming,
    Order,
    Reading,
    Row,
    RowSource,
    Tally,
    answerable,
    reach_of,
)
from aitrail.services import Registry
from aitrail.window import Window

# Is called now and then with the number of rows read so far.
Progress = Callable[[int], None]
_ROWS_BETWEEN = 5_000


class Taker(Protocol):
    """Takes the rows of a window, in any order."""

    def add(self, row: Row) -> object:
        """Adds a row that may not meet the filter: only conditions that an index can answer are tested."""
        ...

    def finish(self) -> object:
        """Is called after all rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A report's question: the calls of a source that meet a filter in a window, with names, prices and time zone.

    New is what is not in the `lookback`, the time before the window. `now` is the time of the question.
    """

    source: RowSource
    wanted: Filter
    window: Window
    now: datetime
    zone: tzinfo
    naming: Naming
    prices: Prices | None
    lookback: timedelta
    registry: Registry

    def compared(self) -> ComparedWindows | None:
        """The window and the one before it; None if nothing precedes the window, or the source does not have it."""
        try:
            windows = ComparedWindows.of(self.window, PREVIOUS, self.now, self.zone).readable_in(self.source, self.now)
            answerable(self.source, windows.before)
        except (BeyondSourceError, MomentError):
            return None
        return windows

    @property
    def reach(self) -> Window:
        """The part of the window that is read. Raises BeyondSourceError."""
        return reach_of(self.source, self.window, self.now)

    def before(self) -> Lookback:
        """The time in which what is not new occurs."""
        return Lookback.of(self.source, self.reach, self.lookback)

    def count(self, tally: Tally, window: Window, *, with_times: bool = False) -> Count:
        """Counts calls of a window into a tally, each once."""
        reading = Reading.of(self.source, self.wanted, window, self.now, with_times=with_times)
        return Count(tally, reading)

    def records(self, progress: Progress) -> Iterator[Row]:
        """The records of the window that meet the filter, in any order."""
        return _told(self.source.rows(self.wanted, self.reach, order=Order.ANY), progress)

    def read(self, takers: Sequence[tuple[Window, Taker]], progress: Progress) -> None:
        """Gives each taker the rows of its window. All windows are read at once, as they follow each other."""
        whole = Window(since=min(each.since for each, _ in takers), until=max(each.until for each, _ in takers))
        bounds = [(*window.bounds, taker) for window, taker in takers]
        for row in _told(self.source.rows(self.wanted.of_indexes(), whole, order=Order.ANY), progress):
            for first, last, taker in bounds:
                if first <= row["eventTime"] <= last:
                    taker.add(row)
        for _, taker in takers:
            taker.finish()


def _told(rows: Iterable[Row], progress: Progress) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number % _ROWS_BETWEEN == 0:
            progress(number)
        yield row

"""Rows as they appear: the same question asked again and again, and every row given once."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aitrail.filters import Filter
from aitrail.source import Order, Row, RowSource
from aitrail.window import BEGINNING, Window

# Clocks differ: a call may seem to be made a little after now.
_AHEAD = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Following:
    """Asks a source every `interval`, and gives the rows that are new since the last time, often none; it has no end.

    A row is given, once, if its call was made at most `lookback` before it appeared; those that are there at the start
    count as appearing then. That holds however long a pause is: a window begins `lookback` before the last answer.
    `seen` holds the eventTimes of rows given, by eventID, as long as a window can show them.

    After an error that `is_temporary` it asks again, at growing intervals; `report` hears of it, and when it is over.
    Other errors of the source are raised. `sleep` takes seconds.
    """

    source: RowSource
    wanted: Filter
    lookback: timedelta
    interval: timedelta
    whole: bool
    report: Callable[[str], None]
    is_temporary: Callable[[Exception], bool] = lambda _: False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    seen: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[list[Row]]:
        """The new rows of each poll, oldest first."""
        since, pause, in_trouble = self._before(self.now()), self.interval, False
        while True:
            moment = self.now()
            try:
                rows = self._unseen(Window(since=since, until=moment + _AHEAD))
            except Exception as error:
                if not self.is_temporary(error):
                    raise
                if not in_trouble:
                    self.report(f"Rows cannot be read at the moment; trying again. {error}")
                in_trouble, pause = True, min(2 * pause, max(self.interval, _LONGEST_PAUSE))
            else:
                if in_trouble:
                    self.report("Rows can be read again.")
                in_trouble, pause = False, self.interval
                since = max(since, self._before(moment))  # clocks are set back at times
                self._remember(rows, since)
                yield rows
            self.sleep(pause.total_seconds())

    def _before(self, moment: datetime) -> datetime:
        return moment - min(self.lookback, moment - BEGINNING)

    def _unseen(self, window: Window) -> list[Row]:
        found = self.source.rows(self.wanted, window, order=Order.OLDEST_FIRST)
        rows = [row for row in found if row["eventID"] not in self.seen]
        return list(self.source.whole(rows)) if self.whole and rows else rows

    def _remember(self, rows: list[Row], since: datetime) -> None:
        """Note rows, and forget those that no window from `since` on can show."""
        self.seen |= {row["eventID"]: row["eventTime"] for row in rows}
        first, _ = Window(since=since, until=since).bounds
        for event_id in [event_id for event_id, event_time in self.seen.items() if event_time < first]:
            del self.seen[event_id]

"""Follows rows as they appear: polls a source with the same question, and yields every row once."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.errors import notes_on
from aitrail.moments import MomentError
from aitrail.questions.filters import Filter
from aitrail.questions.selecting import selected
from aitrail.questions.source import Order, Row, RowSource
from aitrail.window import BEGINNING, Window

# Clocks differ: a call may appear to have been made slightly in the future.
_AHEAD = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=1)
# Operating systems cannot sleep for centuries, and longer intervals make no sense.
LONGEST_INTERVAL = timedelta(days=1)


class Following(Struct, kw_only=True):
    """Polls a source every `interval`, and yields the list of new rows each time, which is often empty; never ends.

    A row is yielded, once, if its call was made at most `lookback` before the row appeared; rows that exist at the
    start count as appearing then. This holds for pauses of any length: a window begins `lookback` before the last
    response. `seen` maps eventID to eventTime for the rows looked at within two lookbacks, so that setting back the
    clock repeats none of them. If the clock is set back further, `report` is called, and rows may be repeated, but none
    is lost. After an error that `is_temporary`, it retries at growing intervals; `report` is called then, and on
    recovery. Other errors of the source are raised. Raises MomentError for a lookback or interval of zero, and for an
    interval of more than a day.
    """

    source: RowSource
    wanted: Filter
    lookback: timedelta
    interval: timedelta
    whole: bool
    report: Callable[[str], None]
    is_temporary: Callable[[Exception], bool] = lambda _: False
    clock: Clock = SYSTEM_CLOCK
    seen: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, span in (("lookback", self.lookback), ("interval", self.interval)):
            if not span:
                raise MomentError(f"{name} is zero: give at least 1s.")
        if self.interval > LONGEST_INTERVAL:
            raise MomentError("interval is more than a day: give at most 1d.")

    def __iter__(self) -> Iterator[list[Row]]:
        """The new rows of each poll, oldest first."""
        since, pause, in_trouble = self._before(self.clock.now()), self.interval, False
        while True:
            moment = self.clock.now()
            begin = self._before(moment)
            window = Window(since=min(since, begin), until=moment + _AHEAD)
            if begin < since:
                since = begin
                self.report(f"The clock was set back: showing calls since {window.bounds[0]}.")
            try:
                unseen = self._unseen(window)
                rows = list(selected(unseen, self.wanted, self.source.whole, are_whole=self.whole)) if unseen else []
            except Exception as error:
                if not self.is_temporary(error):
                    raise
                if not in_trouble:
                    self.report(f"Cannot read rows at the moment; trying again. {notes_on(error)}{error}")
                in_trouble, pause = True, min(2 * pause, max(self.interval, _LONGEST_PAUSE))
            else:
                if in_trouble:
                    self.report("Reading rows works again.")
                in_trouble, pause = False, self.interval
                since = begin
                self._remember(unseen)
                self._forget(before=self._before(since))
                yield rows
            self.clock.sleep(pause.total_seconds())

    def _before(self, moment: datetime) -> datetime:
        return moment - min(self.lookback, moment - BEGINNING)

    def _unseen(self, window: Window) -> list[Row]:
        # Whole rows, of which some conditions have to be tested, are read once and not at every poll.
        wanted = replace(self.wanted, user_agent=())
        found = self.source.rows(wanted, window, order=Order.OLDEST_FIRST)
        return [row for row in found if row["eventID"] not in self.seen]

    def _remember(self, rows: list[Row]) -> None:
        self.seen |= {row["eventID"]: row["eventTime"] for row in rows}

    def _forget(self, *, before: datetime) -> None:
        first, _ = Window(since=before, until=before).bounds
        for event_id in [event_id for event_id, moment in self.seen.items() if moment < first]:
            del self.seen[event_id]

"""When rows expire. DynamoDB deletes them some days later: until then, they are in the table but no longer count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aitrail.window import EARLIEST, Window, format_time

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Tells which rows have expired at the moment `now`, with the retention of the deployment (None: rows are kept).

    Their `expiresAt` is not asked: rows may have been written when the deployment had a different retention, and others
    may have written it.
    """

    now: datetime
    retention: timedelta | None = None

    @property
    def earliest(self) -> datetime:
        """The earliest eventTime of rows that have not expired."""
        kept = self.now - EARLIEST if self.retention is None else self.retention
        return self.now - min(kept, self.now - EARLIEST)

    def unexpired(self, window: Window) -> Window:
        """The part of a window of events whose rows have not expired."""
        if self.retention is None:
            return window
        since = max(window.since, self.earliest.replace(microsecond=0) + _SECOND)
        return Window(since=since, until=max(since, window.until))

    def has_passed(self, event_time: str) -> bool:
        """Whether the row of an event with that time has expired, whether or not it is still in the table."""
        return self.retention is not None and event_time <= format_time(self.earliest)

    def has_expired(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the table, of any shape, has expired."""
        event_time = row.get("eventTime")
        return isinstance(event_time, str) and self.has_passed(event_time)

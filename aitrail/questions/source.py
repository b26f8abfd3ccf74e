"""The port through which questions read rows. Its two adapters are the events table and log files."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol

from aitrail.questions.filters import Filter
from aitrail.window import Window

# Plain JSON values by the names of attributes; see docs/rows.md.
Row = dict[str, Any]


class Order(Enum):
    """The order of rows, by eventTime and eventID; ANY is the fastest to read."""

    NEWEST_FIRST = auto()
    OLDEST_FIRST = auto()
    ANY = auto()


class RowSource(Protocol):
    """A source of rows, in which every eventID is unique."""

    @property
    def address(self) -> str:
        """A stable text that identifies the source among all others, also for people."""
        ...

    @property
    def complete(self) -> bool:
        """Whether everything that had to be read so far could be read."""
        ...

    @property
    def by_day(self) -> bool:
        """Whether it is queried day by day; if so, a window should not be longer than the time with rows."""
        ...

    @property
    def kept_since(self) -> datetime | None:
        """The time before which rows have expired; None if all rows are kept."""
        ...

    @property
    def filled_since(self) -> datetime | None:
        """The time before which it only has what was imported or ingested later; None if there is no such time."""
        ...

    def rows(
        self, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
    ) -> Iterator[Row]:
        """The matching rows with their narrow columns, at most `limit`; they are read as they are consumed."""
        ...

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Fetches all attributes of the rows, in the same order. A row that has been deleted since stays narrow."""
        ...

    def row(self, event_id: str) -> Row | None:
        """The whole row with that eventID; None if there is none."""
        ...

    def effort(self) -> str:
        """The cost of reading so far, as text for people."""
        ...

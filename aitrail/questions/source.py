"""The port of every question: something that has rows. The table and log files are its two adapters."""

from collections.abc import Iterable, Iterator
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
    """Where rows are: each is there once, under its eventID."""

    @property
    def address(self) -> str:
        """What tells the source from every other one, for people too; the same whenever it is asked."""
        ...

    @property
    def complete(self) -> bool:
        """Whether everything could be read that was to be read until now."""
        ...

    @property
    def by_day(self) -> bool:
        """Whether it is asked day by day: then a window must not be longer than there may be rows."""
        ...

    def rows(
        self, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
    ) -> Iterator[Row]:
        """The rows that are wanted, with their narrow columns; at most `limit` of them. Read as they are consumed."""
        ...

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows in the same order, with all their attributes. One that is gone meanwhile stays narrow."""
        ...

    def row(self, event_id: str) -> Row | None:
        """The whole row of that eventID; None if there is none."""
        ...

    def effort(self) -> str:
        """What reading has taken until now, for people."""
        ...

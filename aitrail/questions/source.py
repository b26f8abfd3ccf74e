"""The port through which questions read rows. Its adapters are the events table, log files, and several of these."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from aitrail.deliveries import Needed
from aitrail.errors import AitrailError
from aitrail.questions.filters import Filter
from aitrail.rows import Columns
from aitrail.window import Window

if TYPE_CHECKING:
    from aitrail.questions.subtotals import Subtotal, Subtotals

# Plain JSON values by the names of attributes; see docs/rows.md.
Row = dict[str, Any]
# The number of addresses that an address of all of them shows, and the digits of its hash.
_SHOWN = 3
_DIGITS = 16


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


class NotStraightError(AitrailError):
    """Rows cannot be given straight: one of them takes the place of another one, or can be read only once."""


@runtime_checkable
class StraightSource(RowSource, Protocol):
    """A source that can also give its rows straight, without keeping any for the next question."""

    def straight(
        self, columns: Columns, needed: Needed, subtotals: "Subtotals | None" = None
    ) -> "Iterator[Row | Subtotal]":
        """The rows of the log files that are needed, with at least these columns, each eventID once, in any order.

        With `subtotals`, there may be what they make of rows instead of rows that count by themselves. Raises
        NotStraightError, before or after some rows; then `rows` gives them.
        """
        ...


class BeyondSourceError(AitrailError):
    """A question that a source cannot answer; the message says why, and what to do."""


@runtime_checkable
class BoundedSource(Protocol):
    """A RowSource that knows of which time it has all rows, and which has none of another time."""

    def refuse_beyond(self, window: Window) -> None:
        """Raises BeyondSourceError if it lacks a part of the window; an end without limit is as far as it has rows."""
        ...


def reach_of(source: RowSource, window: Window, now: datetime) -> Window:
    """The part of a window that a source is asked for. Raises BeyondSourceError if it lacks a part of the window."""
    return window.clamped(now) if source.by_day else answerable(source, window)


def answerable(source: RowSource, window: Window) -> Window:
    """The window. Raises BeyondSourceError if a source lacks a part of it."""
    if isinstance(source, BoundedSource):
        source.refuse_beyond(window)
    return window


def address_of_all(addresses: Iterable[str]) -> str:
    """One address for several: sorted; if there are several, only the first few, and a hash of all."""
    names = sorted(set(addresses))
    if len(names) == 1:
        return names[0]
    import hashlib  # noqa: PLC0415 (loads OpenSSL, which most questions do not need)

    digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()
    others = len(names) - _SHOWN
    more = f" and {others:,} more" if others > 0 else ""
    return f"{', '.join(names[:_SHOWN])}{more} (sha256 {digest[:_DIGITS]})"

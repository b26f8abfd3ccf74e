"""Log files as a source of rows: they are read once into a temporary database, and queried like the table."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from threading import RLock
from typing import Self

from msgspec.structs import replace

from aitrail.deliveries import Needed
from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.questions.file_readings import ReadOnceError
from aitrail.questions.filters import Filter
from aitrail.questions.packed_rows import PackedRow, packed, unpacked
from aitrail.questions.parts import Part
from aitrail.questions.scanning import EVERYTHING, Scan
from aitrail.questions.seen_ids import SeenIds
from aitrail.questions.selecting import selected
from aitrail.questions.source import NotStraightError, Order, Row
from aitrail.questions.subtotals import Subtotal, Subtotals
from aitrail.questions.temporary_database import temporary_database
from aitrail.rows import Columns
from aitrail.window import Window

# Few enough that the first row is available quickly.
_ROWS_AT_A_TIME = 100
_ORDERS = {
    Order.NEWEST_FIRST: "ORDER BY eventTime DESC, eventID DESC",
    Order.OLDEST_FIRST: "ORDER BY eventTime, eventID",
    Order.ANY: "",
}
_ROWS = "rows (eventID TEXT, eventTime TEXT, narrow BLOB, whole BLOB, place INTEGER, object TEXT)"
# Of the rows with the same eventID, the one of the last file stays: files may be read in another order than theirs, if
# questions need some of them first.
_SUPERSEDED = """
    SELECT rowid FROM (
        SELECT rowid, row_number() OVER (PARTITION BY eventID ORDER BY place DESC, object DESC, rowid DESC) AS number
        FROM rows WHERE eventID IN (SELECT eventID FROM rows GROUP BY eventID HAVING count(*) > 1)
    ) WHERE number > 1
"""


class NoRoomError(AitrailError):
    """The temporary database cannot be written to."""

    @classmethod
    def of(cls, error: sqlite3.Error) -> Self:
        """The error for people."""
        return cls(f"The rows cannot be stored in a temporary file: {error}. Set SQLITE_TMPDIR to another folder.")


class LogFileRows:
    """The rows of log files, each of which is read when the first question is asked that needs it.

    A record in two files becomes one row, from the last of them. The rows take about as much disk space as
    their records, in a temporary file. Threads may share the source; one thread reads at a time. `report` is called
    with a line for people if there are no log files.
    """

    by_day = False
    kept_since = filled_since = None

    def __init__(self, scan: Scan, *, report: Callable[[str], None] = lambda _: None) -> None:
        self.scan = scan
        self._report = report
        self._database = temporary_database(_ROWS)
        # What has been read; nothing of it includes another part.
        self._loaded: list[Needed] = []
        self._is_read_straight = False
        self._lock = RLock()

    @property
    def address(self) -> str:
        """See RowSource: the paths and URLs."""
        return self.scan.address

    @property
    def complete(self) -> bool:
        """See RowSource."""
        return not self.scan.counts["unreadable"]

    def rows(
        self, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
    ) -> Iterator[Row]:
        """See RowSource. Raises the errors of reading, but not for problems of single files."""
        return islice(selected(self._narrow(wanted, window, order), wanted, self.whole), limit)

    def straight(
        self, columns: Columns, needed: Needed, subtotals: Subtotals | None = None
    ) -> Iterator[Row | Subtotal]:
        """See StraightSource. Other threads wait until the rows are exhausted, or the iterator is closed."""
        with self._lock:
            if self._loaded or self._is_read_straight:
                raise NotStraightError("The log files have been read before.")
            self._is_read_straight = True
            try:
                yield from self._once(self.scan.narrow_rows(columns, needed, subtotals))
            except ReadOnceError as error:
                raise NotStraightError(str(error)) from error
            except sqlite3.Error as error:
                raise NoRoomError.of(error) from error
            if nothing := self.scan.nothing_found():
                self._report(nothing)

    def _once(self, found: Iterable[tuple[Row, bytes] | Part]) -> Iterator[Row | Subtotal]:
        """Each row once, whatever the number of log files that have it. Raises NotStraightError if these differ."""
        seen, counts = SeenIds(), self.scan.counts

        def is_new(row: Row, in_order: bytes) -> bool:
            content = hash(in_order)  # other processes have other hashes
            earlier = seen.add(row["eventID"], content)
            if earlier is None:
                return True
            if earlier != content:
                raise NotStraightError("Log files have different records with the same eventID.")
            counts["again"] += 1
            return False

        for each in found:
            if not isinstance(each, Part):
                row, in_order = each
                if is_new(row, in_order):
                    yield row
            elif each.subtotal and seen.add_all(each.subtotal.event_ids, [*map(hash, each.rows)]):
                yield each.subtotal
                yield from (unpacked(each.rows[place]) for place in each.subtotal.related)
            else:
                rows = [(unpacked(in_order), in_order) for in_order in each.rows]
                yield from (row for row, in_order in rows if is_new(row, in_order))

    def _narrow(self, wanted: Filter, window: Window, order: Order) -> Iterator[Row]:
        with self._lock:
            self._load(replace(wanted.needed, window=window))
            if order is not Order.ANY:
                self._database.execute("CREATE INDEX IF NOT EXISTS by_time ON rows (eventTime, eventID)")
            found = self._database.execute(
                f"SELECT narrow FROM rows WHERE eventTime BETWEEN ? AND ? {_ORDERS[order]}",  # noqa: S608 (contains no input)
                window.bounds,
            )
        while contents := self._next_of(found):
            yield from (unpacked(content) for (content,) in contents)

    def _next_of(self, found: sqlite3.Cursor) -> list[tuple[bytes]]:
        with self._lock:
            return found.fetchmany(_ROWS_AT_A_TIME)

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """See RowSource. A row that is not there may be in a local file that has not been needed: all are read."""
        return (self._find(row["eventID"]) or self._find_elsewhere(row["eventID"]) or row for row in rows)

    def _find_elsewhere(self, event_id: str) -> Row | None:
        with self._lock:
            if not self.scan.has_left_files:
                return None
            self._add(self.scan.rows_of_files_as(packed))
        return self._find(event_id)

    def row(self, event_id: str) -> Row | None:
        """See RowSource."""
        with self._lock:
            self._load(EVERYTHING)
        return self._find(event_id) if items.is_unicode(event_id) else None

    def effort(self) -> str:
        """See RowSource."""
        return self.scan.summary()

    def _load(self, needed: Needed) -> None:
        if any(part.includes(needed) for part in self._loaded):
            return
        is_first = not self._loaded
        if self._is_read_straight:
            self.scan.restart()
            self._is_read_straight = False
        self._add(self.scan.rows_as(packed, needed))
        self._loaded = [needed, *(part for part in self._loaded if not needed.includes(part))]
        if is_first and (nothing := self.scan.nothing_found()):
            self._report(nothing)

    def _add(self, rows: Iterable[PackedRow]) -> None:
        database = self._database
        try:
            database.execute("BEGIN")
            stored = ((*row, *self.scan.place) for row in rows)
            database.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", stored)
            # Sorting all IDs at once takes a third of the time of keeping an index while rows are added.
            database.execute("CREATE INDEX IF NOT EXISTS by_id ON rows (eventID)")
            database.execute(f"DELETE FROM rows WHERE rowid IN ({_SUPERSEDED})")  # noqa: S608 (contains no input)
            database.execute("COMMIT")
        except sqlite3.Error as error:
            self._forget()
            raise NoRoomError.of(error) from error
        except BaseException:
            self._forget()
            raise
        (different,) = database.execute("SELECT count(*) FROM rows").fetchone()
        self.scan.counts["again"] = self.scan.counts["rows"] - different

    def _forget(self) -> None:
        """Discards partly read rows, so that the next question does not take them for all rows."""
        self._database.close()  # without a journal, it may be corrupt
        self._database = temporary_database(_ROWS)
        self.scan.restart()
        self._loaded = []

    def _find(self, event_id: str) -> Row | None:
        with self._lock:
            found = self._database.execute("SELECT whole FROM rows WHERE eventID = ?", (event_id,)).fetchone()
        return unpacked(found[0]) if found else None

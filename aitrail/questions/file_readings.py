"""What reading a local log file yields: whole rows, or narrow ones; here, or as parts in another process."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from aitrail.errors import AitrailError
from aitrail.questions.packed_rows import PackedRow, packed, packed_in_order
from aitrail.questions.parts import MOST_ROWS, Part
from aitrail.questions.paths import STDIN
from aitrail.questions.source import Row
from aitrail.questions.subtotals import Subtotals
from aitrail.rows import Columns, NarrowReading, NarrowRows, NotNarrowError, Reading
from aitrail.services import Registry

if TYPE_CHECKING:
    from aitrail.questions.scanning import Scan

# Makes the reading of a stream; its keyword arguments are those of Reading.
MakeReading = Callable[..., Reading]


class ReadOnceError(AitrailError):
    """A path can be read only once, such as standard input."""


class FileReading:
    """Reads log files for a Scan. Can be pickled."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # In another process: the scan of all its files, and what it has to report of the present one.
        self._scan: Scan | None = None
        self._reports: list[str] = []

    def rows_of(self, scan: "Scan", path: str) -> Iterator[Any]:
        """What there is in a file, whose problems and counts the scan gets."""
        raise NotImplementedError

    def sent(self, rows: list[Any]) -> Part:
        """The rows in the form in which another process sends them, without reports and counts."""
        return Part(rows, [], {}, {})

    def __call__(self, path: str) -> Iterator[Part]:
        """The same in parts, of which none is large, with problems and counts."""
        scan, reports, is_complete = self._own_scan(), self._reports, True
        rows = self.rows_of(scan, path)
        while some := list(islice(rows, MOST_ROWS)):
            part = self.sent(some)._replace(reports=reports.copy())
            reports.clear()
            is_complete = part.is_complete
            yield part
        yield Part([], reports.copy(), dict(scan.counts), dict(scan.unknown_sources), is_complete)

    def _own_scan(self) -> "Scan":
        """A scan of no files, with nothing to report and to count."""
        if self._scan is None:
            from aitrail.questions.scanning import Scan  # noqa: PLC0415 (imports this module)

            self._scan = Scan((), report=self._reports.append, registry=self._registry)
        self._reports.clear()
        self._scan.counts, self._scan.unknown_sources = Counter(), Counter()
        return self._scan

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_scan": None, "_reports": []}


class WholeFileReading(FileReading):
    """Reads whole rows, in a form that the function `form` of a module gives them."""

    def __init__(self, registry: Registry, form: Callable[[Row], Any]) -> None:
        super().__init__(registry)
        self._form = form

    def rows_of(self, scan: "Scan", path: str) -> Iterator[Any]:
        """See FileReading."""
        return map(self._form, scan.rows_of_path(path))


class NarrowFileReading(FileReading):
    """Reads narrow rows; with a cache, packed rows of files that it is to keep.

    With `subtotals`, another process adds up the narrow rows that it sends.
    """

    def __init__(
        self, registry: Registry, columns: Columns, *, has_cache: bool, subtotals: Subtotals | None = None
    ) -> None:
        super().__init__(registry)
        self._narrow = NarrowRows(registry, columns)
        self._has_cache = has_cache
        self._subtotals = subtotals

    def rows_of(self, scan: "Scan", path: str) -> Iterator[Row | PackedRow]:
        """See FileReading. Raises ReadOnceError."""
        if _is_read_once(path):
            raise ReadOnceError(f"{shown_name(path)} can be read only once.")
        make = partial(NarrowReading, narrow=self._narrow, keeps_sparse=self._has_cache)
        try:
            yield from map(self._formed, scan.rows_of_path(path, make))
        except NotNarrowError:
            yield from map(self._formed, scan.rows_of_path(path))

    def sent(self, rows: list[Any]) -> Part:
        """See FileReading: bytes take half of the time of dicts on their way."""
        if isinstance(rows[0], PackedRow):
            return super().sent(rows)
        subtotal = self._subtotals.of(rows) if self._subtotals else None
        return Part([*map(packed_in_order, rows)], [], {}, {}, is_complete=False, subtotal=subtotal)

    def _formed(self, row: Row) -> Row | PackedRow:
        if "logFile" not in row:
            return row
        return packed(row) if self._has_cache else self._narrow.columns.of(row)


def _is_read_once(path: str) -> bool:
    """Whether a path has another thing each time that it is read."""
    try:
        return path == STDIN or not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (no object for each file)
    except OSError:
        return False  # whoever reads it says what is wrong


def shown_name(path: str) -> str:
    """The path as text; bytes that are not UTF-8 are escaped."""
    return os.fsencode(path).decode(errors="backslashreplace")

"""Writes the files of an export, one service-day after another, and counts the results."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from aitrail.questions import Row, RowSource
from aitrail.questions.export.folder import Folder
from aitrail.questions.export.formats import Write
from aitrail.window import Day

_ROWS_BETWEEN_REPORTS = 1_000

# Called with the service, the day, and the number of rows read so far.
Progress = Callable[[str, str, int], None]


class Files:
    """Writes the file of one service-day after another, and counts files and rows."""

    def __init__(self, target: Folder, write: Write, source: RowSource, progress: Progress, *, prices: str) -> None:
        self._target, self._write, self._source, self._progress = target, write, source, progress
        self._prices = prices
        self.files = self.rows = self.removed = self.kept = 0
        self._count = 0

    def write(self, service: str, day: Day, rows: Iterator[Row], as_of: str) -> None:
        """Writes and notes one service-day, or keeps a file with more rows; without rows, there is no file."""
        self._progress(service, day.day, 0)
        self._count, fewest = 0, self._target.fewest_rows(service, day.day)
        first = next(rows, None)
        if first is not None:
            with self._target.file(service, day.day, accepted=lambda: self._count >= fewest) as stream:
                self._write(stream, self._counted(service, day, chain([first], rows)))
        if self._count < fewest:
            self.kept += 1
            return
        if first is None:
            self.removed += self._target.remove(service, day.day)
        self.files += first is not None
        self.rows += self._count
        known = as_of if self._source.complete else ""
        covered = {"day": day.day, "first": day.first, "last": day.last}
        self._target.note(service=service, as_of=known, rows=self._count, prices=self._prices, **covered)

    def _counted(self, service: str, day: Day, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._count += 1
            if self._count % _ROWS_BETWEEN_REPORTS == 0:
                self._progress(service, day.day, self._count)
            yield row

"""The formats of -o, which write rows as text one after another."""

import csv
import shutil
import sys
from collections.abc import Sequence
from datetime import tzinfo
from typing import IO, Any, Protocol

from aitrail.cells import cell_text, csv_cell, json_line, name_text
from aitrail.cli.output.table import Cell, TableWriter
from aitrail.cli.output.times import TIME_COLUMNS, shown_time, titled


class Writer(Protocol):
    """Writes rows in one format: call `add` any number of times, then `end`."""

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Writes rows. The stream may buffer them until it is flushed."""
        ...

    def end(self) -> None:
        """Writes the end of the output, after the last row."""
        ...


class JsonLines:
    """One JSON value per line; a row has all its attributes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """See Writer."""
        self._stream.writelines(json_line(row) + "\n" for row in rows)

    def end(self) -> None:
        """See Writer."""


class JsonList:
    """One JSON document: a list of objects with all attributes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._separator = "[\n"

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """See Writer."""
        for row in rows:
            self._stream.write(self._separator + json_line(row))
            self._separator = ",\n"

    def end(self) -> None:
        """See Writer."""
        self._stream.write("[]\n" if self._separator == "[\n" else "\n]\n")


class Csv:
    """Comma-separated cells for spreadsheets; the first line always names the columns."""

    def __init__(self, stream: IO[str], columns: Sequence[str]) -> None:
        self._columns = columns
        self._writer = csv.writer(stream, lineterminator="\n")
        if columns:
            self._writer.writerow(map(csv_cell, columns))

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """See Writer."""
        self._writer.writerows([csv_cell(row.get(column)) for column in self._columns] for row in rows)

    def end(self) -> None:
        """See Writer."""


class Table:
    """A table for people; with `fit`, columns that do not fit are left out, which is reported at the end, or folded.

    With a `zone`, the columns with times of rows show them in this time zone, and their names say it.
    """

    def __init__(
        self,
        stream: IO[str],
        columns: Sequence[str],
        *,
        styled: bool,
        fit: bool,
        fold: bool = False,
        zone: tzinfo | None = None,
    ) -> None:
        is_terminal = stream.isatty()
        width = shutil.get_terminal_size().columns if fit and is_terminal else None
        self._columns = columns
        self._zone = zone
        names = [name_text(titled(column, zone) if zone and column in TIME_COLUMNS else column) for column in columns]
        self._table = TableWriter(stream, names, width=width, bold=styled and is_terminal, fold=fold)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """See Writer."""
        self._table.add([[self._cell(column, row.get(column)) for column in self._columns] for row in rows])

    def _cell(self, column: str, value: object) -> Cell:
        if self._zone and column in TIME_COLUMNS and isinstance(value, str):
            return name_text(shown_time(value, self._zone))
        return value if isinstance(value, int | float) and not isinstance(value, bool) else cell_text(value)

    def end(self) -> None:
        """See Writer."""
        if self._table.left_out:
            sys.stderr.write(
                f"No room for {', '.join(self._table.left_out)}: widen the terminal, or use -o jsonl or -o csv.\n"
            )

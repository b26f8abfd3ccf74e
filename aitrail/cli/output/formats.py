"""The formats of -o, which write rows as text one after another."""

import sys
from collections.abc import Sequence
from datetime import tzinfo
from typing import IO, Any, Protocol

from aitrail.cells import cell_text, csv_cell, json_line, name_text
from aitrail.cli.output.colors import colored, plain
from aitrail.cli.output.fitting import Priorities
from aitrail.cli.output.short_ids import ShortIds
from aitrail.cli.output.table import Cell, TableWriter
from aitrail.cli.output.terminal import terminal_width
from aitrail.cli.output.times import TIME_COLUMNS, shown_time, titled

_ID = "eventID"
# In a table of calls, these stay longest, with the columns that an option refers to between them.
WHO_DID_WHAT = ("eventTime", "operation", "principal")
_WITH_WHAT_RESULT = ("outcome", "errorCode", "recordType", _ID, "new", "resource")
# Their values may be wider than the column. With this width, 80 columns have room for who did what, for the outcome of
# most calls, and for a short eventID.
_NARROW = dict.fromkeys(("operation", "principal", "outcome", "new"), 18)


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
        import csv  # noqa: PLC0415 (this format only)

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

    Columns that tell what a call was stay longest, and so do those that `first` names. With `usual`, they are columns
    of calls that nobody has chosen: eventID is shown by its beginning. With a `zone`, the columns with times of rows
    show them in this time zone, and their names say it. `ways` are the options that show what has no room.
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
        first: Sequence[str] = (),
        usual: bool = False,
        ways: Sequence[str] = (),
    ) -> None:
        self._columns = columns
        self._zone = zone
        self._ids = ShortIds() if usual else None
        self._ways = ways
        names = [name_text(titled(column, zone) if zone and column in TIME_COLUMNS else column) for column in columns]
        order = dict.fromkeys((*WHO_DID_WHAT, *first, *_WITH_WHAT_RESULT))
        narrow = dict.fromkeys(first) | _NARROW
        priorities = Priorities.of(columns, tuple(order), narrow) if usual else None
        self._table = table_writer(stream, names, styled=styled, fit=fit, fold=fold, priorities=priorities)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """See Writer."""
        if self._ids:
            for row in rows:
                if isinstance(event_id := row.get(_ID), str):
                    self._ids.add(event_id)
        self._table.add([[self._cell(column, row.get(column)) for column in self._columns] for row in rows])

    def _cell(self, column: str, value: object) -> Cell:
        if self._ids and column == _ID and isinstance(value, str):
            return name_text(self._ids.of(value))
        return cell_of(column, value, self._zone)

    def end(self) -> None:
        """See Writer."""
        tell_left_out(self._table.left_out, self._ways)


def table_writer(
    stream: IO[str],
    names: Sequence[str],
    *,
    styled: bool,
    fit: bool,
    fold: bool = False,
    priorities: Priorities | None = None,
) -> TableWriter:
    """A table that, with `fit`, is as wide as the terminal, if there is one; `styled` allows bold text and colors."""
    is_terminal = stream.isatty()
    width = terminal_width() if fit and is_terminal else None
    is_styled = styled and is_terminal
    paint = colored if is_styled else plain
    return TableWriter(stream, names, width=width, bold=is_styled, fold=fold, priorities=priorities, paint=paint)


def cell_of(column: str, value: object, zone: tzinfo | None) -> Cell:
    """The value of a row's column as a cell; with a `zone`, times of rows are shown in this time zone."""
    if zone and column in TIME_COLUMNS and isinstance(value, str):
        return name_text(shown_time(value, zone))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else cell_text(value)


def tell_left_out(names: Sequence[str], ways: Sequence[str]) -> None:
    """Tells, on stderr, which columns had no room, and how to see them."""
    if names:
        how = f"use {_either(ways)}, or widen the terminal" if ways else "widen the terminal, or use -o jsonl or -o csv"
        sys.stderr.write(f"No room for {', '.join(names)}: {how}.\n")


def _either(ways: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(ways[:-1]), ways[-1])))

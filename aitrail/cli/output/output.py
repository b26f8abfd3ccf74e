"""Writes a command's rows to stdout, and messages for people to stderr."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from itertools import chain, islice
from typing import Any

import click
from msgspec import Struct

from aitrail.cells import printable
from aitrail.cli.output.fitting import Priorities
from aitrail.cli.output.formats import (
    WHO_DID_WHAT,
    Csv,
    JsonLines,
    JsonList,
    Table,
    Writer,
    table_writer,
    tell_left_out,
)
from aitrail.cli.output.groups import Group, lines_of
from aitrail.cli.output.live_line import before_output, without_progress_line
from aitrail.cli.output.long_view import LongView
from aitrail.cli.output.sparklines import marks_for
from aitrail.cli.output.table import Cell
from aitrail.cli.output.terminal import terminal_width
from aitrail.dynamodb import items

FORMATS = ("table", "json", "jsonl", "csv")

# The columns of tables that show rows: who did what, when and from where.
ROW_COLUMNS = (
    *("eventTime", "operation", "principal", "service", "resource", "outcome", "awsRegion", "sourceIPAddress"),
    "eventID",
)

# The first rows determine the width of a table's columns.
_FIRST_ROWS = 100


class Output(Struct, frozen=True, kw_only=True):
    """The output of a command: one of FORMATS; `styled` allows bold text and colors on a terminal.

    A `query` is applied to the list of all rows, or to the single value, and its result is shown instead. Tables show
    the times of calls in the time zone `zone`; other formats and results of queries have them as CloudTrail wrote them.
    Tables that are `wide` have all columns, whatever the width of the terminal; in the `long` view, rows stand one
    below the other. `ways` are the command's options that show what has no room in a table.
    """

    format: str
    styled: bool
    query: Callable[[Any], Any] | None = None
    zone: tzinfo = UTC
    wide: bool = False
    long: bool = False
    ways: Sequence[str] = ()

    @property
    def is_table(self) -> bool:
        """Whether the output is a table and not the result of a query; only tables may contain sums among rows."""
        return self.format == "table" and self.query is None

    @property
    def wants_whole_rows(self) -> bool:
        """Whether all attributes of rows are shown, or may be used by a query."""
        return self.query is not None or self.format in ("json", "jsonl")

    @property
    def marks(self) -> str:
        """The marks of sparklines that the output can print."""
        return marks_for(getattr(sys.stdout, "encoding", None))

    @property
    def room(self) -> int | None:
        """The width to which a table is fitted: that of the terminal, None without one or if the table is wide."""
        return terminal_width() if sys.stdout.isatty() and not self.wide else None

    def write(
        self,
        rows: Iterable[dict[str, Any]],
        *,
        table: Sequence[str],
        csv: Sequence[str],
        fit: bool = True,
        fold: bool = False,
        usual: bool = False,
        first: Sequence[str] = (),
    ) -> None:
        """Writes rows as they arrive. `table` and `csv` name the columns of these formats; json and jsonl have all.

        With `fit`, a table leaves out columns that do not fit the terminal, or, with `fold`, shows them below their
        row. With `usual`, the columns are those of calls that nobody has chosen; those in `first` stay longest, and the
        long view also has the columns of csv. Raises the errors of reading `rows` and of writing.
        """
        if self.query is None:
            writer = self.writer(table=table, csv=csv, fit=fit, fold=fold, usual=usual, first=first)
            self._write_rows(rows, writer)
        else:
            self._write_result(self.query([items.plain(row) for row in rows]), fit=fit)
        sys.stdout.flush()

    def _write_rows(self, rows: Iterable[Any], writer: Writer) -> None:
        pending = iter(rows)
        size = _FIRST_ROWS if self.format == "table" else 1
        while chunk := list(islice(pending, size)):
            before_output(sys.stdout)
            writer.add(chunk)
        before_output(sys.stdout)
        writer.end()

    def _write_result(self, result: Any, *, fit: bool) -> None:  # noqa: ANN401 (any JSON value)
        before_output(sys.stdout)
        if self.format == "json":
            _stdout().write(json.dumps(result, indent=2, sort_keys=True) + "\n")
        elif self.format == "jsonl":
            self._write_rows(_listed(result), self.writer(table=(), csv=()))
        else:
            rows = [_with_columns(each) for each in _listed(result)]
            columns = tuple(dict.fromkeys(chain.from_iterable(rows)))
            self._write_rows(rows, self.writer(table=columns, csv=columns, fit=fit))

    def writer(
        self,
        *,
        table: Sequence[str],
        csv: Sequence[str],
        fit: bool = True,
        fold: bool = False,
        usual: bool = False,
        first: Sequence[str] = (),
    ) -> Writer:
        """A writer for rows that arrive little by little; see `write`."""
        stream = _stdout()
        zone = None if self.query else self.zone  # a result may have other things by these names
        if self.long:
            columns = tuple(dict.fromkeys((*table, *csv))) if usual else table
            heading = [name for name in WHO_DID_WHAT if usual and name in table] or table[:1]
            return LongView(stream, columns, heading=heading, bold=self.styled and stream.isatty(), zone=zone)
        if self.format == "table":
            return Table(
                stream,
                table,
                styled=self.styled,
                fit=fit and not self.wide,
                fold=fold,
                zone=zone,
                first=first,
                usual=usual,
                ways=() if self.query else self.ways,
            )
        if self.format == "csv":
            return Csv(stream, csv)
        return JsonList(stream) if self.format == "json" else JsonLines(stream)

    def write_value(self, value: dict[str, Any]) -> None:
        """Writes one JSON object, or the result of the query."""
        self._write_result(value if self.query is None else self.query(value), fit=True)
        sys.stdout.flush()

    def write_table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        priorities: Priorities | None = None,
    ) -> None:
        """Writes a complete table; names of columns and texts have to be printable.

        With `priorities`, columns that do not fit the terminal are left out. In the long view, the first cell of a row
        is its heading.
        """
        if self.long:
            texts = [[cell if isinstance(cell, str) else f"{cell:,}" for cell in row] for row in rows]
            fields = [[field for field in zip(columns[1:], row[1:], strict=True) if field[1]] for row in texts]
            self.write_groups(Group(row[0], found) for row, found in zip(texts, fields, strict=True))
            return
        stream = _stdout()
        before_output(stream)
        fit = priorities is not None and not self.wide
        table = table_writer(stream, columns, styled=self.styled, fit=fit, priorities=priorities)
        table.add(rows)
        sys.stdout.flush()
        tell_left_out(table.left_out, self.ways)

    def write_lines(self, lines: Iterable[str]) -> None:
        """Writes lines for people, which have to be printable."""
        stream = _stdout()
        stream.writelines(f"{line.rstrip()}\n" for line in lines)
        stream.flush()

    def write_groups(self, groups: Iterable[Group]) -> None:
        """Writes names and values under headings, for people; see `groups`."""
        stream = _stdout()
        before_output(stream)
        stream.writelines(f"{line}\n" for line in lines_of(groups, bold=self.styled and stream.isatty()))
        stream.flush()


def _listed(result: Any) -> list[Any]:  # noqa: ANN401 (any JSON value)
    if result is None:
        return []
    return result if isinstance(result, list) else [result]


def _with_columns(value: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON value)
    if isinstance(value, list):
        return {str(number): each for number, each in enumerate(value, 1)}
    return value if isinstance(value, dict) else {"value": value}


def _stdout() -> Any:  # noqa: ANN401 (a text stream, which tests replace)
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every locale can encode every name
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout


def narrate(text: str) -> None:
    """Writes a message for people to stderr: one line, or words that fit a terminal; what it names is escaped."""
    line = printable(text)
    if sys.stderr.isatty():
        import textwrap  # noqa: PLC0415 (terminals only)

        line = textwrap.fill(line, terminal_width(), break_long_words=False, break_on_hyphens=False)
    with without_progress_line():
        click.echo(line, err=True)

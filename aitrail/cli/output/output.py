"""Writes a command's rows to stdout, and messages for people to stderr."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import chain, islice
from typing import Any

import click

from aitrail.cells import printable
from aitrail.cli.output.formats import Csv, JsonLines, JsonList, Table, Writer
from aitrail.cli.output.groups import Group, lines_of
from aitrail.cli.output.table import Cell, TableWriter
from aitrail.dynamodb import items

FORMATS = ("table", "json", "jsonl", "csv")

# The columns of tables that show rows: who did what, when and from where. A terminal has room for the first ones.
ROW_COLUMNS = ("eventTime", "operation", "principal", "service", "resource", "outcome", "awsRegion", "sourceIPAddress")

# The first rows determine the width of a table's columns.
_FIRST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The output of a command: one of FORMATS; `styled` allows bold text and colors on a terminal.

    A `query` is applied to the list of all rows, or to the single value, and its result is shown instead. Tables show
    the times of calls in the time zone `zone`; other formats and results of queries have them as CloudTrail wrote them.
    """

    format: str
    styled: bool
    query: Callable[[Any], Any] | None = None
    zone: tzinfo = UTC

    @property
    def is_table(self) -> bool:
        """Whether the output is a table and not the result of a query; only tables may contain sums among rows."""
        return self.format == "table" and self.query is None

    @property
    def wants_whole_rows(self) -> bool:
        """Whether all attributes of rows are shown, or may be used by a query."""
        return self.query is not None or self.format in ("json", "jsonl")

    def write(
        self,
        rows: Iterable[dict[str, Any]],
        *,
        table: Sequence[str],
        csv: Sequence[str],
        fit: bool = True,
        fold: bool = False,
    ) -> None:
        """Writes rows as they arrive. `table` and `csv` name the columns of these formats; json and jsonl have all.

        With `fit`, a table leaves out columns that do not fit the terminal, or, with `fold`, shows them below their
        row. Raises the errors of reading `rows` and of writing.
        """
        if self.query is None:
            self._write_rows(rows, self.writer(table=table, csv=csv, fit=fit, fold=fold))
        else:
            self._write_result(self.query([items.plain(row) for row in rows]), fit=fit)
        sys.stdout.flush()

    def _write_rows(self, rows: Iterable[Any], writer: Writer) -> None:
        pending = iter(rows)
        size = _FIRST_ROWS if self.format == "table" else 1
        while chunk := list(islice(pending, size)):
            writer.add(chunk)
        writer.end()

    def _write_result(self, result: Any, *, fit: bool) -> None:  # noqa: ANN401 (any JSON value)
        if self.format == "json":
            _stdout().write(json.dumps(result, indent=2, sort_keys=True) + "\n")
        elif self.format == "jsonl":
            self._write_rows(_listed(result), self.writer(table=(), csv=()))
        else:
            rows = [_with_columns(each) for each in _listed(result)]
            columns = tuple(dict.fromkeys(chain.from_iterable(rows)))
            self._write_rows(rows, self.writer(table=columns, csv=columns, fit=fit))

    def writer(self, *, table: Sequence[str], csv: Sequence[str], fit: bool = True, fold: bool = False) -> Writer:
        """A writer for rows that arrive little by little; see `write`."""
        stream = _stdout()
        if self.format == "table":
            zone = None if self.query else self.zone  # a result may have other things by these names
            return Table(stream, table, styled=self.styled, fit=fit, fold=fold, zone=zone)
        if self.format == "csv":
            return Csv(stream, csv)
        return JsonList(stream) if self.format == "json" else JsonLines(stream)

    def write_value(self, value: dict[str, Any]) -> None:
        """Writes one JSON object, or the result of the query."""
        self._write_result(value if self.query is None else self.query(value), fit=True)
        sys.stdout.flush()

    def write_table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Writes a complete table; names of columns and texts have to be printable."""
        stream = _stdout()
        TableWriter(stream, columns, width=None, bold=self.styled and stream.isatty()).add(rows)
        sys.stdout.flush()

    def write_groups(self, groups: Iterable[Group]) -> None:
        """Writes names and values under headings, for people; see `groups`."""
        stream = _stdout()
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
    """Writes one line for people to stderr; names of files and records in it are escaped."""
    click.echo(printable(text), err=True)

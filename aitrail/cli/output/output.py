"""How a command shows its rows on stdout, and what it tells people on stderr."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import click

from aitrail.cells import printable
from aitrail.cli.output.formats import Csv, JsonLines, JsonList, Table, Writer
from aitrail.cli.output.groups import Group, lines_of
from aitrail.cli.output.table import Cell, TableWriter
from aitrail.dynamodb import items

FORMATS = ("table", "json", "jsonl", "csv")

# The exit code of a command that found something that needs a person.
ATTENTION = 4

# The columns of tables that show rows: who did what, when and from where. A terminal has room for the first ones.
ROW_COLUMNS = ("eventTime", "operation", "principal", "service", "resource", "outcome", "awsRegion", "sourceIPAddress")

# The columns of a table are as wide as its first rows ask for.
_FIRST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How a command shows its rows: a format of FORMATS; `styled` allows a terminal's bold and colors.

    A `query` is asked of the list of all rows, or of the one value, and its result is shown in their place.
    """

    format: str
    styled: bool
    query: Callable[[Any], Any] | None = None

    @property
    def is_table(self) -> bool:
        """Whether people see a table, and not what a query finds: only there may sums stand among rows."""
        return self.format == "table" and self.query is None

    @property
    def wants_whole_rows(self) -> bool:
        """Whether every attribute of a row is shown, or may be asked for."""
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
        """Write rows as they come. `table` and `csv` name the columns of these formats; json and jsonl have everything.

        A table leaves out columns for which a terminal has no room, or folds them below their row with `fold`, unless
        not to `fit`. Raises what reading `rows` or writing raises.
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
        """What writes rows that come little by little; see `write`."""
        stream = _stdout()
        if self.format == "table":
            return Table(stream, table, styled=self.styled, fit=fit, fold=fold)
        if self.format == "csv":
            return Csv(stream, csv)
        return JsonList(stream) if self.format == "json" else JsonLines(stream)

    def write_value(self, value: dict[str, Any]) -> None:
        """Write one JSON object, or what the query finds in it."""
        self._write_result(value if self.query is None else self.query(value), fit=True)
        sys.stdout.flush()

    def write_table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Write a table of which everything is known: names of columns, and texts, have to be printable."""
        stream = _stdout()
        TableWriter(stream, columns, width=None, bold=self.styled and stream.isatty()).add(rows)
        sys.stdout.flush()

    def write_groups(self, groups: Iterable[Group]) -> None:
        """Write names and values below headings, for people; see `groups`."""
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


def _stdout() -> Any:  # noqa: ANN401 (a text stream, in tests another)
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every locale can write every name
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout


def narrate(text: str) -> None:
    """One line for people on stderr, whatever names of files and records are in it."""
    click.echo(printable(text), err=True)

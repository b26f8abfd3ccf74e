"""Rows on stdout: table, json, jsonl, csv. Everything in a row may have been chosen by whoever called AWS."""

import csv
import functools
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

import click

from aitrail import items

FORMATS = ("table", "json", "jsonl", "csv")

# The columns of tables that show rows: who did what, when and from where.
ROW_COLUMNS = ("eventTime", "service", "operation", "principal", "resource", "outcome", "awsRegion", "sourceIPAddress")

# What a spreadsheet takes for the beginning of a formula, full-width forms included (OWASP, "CSV Injection"); also
# behind a semicolon, which separates cells where the comma is the decimal sign.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")  # noqa: RUF001 (the full-width forms)
# Wider than any row: the terminal wraps lines, so that what is copied or searched for is in one piece.
_NEVER_FOLDED = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How a command shows its rows: a format of FORMATS; `styled` allows a terminal's bold and colors."""

    format: str
    styled: bool

    def write(self, rows: Iterable[dict[str, Any]], *, table: Sequence[str], csv: Sequence[str]) -> None:
        """Write rows as they come, a table when all are there. `table` and `csv` name the columns of these formats.

        json and jsonl have every attribute. Raises what reading `rows` or writing raises.
        """
        stream = sys.stdout
        if isinstance(stream, io.TextIOWrapper):  # not every locale can write every name
            stream.reconfigure(errors="backslashreplace")
        if self.format == "table":
            _write_table(rows, stream, table, styled=self.styled)
        elif self.format == "csv":
            _write_csv(rows, stream, csv)
        elif self.format == "json":
            _write_json(rows, stream)
        else:
            stream.writelines(_json_line(row) + "\n" for row in rows)
        stream.flush()


def output_options(default: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add -o/--output and --no-color; the command gets them as one Output, `output`.

    Without a default the format is table on a terminal and jsonl when piped.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        note = f"[default: {default or 'table on a terminal, else jsonl'}]"
        choice = click.Choice(FORMATS, case_sensitive=False)

        @click.option("-o", "--output", "format_", type=choice, help=f"Output format.  {note}")
        @click.option("--no-color", is_flag=True, help="No bold and no colors; NO_COLOR does the same.")
        @functools.wraps(command)
        def with_output(*args: Any, format_: str | None, no_color: bool, **options: Any) -> None:  # noqa: ANN401
            chosen = format_ or default or ("table" if sys.stdout.isatty() else "jsonl")
            styled = not (no_color or os.environ.get("NO_COLOR"))
            command(*args, output=Output(format=chosen, styled=styled), **options)

        return with_output

    return decorated


def narrate(text: str) -> None:
    """One line for people on stderr, whatever names of files and records are in it."""
    click.echo(printable(text), err=True)


def printable(text: str) -> str:
    """One line of visible characters: what could steer a terminal or hide itself is shown as its escape."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _write_json(rows: Iterable[dict[str, Any]], stream: IO[str]) -> None:
    separator = "[\n"
    for row in rows:
        stream.write(separator + _json_line(row))
        separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def _json_line(row: dict[str, Any]) -> str:
    # ASCII only: no control character and no lone surrogate reaches the terminal or breaks the encoding.
    return json.dumps(items.plain(row), sort_keys=True)


def _write_csv(rows: Iterable[dict[str, Any]], stream: IO[str], columns: Sequence[str]) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])


def _cell(value: object) -> str:
    text = _text(value)
    return _FORMULA.sub(r"\1'", text) if isinstance(value, str) else text


def _write_table(rows: Iterable[dict[str, Any]], stream: IO[str], columns: Sequence[str], *, styled: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 (--help need not wait for rich)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for row in rows:
        # Text, not str: square brackets in a field are no markup.
        table.add_row(*[Text(_text(row.get(column))) for column in columns])
    if table.row_count:
        color_system: Literal["auto"] | None = "auto" if styled else None
        # Height and width: with one of them alone, rich takes a dumb terminal to have 80 columns.
        console = Console(file=stream, width=_NEVER_FOLDED, height=1, color_system=color_system)
        with console.capture() as shown:
            console.print(table)
        # By our own hand: rich would end the program itself when the reader is gone. In lines: an unbuffered stream
        # (PYTHONUNBUFFERED) does not notice when it gets rid of a part of a long text only.
        stream.writelines(shown.get().splitlines(keepends=True))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return printable(value if isinstance(value, str) else json.dumps(items.plain(value), sort_keys=True))

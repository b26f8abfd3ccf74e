"""Writes a table of rows while they arrive, in lines that fit the terminal if possible."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import IO

import click

from aitrail.cli.output.fitting import GAP, Priorities, Text, fitting, lines_of_row

# Fewer columns would be useless.
_FEWEST = 2
_INDENT = "    "

Cell = str | int | float | Decimal
# The name of a column and the text of a cell -> the text with codes for a terminal, which take no room.
Paint = Callable[[str, str], str]


class TableWriter:
    """Writes rows of cells, chunk by chunk, below the names of the columns.

    With a `width`, columns that do not fit, judging by the first chunk, are left out by their `priorities`; with
    `fold`, their cells are shown below the row instead, each on a line with its column's name. No cell is ever cut: a
    row with a cell that is wider than its column takes more lines if it has to. Texts have to be printable; numbers are
    aligned to the right.
    """

    def __init__(
        self,
        stream: IO[str],
        columns: Sequence[str],
        *,
        width: int | None,
        bold: bool,
        fold: bool = False,
        priorities: Priorities | None = None,
        paint: Paint = lambda _column, text: text,
    ) -> None:
        self._stream = stream
        self._columns = columns
        self._width = width
        self._bold = bold
        self._fold = fold
        self._priorities = priorities or Priorities.of(columns, columns)
        self._paint = paint
        self._widths: dict[int, int] = {}

    @property
    def left_out(self) -> Sequence[str]:
        """The columns that did not fit and are not shown at all."""
        return () if self._fold else [name for _, name in self._beside()]

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Writes rows, each with a cell for every column."""
        if not rows:
            return
        texts = [[_text(_shown(cell), cell) for cell in row] for row in rows]
        if not self._widths:
            header = [_text(name, _sample(rows, place)) for place, name in enumerate(self._columns)]
            fewest = 1 if self._fold else _FEWEST
            columns = [[cell.width for cell in column] for column in zip(header, *texts, strict=True)]
            self._widths = fitting(columns, self._width, self._priorities, fewest=fewest)
            self._write(header, bold=self._bold)
        self._widen({place: max(row[place].width for row in texts) for place in self._widths})
        for row in texts:
            self._write(row)
            if self._fold:
                self._write_below(row)

    def _widen(self, needed: Mapping[int, int]) -> None:
        """Makes room for the cells of later rows, if there is any."""
        wider = {place: max(width, needed[place]) for place, width in self._widths.items()}
        if self._width is None or sum(wider.values()) + GAP * (len(wider) - 1) <= self._width:
            self._widths = wider

    def _write(self, cells: Sequence[Text], *, bold: bool = False) -> None:
        for line in lines_of_row(cells, self._widths, self._width):
            texts = [(spaces, self._painted(place, cells[place].text, bold=bold)) for place, spaces in line]
            text = "".join(" " * spaces + text for spaces, text in texts)
            self._stream.write((click.style(text, bold=True) if bold else text) + "\n")

    def _painted(self, place: int, text: str, *, bold: bool) -> str:
        return text if bold else self._paint(self._columns[place], text)

    def _write_below(self, row: Sequence[Text]) -> None:
        beside = self._beside()
        width = max((len(name) for _, name in beside), default=0)
        for place, name in beside:
            if text := row[place].text:
                self._stream.write(f"{_INDENT}{name:{width}}{' ' * GAP}{text}\n")

    def _beside(self) -> Sequence[tuple[int, str]]:
        """The columns that do not fit."""
        return [(place, name) for place, name in enumerate(self._columns) if self._widths and place not in self._widths]


def widths(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The widths of a table's columns, in terminal cells; `rows` must not be empty."""
    return list(map(max, lengths(columns, rows)))


def lengths(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[list[int]]:
    """The widths of each column's title and cells, in terminal cells."""
    by_column = zip(*rows, strict=True)
    return [
        [_text(name, "").width, *(_text(_shown(cell), cell).width for cell in cells)]
        for name, cells in zip(columns, by_column, strict=True)
    ]


def _sample(rows: Sequence[Sequence[Cell]], place: int) -> Cell:
    """The first cell of the column that is not empty, if there is one."""
    return next((row[place] for row in rows if row[place] != ""), "")


def _shown(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:,}"


def _text(text: str, cell: Cell) -> Text:
    """The text as it stands in the column of such a cell."""
    return Text(text, len(text) if text.isascii() else _width(text), not isinstance(cell, str))


def _width(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 (rich would slow down --help)

    return cell_len(text)

"""Writes a table of rows while they arrive, in lines that fit the terminal if possible."""

from collections.abc import Sequence
from decimal import Decimal
from typing import IO

import click

# Fewer columns would be useless: if these do not fit, the terminal wraps the lines.
_FEWEST = 2
_GAP = "  "
_INDENT = "    "

Cell = str | int | float | Decimal


class TableWriter:
    """Writes rows of cells, chunk by chunk, below the names of the columns.

    With a `width`, columns that do not fit, judging by the first chunk, are left out from the right; with `fold`, their
    cells are shown below the row instead, each on a line with its column's name. No cell is ever cut. Texts have to be
    printable; numbers are aligned to the right.
    """

    def __init__(
        self, stream: IO[str], columns: Sequence[str], *, width: int | None, bold: bool, fold: bool = False
    ) -> None:
        self._stream = stream
        self._columns = columns
        self._width = width
        self._bold = bold
        self._fold = fold
        self._widths: list[int] = []

    @property
    def left_out(self) -> Sequence[str]:
        """The columns that did not fit and are not shown at all."""
        return () if self._fold else self._beside()

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Writes rows, each with a cell for every column."""
        if not rows:
            return
        if not self._widths:
            self._widths = self._fitting(widths(self._columns, rows))
            header = [_aligned(name, _sample(rows, place), self._widths[place]) for place, name in self._shown()]
            self._write(header, bold=self._bold)
        self._widths = [max(pair) for pair in zip(self._widths, widths(self._columns, rows), strict=False)]
        for row in rows:
            self._write([_aligned(_text(row[place]), row[place], self._widths[place]) for place, _ in self._shown()])
            if self._fold:
                self._write_below(row)

    def _write_below(self, row: Sequence[Cell]) -> None:
        names, cells = self._beside(), row[len(self._widths) :]
        width = max(map(len, names), default=0)
        for name, cell in zip(names, cells, strict=True):
            if cell != "":
                self._write([_INDENT + name.ljust(width), _text(cell)])

    def _beside(self) -> Sequence[str]:
        """The columns that do not fit."""
        return self._columns[len(self._widths) :] if self._widths else ()

    def _shown(self) -> list[tuple[int, str]]:
        return list(enumerate(self._columns[: len(self._widths)]))

    def _fitting(self, widths: list[int]) -> list[int]:
        fewest = 1 if self._fold else _FEWEST
        while self._width and len(widths) > fewest and sum(widths) + len(_GAP) * (len(widths) - 1) > self._width:
            widths = widths[:-1]
        return widths

    def _write(self, cells: list[str], *, bold: bool = False) -> None:
        line = _GAP.join(cells).rstrip()
        self._stream.write((click.style(line, bold=True) if bold else line) + "\n")


def widths(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The widths of a table's columns, in terminal cells; `rows` must not be empty."""
    from rich.cells import cell_len  # noqa: PLC0415 (rich would slow down --help)

    by_column = zip(*rows, strict=True)
    return [
        max(cell_len(name), *(cell_len(_text(cell)) for cell in cells))
        for name, cells in zip(columns, by_column, strict=True)
    ]


def _sample(rows: Sequence[Sequence[Cell]], place: int) -> Cell:
    """The first cell of the column that is not empty, if there is one."""
    return next((row[place] for row in rows if row[place] != ""), "")


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:,}"


def _aligned(text: str, cell: Cell, width: int) -> str:
    from rich.cells import cell_len  # noqa: PLC0415 (rich would slow down --help)

    room = " " * (width - cell_len(text))
    return text + room if isinstance(cell, str) else room + text

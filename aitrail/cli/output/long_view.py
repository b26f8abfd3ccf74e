"""-o table --long: each row as names and values below a heading, so that nothing needs a wide terminal."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from itertools import chain
from typing import IO, Any

from aitrail.cli.output.formats import cell_of
from aitrail.cli.output.groups import Group, leaves, lines_of, text_of
from aitrail.cli.output.times import TIME_COLUMNS, titled

_ABSENT = "-"


class LongView:
    """Rows one below the other: the columns of `heading` in a line, then the others that the row has."""

    def __init__(
        self, stream: IO[str], columns: Sequence[str], *, heading: Sequence[str], bold: bool, zone: tzinfo | None
    ) -> None:
        self._stream = stream
        self._heading, self._columns = heading, [name for name in columns if name not in heading]
        self._bold = bold
        self._zone = zone
        self._has_begun = False

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """See Writer."""
        for row in rows:
            if self._has_begun:
                self._stream.write("\n")
            self._has_begun = True
            self._stream.writelines(f"{line}\n" for line in lines_of([self._group(row)], bold=self._bold))

    def end(self) -> None:
        """See Writer."""

    def _group(self, row: dict[str, Any]) -> Group:
        heading = "  ".join(self._text(name, row.get(name)) or _ABSENT for name in self._heading)
        names = [name for name in self._columns if row.get(name) not in (None, "")]
        fields = chain.from_iterable(self._fields(name, row.get(name)) for name in names or self._heading)
        return Group(heading, list(fields))

    def _fields(self, name: str, value: object) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict | list):
            title = titled(name, self._zone) if self._zone and name in TIME_COLUMNS else name
            yield title, self._text(name, value)
            return
        for path, leaf in leaves(value):
            yield ".".join(map(str, (name, *path))), text_of(leaf)

    def _text(self, name: str, value: object) -> str:
        cell = cell_of(name, value, self._zone)
        return cell if isinstance(cell, str) else f"{cell:,}"

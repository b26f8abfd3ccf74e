"""The Parquet files of an export as a source of rows. It answers what the notes say that the files can answer."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

from aitrail.cells import counted
from aitrail.dynamodb import items, tables
from aitrail.questions import (
    EXPORT_NOTES,
    BeyondSourceError,
    Filter,
    Order,
    Row,
    excluded_of,
    is_export,
    selected,
    wanted_of,
)
from aitrail.questions.export.columns import AMOUNT, CHARACTERS, ENGINE, REST, Kind, columns_of
from aitrail.questions.export.folder import file_of
from aitrail.questions.export.formats import parquet_modules
from aitrail.questions.export.notes import Note, Request, Settings, read_notes, read_requests
from aitrail.services import Registry, load
from aitrail.window import BEGINNING, LATEST, Window, joined

# Row groups, each of which is read once while its rows are consumed in order, of each service.
_GROUPS_KEPT = 16
_AT_A_TIME = 200
# What export adds to rows.
_DERIVED = {*AMOUNT, CHARACTERS, ENGINE, REST}
_JSON = {name for name, kind in columns_of(whole=True).items() if kind is Kind.JSON}
_PLACES = {"account": "accounts", "region": "regions"}


def exported_in(paths: Sequence[str], registry: Registry | None = None) -> "ExportedRows":
    """The rows of the folder that an export wrote, which is one of the paths.

    Raises BeyondSourceError if there are other paths beside it, and the errors of ExportedRows.
    """
    folder = next(path for path in paths if is_export(path))
    if len(paths) > 1:
        raise BeyondSourceError(f"{folder} is an export, which can only be asked alone: leave the other paths out.")
    return ExportedRows(Path(folder), registry=registry)


class _PlacedRow(dict[str, Any]):
    """A row with its place: the file, its row group, and the number in that."""

    __slots__ = ("place",)

    def __init__(self, row: Row, place: tuple[Path, int, int]) -> None:
        super().__init__(row)
        self.place = place


class ExportedRows:
    """The rows of a folder that an export wrote. Raises BeyondSourceError for what the files cannot answer.

    Raises it at once if the folder holds files of different exports, of another format or schema.
    """

    by_day = False
    kept_since = filled_since = None

    def __init__(self, folder: Path, *, registry: Registry | None = None) -> None:
        self.folder, self._registry = folder, registry or load()
        content = (folder / EXPORT_NOTES).read_bytes()
        notes, requests = read_notes(content).values(), read_requests(content)
        self._settings = self._checked(notes, requests)
        self._requests = [each for each in requests if each.settings == self._settings]
        # Whoever can write notes must not choose a file elsewhere.
        self._notes = [each for each in notes if each.rows and Path(each.service).name == each.service]
        parquet_modules("ask log files instead")
        self._files_read: set[Path] = set()
        self._rows_read = 0
        self._group = lru_cache(_GROUPS_KEPT)(self._read_group)

    def _checked(self, notes: Iterable[Note], requests: list[Request]) -> Settings:
        """The settings that all files have. Raises BeyondSourceError."""
        if not requests:
            self._refuse("has no notes of a finished export: run the export (again)")
        settings = requests[-1].settings
        if any(note.rows and note.settings != settings for note in notes):
            self._refuse("holds files of different exports: export to an empty folder")
        if settings.schema != "aitrail":
            self._refuse(f"holds {settings.schema.upper()} events, which are no rows: export with --schema aitrail")
        if settings.format != "parquet":
            self._refuse(f"holds {settings.format} files: export with --format parquet")
        return settings

    def _refuse(self, reason: str) -> None:
        raise BeyondSourceError(f"{self.folder} cannot answer: it {reason}.")

    def _refuse_unless_whole(self) -> None:
        if not self._settings.whole:
            self._refuse("has only the indexed columns of calls: export with --whole")

    @property
    def address(self) -> str:
        """See RowSource."""
        return str(self.folder.absolute())

    @property
    def complete(self) -> bool:
        """See RowSource: whether exports of all of its time could read everything."""
        complete = joined(each.window for each in self._requests if each.complete)
        return all(not window.without(complete) for window in self.windows)

    @cached_property
    def windows(self) -> list[Window]:
        """The times of which it has all rows that were asked for, oldest first."""
        return joined(each.window for each in self._requests)

    @property
    def when(self) -> str:
        """The times of which it has rows, as text that can follow a noun."""
        return _text(self.windows)

    def refuse_beyond(self, window: Window) -> None:
        """See BoundedSource."""
        since = self.windows[0].since if window.since <= BEGINNING else window.since
        until = self.windows[-1].until if window.until >= LATEST else window.until
        # A time that is wholly before or after has no end to compare with.
        is_beyond = since >= self.windows[-1].until or until <= self.windows[0].since
        if is_beyond or (since < until and Window(since=since, until=until).without(self.windows)):
            self._refuse(f"has calls {self.when}: ask for less time, or export more")

    def _check(self, wanted: Filter) -> None:
        for service in wanted.services(self._registry):
            own = joined(each.window for each in self._requests if service in each.services)
            if any(window.without(own) for window in self.windows):
                has = f"has calls to {service} only {_text(own)}" if own else f"has no calls to {service}"
                self._refuse(f"{has}: choose with --service, or export the same time of all services")
        for name, values in self._settings.conditions.items():
            if not _meets(wanted, name, values):
                shown = " or ".join(values) if isinstance(values, list) else str(values).lower()
                self._refuse(
                    f"has only calls with {name.replace('_', ' ')} {shown}, and the question needs others, if only to "
                    "count corrected calls: export without that condition"
                )

    def rows(
        self, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
    ) -> Iterator[Row]:
        """See RowSource. Of a time that was not exported, there are no rows: see `refuse_beyond`."""
        self._check(wanted)
        return islice(selected(self._narrow(wanted, window, order), wanted, self.whole), limit)

    def _narrow(self, wanted: Filter, window: Window, order: Order) -> Iterator[Row]:
        first, last = window.bounds
        is_newest = order is Order.NEWEST_FIRST
        streams = []
        for service in wanted.services(self._registry):
            days = sorted((each for each in self._notes if each.service == service), key=lambda note: note.day)
            days = [each for each in days if each.first <= last and first <= each.last]
            streams.append(self._rows_of(days[::-1] if is_newest else days, first, last, is_newest=is_newest))
        if order is Order.ANY:
            for stream in streams:
                yield from stream
        else:
            yield from merge(*streams, key=lambda row: (row["eventTime"], row["eventID"]), reverse=is_newest)

    def _rows_of(self, notes: list[Note], first: str, last: str, *, is_newest: bool) -> Iterator[Row]:
        for note in notes:
            path = self._path(note)
            groups = range(self._file(path).num_row_groups)
            for group in reversed(groups) if is_newest else groups:
                rows = self._decoded(path, note, group, tables.NARROW_COLUMNS)
                self._rows_read += len(rows)
                placed = self._placed(rows, path, group) if self._settings.whole else rows
                for row in reversed(placed) if is_newest else placed:
                    if first <= row["eventTime"] <= last:
                        yield row

    def _placed(self, rows: Sequence[Row], path: Path, group: int) -> Sequence[Row]:
        return [_PlacedRow(row, (path, group, number)) for number, row in enumerate(rows)]

    def _path(self, note: Note) -> Path:
        """The file of a note. Raises BeyondSourceError if it is not the file that was noted."""
        path = file_of(self.folder, note.service, note.day, self._settings.format)
        if path not in self._files_read:
            rows = self._file(path).metadata.num_rows if path.is_file() else 0
            if rows != note.rows:
                self._refuse(f"should have {counted(note.rows, 'row')} in {path}, which has {rows:,}: export again")
            self._files_read.add(path)
        return path

    def _file(self, path: Path) -> Any:  # noqa: ANN401 (untyped)
        _, pq = parquet_modules("")
        return pq.ParquetFile(path)

    def _read_group(self, path: Path, group: int, columns: tuple[str, ...]) -> Any:  # noqa: ANN401 (untyped)
        file = self._file(path)
        present = {*file.schema_arrow.names}
        return file.read_row_group(group, columns=[name for name in (*columns, REST) if name in present])

    def _decoded(self, path: Path, note: Note, group: int, columns: tuple[str, ...]) -> list[Row]:
        table = self._read_group(path, group, columns)
        of_folder = {"service": note.service, "eventDay": note.day}
        return rows_of(table, of_folder, columns)

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """See RowSource. Raises BeyondSourceError if only indexed columns were exported, and more is asked for."""
        rest = iter(rows)
        while batch := list(islice(rest, _AT_A_TIME)):
            # Who gives only an eventID wants to know whether there is such a row, and its columns as far as they go.
            if any(len(row) > 1 for row in batch):
                self._refuse_unless_whole()
            missing = [row["eventID"] for row in batch if not isinstance(row, _PlacedRow)]
            found = self._lookup(missing) if missing else {}
            for row in batch:
                yield self._at(row.place) if isinstance(row, _PlacedRow) else found.get(row["eventID"], row)

    def _at(self, place: tuple[Path, int, int]) -> Row:
        path, group, number = place
        table = self._group(path, group, tuple(columns_of(whole=True))).slice(number, 1)
        return rows_of(table, _of_folder(path), None)[0]

    def _lookup(self, event_ids: list[str]) -> dict[str, Row]:
        _, pq = parquet_modules("")
        known = list(filter(items.is_unicode, event_ids))
        found: dict[str, Row] = {}
        for note in self._notes if known else ():
            path = self._path(note)
            table = pq.read_table(path, filters=[("eventID", "in", known)], partitioning=None)
            found |= {row["eventID"]: row for row in rows_of(table, _of_folder(path), None)}
        return found

    def row(self, event_id: str) -> Row | None:
        """See RowSource. Raises BeyondSourceError if only indexed columns were exported."""
        self._refuse_unless_whole()
        return self._lookup([event_id]).get(event_id)

    def effort(self) -> str:
        """See RowSource."""
        return f"{counted(self._rows_read, 'row')} in {counted(len(self._files_read), 'file')}"


def _text(windows: Iterable[Window]) -> str:
    return ", and ".join(str(each) or "of all time" for each in windows)


def rows_of(table: Any, of_folder: Row, columns: tuple[str, ...] | None) -> list[Row]:  # noqa: ANN401 (untyped)
    """The rows of a table that `typed` made, with only these columns, or all."""
    names = [name for name in table.column_names if name not in _DERIVED]
    values = [_values(name, table.column(name)) for name in names]
    rests = table.column(REST).to_pylist()
    rows = []
    for cells, rest in zip(zip(*values, strict=True), rests, strict=True):
        row = {name: value for name, value in zip(names, cells, strict=True) if value is not None}
        if rest is not None:
            row |= {name: value for name, value in json.loads(rest).items() if _is_wanted(name, columns)}
        rows.append(row | of_folder)
    return rows


def _is_wanted(name: str, columns: tuple[str, ...] | None) -> bool:
    return name not in _DERIVED and (columns is None or name in columns)


def _values(name: str, column: Any) -> list[Any]:  # noqa: ANN401 (untyped)
    if name == "eventTime":
        pa, _ = parquet_modules("")
        return [moment.isoformat() + "Z" for moment in column.cast(pa.timestamp("s")).to_pylist()]
    found: list[Any] = column.to_pylist()
    return [None if text is None else json.loads(text) for text in found] if name in _JSON else found


def _of_folder(path: Path) -> Row:
    service, day = (part.partition("=")[2] for part in path.parts[-3:-1])
    return {"service": service, "eventDay": day}


def _meets(wanted: Filter, name: str, values: list[str] | bool) -> bool:  # noqa: FBT001 (a condition)
    """Whether all calls that a filter wants meet a condition of an export."""
    asked: Any = [wanted.naming.fingerprint] if name == "naming" else getattr(wanted, name)
    if not isinstance(values, list) or name in ("naming", "label"):
        return bool(asked == values if not isinstance(values, list) else sorted(asked) == values)
    some = {*wanted_of(asked)}
    if not some and name in _PLACES:
        some = {*getattr(wanted.needed.origins, _PLACES[name])}
    own, excluded = {*wanted_of(values)}, {*excluded_of(values)}
    return (not own or (bool(some) and some <= own)) and excluded <= {*excluded_of(asked)}

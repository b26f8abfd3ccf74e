"""Plans and runs an export: reads only the service-days that are not complete yet, in continuous stretches of days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec import structs

from aitrail.aws import is_of_network
from aitrail.costs import Prices
from aitrail.dynamodb import items
from aitrail.questions import (
    NO_AMOUNT,
    NOTHING_NAMED,
    CombinedRows,
    CountedRows,
    Filter,
    Order,
    Reading,
    Row,
    RowSource,
    amount_of_call,
    whole_rows,
)
from aitrail.questions.export.columns import columns_of, with_amounts
from aitrail.questions.export.files import Files, Progress
from aitrail.questions.export.folder import ExportError, Folder
from aitrail.questions.export.formats import FORMATS, OCSF, SCHEMAS, Write, writer_of
from aitrail.questions.export.notes import Settings, dates_of
from aitrail.questions.export.ocsf_attributes import ATTRIBUTES
from aitrail.services import Registry, load
from aitrail.window import Day, Window, event_time

# Log files of a day may arrive late.
_LATE = timedelta(hours=24)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of an export.

    `complete` counts service-days that were already complete, `files` the files written, with `rows` in total.
    `removed` counts files of service-days that have no rows any more, `kept` files that would have fewer rows than
    before. `source_complete` is whether everything could be read; if not, the written files do not count as complete.
    """

    complete: int
    files: int
    rows: int
    removed: int
    kept: int
    source_complete: bool

    @property
    def needs_attention(self) -> bool:
        """Whether some files may be incomplete."""
        return bool(self.kept) or not self.source_complete


@dataclass(frozen=True, kw_only=True)
class Export:
    """An export of rows to `folder`, as service=…/eventDay=…/events.<format>, in one of SCHEMAS.

    Unless `force`, a service-day that is complete there is skipped, and no file is replaced by one with fewer rows.
    """

    source: RowSource
    folder: Path
    wanted: Filter
    window: Window
    now: datetime
    format: str = "parquet"
    schema: str = SCHEMAS[0]
    whole: bool = False
    force: bool = False
    registry: Registry = field(default_factory=load)
    prices: Prices = field(default_factory=Prices.read)
    progress: Progress = lambda _service, _day, _rows: None

    def run(self) -> Exported:
        """Writes the files one after another. Raises ExportError, MissingPyarrowError, and the errors of reading.

        Finished files always stay, and the next run continues after them.
        """
        if self.format not in FORMATS:
            raise ExportError(f"{self.format!r} is not a file format: give {', '.join(FORMATS)}.")
        if self.schema not in SCHEMAS:
            raise ExportError(f"{self.schema!r} is not a schema: give {' or '.join(SCHEMAS)}.")
        if self.schema == OCSF and self.format == "csv":
            raise ExportError("Events of OCSF are nested: give the format parquet or jsonl.")
        write = writer_of(self.format, schema=self.schema, whole=self.whole, prices=self._dates)
        try:
            with Folder(self.folder, self._settings, force=self.force) as target:
                return self._run(target, write)
        except OSError as error:
            if is_of_network(error):  # some of botocore's errors are OSErrors
                raise
            raise ExportError(
                f"{error.filename or self.folder}: {error.strerror or error}. Finished files stay; run the same "
                "command to continue."
            ) from error

    def _run(self, target: Folder, write: Write) -> Exported:
        services = self.wanted.services(self.registry)
        days = {service: list(self._open_days(target, service)) for service in services}
        complete = len(services) * len(self.window.days()) - sum(map(len, days.values()))
        days, as_of = self._within_rows(days)
        files = Files(target, write, self.source, self.progress, prices=self._dates)
        stretches = [(service, stretch) for service, own in days.items() for stretch in _stretches(own)]
        counted = CountedRows()
        for service, stretch in stretches:
            wanted, window = self._question(service, stretch)
            rows = self.source.rows(wanted.of_indexes(), window, order=Order.ANY)
            counted.add(rows, Reading.of(self.source, wanted, window, self.now))
        for service, stretch in stretches:
            self._export(files, service, stretch, as_of, counted)
        # Nobody has yet what is still to come.
        first, last = Window(since=self.window.since, until=min(self.window.until, self.now)).bounds
        if first <= last:
            columns = [*(ATTRIBUTES if self.schema == OCSF else columns_of(whole=self.whole))]
            asked = {"first": first, "last": last, "services": list(services), "columns": columns}
            target.note_request(complete=self.source.complete, **asked)
        return Exported(
            complete=complete,
            files=files.files,
            rows=files.rows,
            removed=files.removed,
            kept=files.kept,
            source_complete=self.source.complete,
        )

    @cached_property
    def _dates(self) -> str:
        return dates_of(self.prices)

    @property
    def _are_whole(self) -> bool:
        return self.whole or self.schema == OCSF

    @property
    def _settings(self) -> Settings:
        # The names of the folders contain the services.
        names = [name for name in self.wanted.__struct_fields__ if name not in ("service", "naming", "origins")]
        conditions = {name: getattr(self.wanted, name) for name in names}
        if self.wanted.naming != NOTHING_NAMED:  # other names would be another export
            conditions["naming"] = (self.wanted.naming.fingerprint,)
        return Settings(
            format=self.format,
            whole=self._are_whole,
            schema=self.schema,
            source=self.source.address,
            conditions={
                name: sorted(map(items.encodable, values)) if isinstance(values, tuple) else values
                for name, values in conditions.items()
                if values not in ((), None)
            },
        )

    def _open_days(self, target: Folder, service: str) -> Iterator[Day]:
        """The days to export, oldest first, each with the part that is requested or was exported before."""
        for day in reversed(self.window.days()):
            note = target.note_of(service, day.day)
            if note is None:
                yield day
                continue
            covers = note.first <= day.first and day.last <= note.last
            if self.force or not covers or note.as_of < _complete_from(day):
                # A file that covers more of the day than is requested must not be replaced by one that covers less.
                yield Day(day.day, min(day.first, note.first), max(day.last, note.last))

    def _within_rows(self, days: dict[str, list[Day]]) -> tuple[dict[str, list[Day]], str]:
        """The days from the oldest row to the newest, and the moment up to which rows are known.

        Later events may be in log files that have not arrived yet. Of several sources, the one whose rows end first
        determines that moment: its log files may be late.
        """
        firsts = [own[0].first for own in days.values() if own]
        if not firsts:
            return {}, ""
        services = Filter(service=tuple(service for service, own in days.items() if own))
        known = Window(since=datetime.fromisoformat(min(firsts)), until=max(self.now, self.window.until))
        oldest = next(self.source.rows(services, known, order=Order.OLDEST_FIRST, limit=1), None)
        newest = next(self.source.rows(services, known, order=Order.NEWEST_FIRST, limit=1), None)
        if oldest is None or newest is None:
            return {}, ""
        within = {
            service: [day for day in own if oldest["eventDay"] <= day.day <= newest["eventDay"]]
            for service, own in days.items()
        }
        each = self.source.newest_of_each(services, known) if isinstance(self.source, CombinedRows) else [newest]
        return within, min(event_time(self.now), *("" if row is None else row["eventTime"] for row in each))

    def _question(self, service: str, days: list[Day]) -> tuple[Filter, Window]:
        since, until = datetime.fromisoformat(days[0].first), datetime.fromisoformat(days[-1].last) + _SECOND
        return structs.replace(self.wanted, service=(service,)), Window(since=since, until=until)

    def _export(self, files: Files, service: str, days: list[Day], as_of: str, counted: CountedRows) -> None:
        read = partial(whole_rows, self.source) if self._are_whole else self.source.rows
        rows = read(*self._question(service, days), order=Order.OLDEST_FIRST)
        for day, own in _by_day(days, (self._with_amounts(row, counted) for row in rows)):
            files.write(service, day, own, as_of)

    def _with_amounts(self, row: Row, counted: CountedRows) -> Row:
        counts = counted.counting(row)
        amount = amount_of_call(counts, self.registry, self.prices) if counts else NO_AMOUNT
        return with_amounts(row, amount, self.registry)


def _complete_from(day: Day) -> str:
    end = datetime.fromisoformat(day.day) + timedelta(days=1)
    return (end + _LATE).isoformat() + "Z"


def _stretches(days: Iterable[Day]) -> Iterator[list[Day]]:
    """The days in stretches without gaps: each is one query, whose rows are read ahead from day to day."""
    stretch: list[Day] = []
    for day in days:
        if stretch and datetime.fromisoformat(stretch[-1].last) + _SECOND != datetime.fromisoformat(day.first):
            yield stretch
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch


def _by_day(days: list[Day], rows: Iterable[Row]) -> Iterator[tuple[Day, Iterator[Row]]]:
    """Each day and its rows, which have to be consumed before the next day; `rows` are oldest first."""
    groups = groupby(rows, key=itemgetter("eventDay"))
    nothing: tuple[Any, Iterator[Row]] = (None, iter(()))
    name, own = next(groups, nothing)
    for day in days:
        if day.day != name:
            yield day, iter(())
            continue
        yield day, own
        name, own = next(groups, nothing)

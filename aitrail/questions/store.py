"""The interface of the command line and of programs to the questions about a source of rows."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from msgspec.structs import replace

from aitrail.clock import Clock
from aitrail.dynamodb import tables
from aitrail.moments import MomentError, period_of, span_of, window_of
from aitrail.questions.amounts import COST, MEASURES
from aitrail.questions.columns import columns_of
from aitrail.questions.compared_windows import PREVIOUS, ComparedWindows
from aitrail.questions.comparison import Comparison, checked_measure, notes_of_both
from aitrail.questions.conditions import Conditions, Texts, checked_columns
from aitrail.questions.counting import Reading, Straight
from aitrail.questions.dimensions import dimensions, timeless
from aitrail.questions.filters import Filter
from aitrail.questions.first_and_last import FirstAndLast, Lookback
from aitrail.questions.following import Following
from aitrail.questions.naming import NOTHING_NAMED, Naming
from aitrail.questions.paths import is_export
from aitrail.questions.reach import lacking
from aitrail.questions.scanning import Scan, refuse_missing
from aitrail.questions.selecting import whole_rows
from aitrail.questions.source import (
    BeyondSourceError,
    NotStraightError,
    Order,
    Row,
    RowSource,
    StraightSource,
    answerable,
    reach_of,
)
from aitrail.questions.spellings import EXCLUDES, ConditionError, shown
from aitrail.questions.subtotals import Subtotals
from aitrail.questions.timeline import ANYTHING, DONE_TO, TOUCHED_BY, Timeline
from aitrail.questions.usage import Usage
from aitrail.questions.usage import usage as usage_of
from aitrail.services import Registry, load
from aitrail.timezones import time_zone
from aitrail.window import Window

if TYPE_CHECKING:
    import boto3

    from aitrail.costs import Prices
    from aitrail.questions.export import Exported, Progress

# The start or end of a window; timedeltas and spans such as "7d" are before now.
Moment = str | date | timedelta


class Ends(TypedDict):
    """Both ends of a window, as keyword arguments of questions."""

    since: datetime
    until: datetime


# Fewer characters would be those of too many calls.
SHORTEST_BEGINNING = 4


def _warn(text: str) -> None:
    """Tells the log of the program."""
    import logging  # noqa: PLC0415 (the command reports in its own way)

    logging.getLogger("aitrail").warning(text)


class EventStore:
    """Answers questions about the rows of one source.

    `since` and `until` are datetimes and dates, ISO-8601 texts, spans before now (timedelta(days=7), "7d" or "3mo"),
    "now", or a period, which stands for its start: "today", "last-month", "monday", "2026-11" (see `during`). Those
    without an offset, and the months, weeks, days and hours of `usage`, are in the time zone `timezone`: a name such as
    "Europe/Berlin", "local" (this computer's), or a tzinfo. The eventTime of rows always is in UTC.
    `naming` names teams and networks; see `aitrail.config.Config`, which reads them from a file.
    `registry` has the services, by default aitrail's own; `aitrail.services.load` reads one with your service files.
    Conditions are those of `aitrail.questions.Filter`: one text, or several of which any may match; texts that begin
    with `!` exclude calls. An invalid question raises ConditionError or MomentError immediately, before anything is
    read. Raises TimeZoneError.
    """

    def __init__(  # noqa: PLR0913 (each is a separate choice)
        self,
        source: RowSource,
        *,
        timezone: str | tzinfo = UTC,
        naming: Naming = NOTHING_NAMED,
        registry: Registry | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self._zone = time_zone(timezone)
        self._naming = naming
        self._registry = registry or load()
        self._clock = Clock(now=now, sleep=sleep)

    @classmethod
    def connect(
        cls,
        stack: str = "aitrail",
        *,
        session: "boto3.Session | None" = None,
        timezone: str | tzinfo = UTC,
        naming: Naming = NOTHING_NAMED,
        registry: Registry | None = None,
    ) -> Self:
        """The events table of a deployed stack. Raises StackNotFoundError, TimeZoneError and botocore's errors."""
        import boto3  # noqa: PLC0415 (log files need no AWS)
        from botocore.config import Config  # noqa: PLC0415

        from aitrail.aws import WORKERS, Deployment  # noqa: PLC0415
        from aitrail.questions.table_rows import TableRows  # noqa: PLC0415

        session = session or boto3.Session()
        # Pages and whole rows are fetched in parallel.
        config = Config(retries={"mode": "standard"}, max_pool_connections=2 * WORKERS)
        deployment = Deployment.find(session.client("cloudformation"), stack)
        client = session.client("dynamodb", config=config)
        source = TableRows(
            client,
            deployment.events_table,
            registry=registry,
            retention=deployment.row_retention,
            created=deployment.created,
        )
        return cls(source, timezone=timezone, naming=naming, registry=registry)

    @classmethod
    def read(  # noqa: PLR0913 (each is a separate choice)
        cls,
        *paths: str | PathLike[str],
        session: "boto3.Session | None" = None,
        report: Callable[[str], None] = _warn,
        timezone: str | tzinfo = UTC,
        naming: Naming = NOTHING_NAMED,
        registry: Registry | None = None,
        read_all: bool = False,
        jobs: int = 1,
    ) -> Self:
        """Log files, without any table. Paths are files, folders and s3://bucket/prefix.

        A file is read when the first question is asked that needs it. Unless `read_all`, it is left out if CloudTrail's
        folders and name say that it was delivered before the window, or over a week after it, or is of another account
        or Region. One path may be a folder that `export` wrote in Parquet. `report` is called for files that cannot be
        read, and if there are none. Local files are read in up to `jobs` processes, which import the program's main
        module: more than one needs `if __name__ == "__main__":` there. Raises BadUrlError, TimeZoneError, and
        NoPathError for a path that does not exist.
        """

        def s3() -> Any:  # noqa: ANN401 (boto3 has one overload per service)
            import boto3  # noqa: PLC0415 (local files need no AWS)
            from botocore.config import Config  # noqa: PLC0415 (as above)

            from aitrail.deliveries import OBJECTS_AHEAD  # noqa: PLC0415 (as above)

            config = Config(retries={"mode": "standard"}, max_pool_connections=OBJECTS_AHEAD)
            return (session or boto3.Session()).client("s3", config=config)

        from aitrail.questions.log_file_rows import LogFileRows  # noqa: PLC0415 (imports sqlite3)

        names = [fspath(path) for path in paths]
        refuse_missing(names)
        if any(map(is_export, names)):
            from aitrail.questions.export import exported_in  # noqa: PLC0415 (few programs need it)

            return cls(exported_in(names, registry), timezone=timezone, naming=naming, registry=registry)
        scan = Scan(names, report=report, s3=s3, registry=registry, read_all=read_all, jobs=jobs)
        source = LogFileRows(scan, report=report)
        return cls(source, timezone=timezone, naming=naming, registry=registry)

    @classmethod
    def combined(
        cls,
        *stores: "EventStore",
        timezone: str | tzinfo = UTC,
        naming: Naming = NOTHING_NAMED,
        registry: Registry | None = None,
    ) -> Self:
        """Several stores as one, which gives a call that several of them have once; see `questions.CombinedRows`.

        If one of them reads a table, windows begin in 2013 at the earliest and end tomorrow at the latest. Raises
        ConditionError without stores, and TimeZoneError.
        """
        from aitrail.questions.combined_rows import CombinedRows  # noqa: PLC0415 (few programs need it)

        return cls(
            CombinedRows([store.source for store in stores]), timezone=timezone, naming=naming, registry=registry
        )

    def during(self, period: str | date) -> Ends:
        """`since` and `until` of a whole period, as keyword arguments of questions: `**store.during("last-month")`.

        A period is a date, "today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year",
        "last-year", "monday" to "sunday" (the latest one), or a day, week, month or year as in ISO 8601: "2026-11-21",
        "2026-W47", "2026-11", "2026". Raises MomentError.
        """
        window = period_of(period, self._clock.now(), self._zone)
        return Ends(since=window.since, until=window.until)

    def lacking(self, since: datetime) -> Iterator[str]:
        """A line for people if calls since that time may be missing, as rows have expired or the stack is younger."""
        return lacking(self.source, since, self._zone)

    def _filter(self, conditions: Conditions) -> Filter:
        return Filter.of(self._registry, naming=self._naming, **conditions)

    def _window(self, since: Moment, until: Moment) -> Window:
        now = self._clock.now()
        return reach_of(self.source, window_of(since, until, now, self._zone), now)

    def events(
        self,
        *,
        since: Moment = "7d",
        until: Moment = "now",
        limit: int | None = None,
        oldest_first: bool = False,
        columns: Sequence[str] | None = None,
        **conditions: Unpack[Conditions],
    ) -> Iterator[Row]:
        """Calls, newest first. With `columns`, rows have only these attributes, as far as they have them.

        Whole rows are read without `columns`, or if one of them is not in the indexes.
        """
        order = Order.OLDEST_FIRST if oldest_first else Order.NEWEST_FIRST
        window = self._window(since, until)
        names = None if columns is None else checked_columns(columns)
        are_whole = names is None or not set(names) <= set(tables.NARROW_COLUMNS)
        read = partial(whole_rows, self.source) if are_whole else self.source.rows
        rows = read(self._filter(conditions), window, order=order, limit=_most(limit))
        if names is None:
            return rows
        return ({name: row[name] for name in names if name in row} for row in rows)

    def event(self, event_id: str) -> Row | None:
        """The whole row of one call; None if there is none. An ID may be in upper case.

        Reads one row. If only the beginning of an ID is known, see `beginning_with`. Raises ConditionError if the ID is
        not a text.
        """
        if not isinstance(event_id, str):
            raise ConditionError(f"event_id is {event_id!r}: give a string.")
        found = self.source.row(event_id)
        return self.source.row(event_id.lower()) if found is None and event_id != event_id.lower() else found

    def beginning_with(self, beginning: str, *, since: Moment = "7d", until: Moment = "now") -> Iterator[Row]:
        """The calls of a window whose eventID begins with a text, newest first, with the attributes of indexes.

        The text is no pattern, may be in upper case, and has at least SHORTEST_BEGINNING characters. No index is by
        eventID: all rows of the window are read until the last one is consumed. Raises ConditionError.
        """
        if not isinstance(beginning, str) or len(beginning) < SHORTEST_BEGINNING:
            raise ConditionError(f"The beginning is {shown(beginning)}: give at least {SHORTEST_BEGINNING} characters.")
        rows = self.source.rows(Filter(), self._window(since, until))
        return (row for row in rows if row["eventID"].startswith((beginning, beginning.lower())))

    def usage(  # noqa: PLR0913 (each is a separate choice)
        self,
        *,
        by: Sequence[str] = ("service",),
        since: Moment = "7d",
        until: Moment = "now",
        prices: "Prices | None" = None,
        zeros: bool = False,
        once: bool = False,
        report: Callable[[str], None] = _warn,
        **conditions: Unpack[Conditions],
    ) -> Usage:
        """The measures of each group of calls and, with `prices`, their cost; see `questions.usage`.

        With `zeros`, and only a period (such as day) in `by`, there are also groups without calls, for all periods of
        the window until now or, if these are too many, from the first to the last call. With `once`, the answer from
        log files comes sooner, but they are read again for the next question. `report` is called for what the sums do
        not include, and if there are still too many.
        """
        names, window = dimensions(by, self._naming, self._registry), self._window(since, until)
        wanted = self._filter(conditions)
        found = self._straight_usage(names, window, wanted, prices) if once else None
        if found is None:
            found = self._usage(names, window, wanted, prices)
        for note in found.notes():
            report(note)
        until_now = Window(since=window.since, until=max(window.since, min(window.until, self._clock.now())))
        if zeros and not found.with_zeros(until_now, self._zone):
            report("Times without calls are left out, as there are too many: choose longer periods, or less time.")
        return found

    def compare(  # noqa: PLR0913 (each is a separate choice)
        self,
        *,
        by: Sequence[str] = ("service",),
        measure: str = MEASURES[0],
        to: str | date = PREVIOUS,
        since: Moment = "7d",
        until: Moment = "now",
        prices: "Prices | None" = None,
        report: Callable[[str], None] = _warn,
        **conditions: Unpack[Conditions],
    ) -> Comparison:
        """A measure of each group of calls, or their `cost`, in the window and in another one, and the difference.

        `to` is a period (see `during`), or "previous": the calendar period before the window if it is one, the same
        part of it if the window is not over, otherwise as much time directly before; see `questions.compared_windows`.
        `report` is called for what the sums do not include, and if calls of the other window may be missing. Raises
        DimensionError, also for a period (such as day) in `by`.
        """
        names, now = timeless(dimensions(by, self._naming, self._registry)), self._clock.now()
        windows = ComparedWindows.of(window_of(since, until, now, self._zone), to, now, self._zone)
        windows = windows.readable_in(self.source, now)
        for each in (windows.before, windows.window):
            answerable(self.source, each)
        if checked_measure(measure, self._registry) == COST and prices is None:
            from aitrail.costs import Prices  # noqa: PLC0415 (few questions are about costs)

            prices = Prices.read()
        wanted = self._filter(conditions)
        before, found = (self._usage(names, each, wanted, prices) for each in (windows.before, windows.window))
        for line in (*lacking(self.source, windows.since, self._zone), *notes_of_both(found, before, measure)):
            report(line)
        return Comparison(found, before, names=names, measure=measure, windows=windows)

    def first_and_last(
        self,
        *,
        by: Sequence[str] = ("principal",),
        lookback: str | timedelta = "90d",
        since: Moment = "7d",
        until: Moment = "now",
        report: Callable[[str], None] = _warn,
        **conditions: Unpack[Conditions],
    ) -> FirstAndLast:
        """When each group of calls was first and last seen in the window and in the time before it, the `lookback`.

        Groups that are not in the lookback are new in the window, and those that are only there are silent; see
        `questions.first_and_last`. `report` is called if it cannot be told what is new, and if calls may be missing.
        Raises DimensionError, also for a period (such as day) in `by`, and MomentError if the window is in the future.
        """
        names, window = timeless(dimensions(by, self._naming, self._registry)), self._window(since, until)
        wanted = self._filter(conditions)
        if window.since >= self._clock.now():
            raise MomentError("The window is in the future: nobody can have called or stopped in it.")
        seen = Lookback.of(self.source, window, span_of(lookback))
        earlier = self._usage(names, seen.before, wanted, with_times=True) if seen.before else None
        seen = seen if earlier else seen.without_calls(self.source)
        now = self._usage(names, window, wanted, with_times=True)
        for line in lacking(self.source, seen.since, self._zone):
            report(line)
        if seen.why_not_new:
            report(seen.why_not_new)
        return FirstAndLast(now, earlier, names=names, lookback=seen)

    def _usage(
        self,
        names: Sequence[str],
        window: Window,
        wanted: Filter,
        prices: "Prices | None" = None,
        *,
        with_times: bool = False,
    ) -> Usage:
        """The usage of a window; `with_times` makes the times of first and last calls exact."""
        rows = self.source.rows(wanted.of_indexes(), window, order=Order.ANY)
        reading = Reading.of(self.source, wanted, window, self._clock.now(), with_times=with_times)
        return self._counted(rows, names, prices, reading)

    def _counted(self, rows: Iterable[Row], names: Sequence[str], prices: "Prices | None", reading: Reading) -> Usage:
        naming, registry = self._naming, self._registry
        return usage_of(rows, names, prices, zone=self._zone, naming=naming, registry=registry, reading=reading)

    def _straight_usage(
        self, names: Sequence[str], window: Window, wanted: Filter, prices: "Prices | None"
    ) -> Usage | None:
        """The usage of a window, without keeping rows; None if that is not possible."""
        columns = columns_of(names, wanted, self._registry)
        if not isinstance(self.source, StraightSource) or columns is None:
            return None
        subtotals = Subtotals(names, wanted, window, prices=prices, zone=self._zone, registry=self._registry)
        straight = Straight(self.source, columns, wanted, window, now=self._clock.now(), subtotals=subtotals)
        # Closed here, since other threads wait for it.
        with suppress(NotStraightError), closing(straight.rows()) as rows:
            return self._counted(rows, names, prices, straight.reading)
        return None

    def who(
        self,
        resource: Texts,
        /,
        *,
        since: Moment = "7d",
        until: Moment = "now",
        baseline: str | timedelta = "30d",
        **conditions: Unpack[Conditions],
    ) -> Timeline:
        """Records of calls to a resource, newest first, marking values that the `baseline` before the window lacks.

        `*` stands for anything: all calls, also those that name no resource. Those that name one are `*/*`.
        """
        wanted = self._about("resource", resource, conditions)
        return self._timeline(TOUCHED_BY, since, until, baseline, wanted)

    def what(
        self,
        principal: Texts,
        /,
        *,
        since: Moment = "7d",
        until: Moment = "now",
        baseline: str | timedelta = "30d",
        **conditions: Unpack[Conditions],
    ) -> Timeline:
        """Records of calls by a principal, newest first, marking values that the `baseline` before the window lacks.

        `*` stands for anyone: all calls, also those without a principal.
        """
        return self._timeline(DONE_TO, since, until, baseline, self._about("principal", principal, conditions))

    def _about(self, name: str, value: Texts, conditions: Conditions) -> Filter:
        """The filter with one more condition, the subject of a timeline, of which ANYTHING wants all rows."""
        if name in conditions:
            raise ConditionError(f"{name} is given twice: it already is the first argument.")
        wanted = self._filter(cast("Conditions", {**conditions, name: value}))
        values: tuple[str, ...] = getattr(wanted, name)
        if ANYTHING not in values:
            return wanted
        excluding: dict[str, Any] = {name: tuple(each for each in values if each.startswith(EXCLUDES))}
        return replace(wanted, **excluding)

    def _timeline(
        self,
        columns: Sequence[str],
        since: Moment,
        until: Moment,
        baseline: str | timedelta,
        wanted: Filter,
    ) -> Timeline:
        window, span = self._window(since, until), span_of(baseline)
        timeline = Timeline(self.source, wanted, window, baseline=span, columns=columns, now=self._clock.now())
        if timeline.baseline:
            try:
                answerable(self.source, timeline.baseline)
            except BeyondSourceError as error:
                raise BeyondSourceError(f"{error} The baseline, before the window, may be shorter, or 0d.") from error
        return timeline

    def follow(
        self,
        *,
        lookback: str | timedelta = "1h",
        interval: str | timedelta = "5s",
        whole: bool = True,
        report: Callable[[str], None] = _warn,
        is_temporary: Callable[[Exception], bool] = lambda _: False,
        **conditions: Unpack[Conditions],
    ) -> Iterator[list[Row]]:
        """Calls as their rows appear, each once, in one list per interval; see `aitrail.questions.following`."""
        following = Following(
            source=self.source,
            wanted=self._filter(conditions),
            lookback=span_of(lookback),
            interval=span_of(interval),
            whole=whole,
            report=report,
            is_temporary=is_temporary,
            clock=self._clock,
        )
        return iter(following)

    def export(  # noqa: PLR0913 (each is a separate choice)
        self,
        folder: str | PathLike[str],
        *,
        since: Moment = "7d",
        until: Moment = "now",
        format: str = "parquet",  # noqa: A002 (its name on the command line)
        schema: str = "aitrail",
        whole: bool = False,
        force: bool = False,
        prices: "Prices | None" = None,
        progress: "Progress" = lambda _service, _day, _rows: None,
        **conditions: Unpack[Conditions],
    ) -> "Exported":
        """Writes calls to files in a folder, one for each service and day; see `aitrail.questions.export`.

        With the `schema` "ocsf", files hold events of OCSF's class API Activity, made of whole rows. Costs are at
        `prices`, by default the list prices that come with aitrail.
        """
        from aitrail.costs import Prices  # noqa: PLC0415 (few questions are about costs)
        from aitrail.questions.export import Export  # noqa: PLC0415 (few programs need it)

        now = self._clock.now()
        export = Export(
            source=self.source,
            folder=Path(folder),
            wanted=self._filter(conditions),
            window=window_of(since, until, now, self._zone).clamped(now),
            now=now,
            format=format,
            schema=schema,
            whole=whole,
            force=force,
            progress=progress,
            registry=self._registry,
            prices=prices or Prices.read(),
        )
        return export.run()


def _most(limit: int | None) -> int | None:
    if limit is None:
        return None
    if not isinstance(limit, int) or limit < 0:
        raise ConditionError(f"limit is {limit!r}: give a whole number that is not negative, or None.")
    return limit if limit <= sys.maxsize else None  # islice accepts no larger number, and no source has more rows

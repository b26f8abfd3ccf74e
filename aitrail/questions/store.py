"""The interface of the command line and of programs to the questions about a source of rows."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from aitrail.clock import Clock
from aitrail.dynamodb import tables
from aitrail.moments import period_of, span_of, window_of
from aitrail.questions.conditions import Conditions, Texts, checked_columns
from aitrail.questions.dimensions import dimensions
from aitrail.questions.filters import Filter
from aitrail.questions.following import Following
from aitrail.questions.scanning import Scan, refuse_missing
from aitrail.questions.selecting import whole_rows
from aitrail.questions.source import Order, Row, RowSource
from aitrail.questions.spellings import ConditionError, shown
from aitrail.questions.streams import LONGEST
from aitrail.questions.timeline import DONE_TO, TOUCHED_BY, Timeline
from aitrail.questions.usage import Reading, Usage
from aitrail.questions.usage import usage as usage_of
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

_log = logging.getLogger("aitrail")


class EventStore:
    """Answers questions about the rows of one source.

    `since` and `until` are datetimes and dates, ISO-8601 texts, spans before now (timedelta(days=7), "7d" or "3mo"),
    "now", or a period, which stands for its start: "today", "last-month", "monday", "2026-11" (see `during`). Those
    without an offset, and the months, weeks, days and hours of `usage`, are in the time zone `timezone`: a name such as
    "Europe/Berlin", "local" (this computer's), or a tzinfo. The eventTime of rows always is in UTC.
    Conditions are those of `aitrail.questions.Filter`: one text, or several of which any may match; texts that begin
    with `!` exclude calls. An invalid question raises ConditionError or MomentError immediately, before anything is
    read. Raises TimeZoneError.
    """

    def __init__(
        self,
        source: RowSource,
        *,
        timezone: str | tzinfo = UTC,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self._zone = time_zone(timezone)
        self._clock = Clock(now=now, sleep=sleep)

    @classmethod
    def connect(
        cls,
        stack: str = "aitrail",
        *,
        session: "boto3.Session | None" = None,
        timezone: str | tzinfo = UTC,
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
        return cls(TableRows(client, deployment.events_table, retention=deployment.row_retention), timezone=timezone)

    @classmethod
    def read(
        cls,
        *paths: str | PathLike[str],
        session: "boto3.Session | None" = None,
        report: Callable[[str], None] = _log.warning,
        timezone: str | tzinfo = UTC,
    ) -> Self:
        """Log files, without any table. Paths are files, folders and s3://bucket/prefix.

        The files are read when the first question is asked; `report` is called for those that cannot be read, and if
        there are none. Raises BadUrlError, TimeZoneError, and NoPathError for a path that does not exist.
        """

        def s3() -> Any:  # noqa: ANN401 (boto3 has one overload per service)
            import boto3  # noqa: PLC0415 (local files need no AWS)

            return (session or boto3.Session()).client("s3")

        from aitrail.questions.log_file_rows import LogFileRows  # noqa: PLC0415 (imports sqlite3)

        names = [fspath(path) for path in paths]
        refuse_missing(names)
        return cls(LogFileRows(Scan(names, report=report, s3=s3), report=report), timezone=timezone)

    def during(self, period: str | date) -> Ends:
        """`since` and `until` of a whole period, as keyword arguments of questions: `**store.during("last-month")`.

        A period is a date, "today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year",
        "last-year", "monday" to "sunday" (the latest one), or a day, week, month or year as in ISO 8601: "2026-11-21",
        "2026-W47", "2026-11", "2026". Raises MomentError.
        """
        window = period_of(period, self._clock.now(), self._zone)
        return Ends(since=window.since, until=window.until)

    def _window(self, since: Moment, until: Moment) -> Window:
        now = self._clock.now()
        window = window_of(since, until, now, self._zone)
        return window.clamped(now) if self.source.by_day else window

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
        rows = read(Filter.of(**conditions), window, order=order, limit=_most(limit))
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
        report: Callable[[str], None] = _log.warning,
        **conditions: Unpack[Conditions],
    ) -> Usage:
        """The measures of each group of calls and, with `prices`, their cost; see `questions.usage`.

        With `zeros`, and only a period (such as day) in `by`, there are also groups without calls, for all periods of
        the window until now or, if these are too many, from the first to the last call. `report` is called for what
        the sums do not include, and if there are still too many.
        """
        names, window, wanted = dimensions(by), self._window(since, until), Filter.of(**conditions)
        # What has been corrected, or ends a stream, need not meet the conditions: what no index needs is tested later.
        read = wanted.of_indexes()
        first, last = window.bounds
        reading = Reading(
            matches=replace(wanted, user_agent=()).matcher(),  # user agents are selected where rows are read
            is_within=lambda event_time: first <= event_time <= last,
            find=lambda event_ids: self.source.whole({"eventID": each} for each in event_ids),
            later=self._rows_after(window, read),
        )
        rows = self.source.rows(read, window, order=Order.ANY)
        found = usage_of(rows, names, prices, report=report, zone=self._zone, reading=reading)
        until_now = Window(since=window.since, until=max(window.since, min(window.until, self._clock.now())))
        if zeros and not found.with_zeros(until_now, self._zone):
            report("Times without calls are left out, as there are too many: choose longer periods, or less time.")
        return found

    def _rows_after(self, window: Window, wanted: Filter) -> Iterator[Row]:
        """The rows of the time after a window in which what began in it may end."""
        until = min(window.until, self._clock.now())
        after = Window(since=until, until=until + min(LONGEST, self._clock.now() - until))
        if after.since < after.until:
            yield from self.source.rows(wanted, after, order=Order.ANY)

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
        """Calls to a resource, newest first, marking values that are not in the `baseline` before the window."""
        return self._timeline(TOUCHED_BY, since, until, baseline, _with("resource", resource, conditions))

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
        """Calls by a principal, newest first, marking values that are not in the `baseline` before the window."""
        return self._timeline(DONE_TO, since, until, baseline, _with("principal", principal, conditions))

    def _timeline(
        self,
        columns: Sequence[str],
        since: Moment,
        until: Moment,
        baseline: str | timedelta,
        conditions: Conditions,
    ) -> Timeline:
        wanted, window = Filter.of(**conditions), self._window(since, until)
        return Timeline(self.source, wanted, window, baseline=span_of(baseline), columns=columns)

    def follow(
        self,
        *,
        lookback: str | timedelta = "1h",
        interval: str | timedelta = "5s",
        whole: bool = True,
        report: Callable[[str], None] = _log.warning,
        is_temporary: Callable[[Exception], bool] = lambda _: False,
        **conditions: Unpack[Conditions],
    ) -> Iterator[list[Row]]:
        """Calls as their rows appear, each once, in one list per interval; see `aitrail.questions.following`."""
        following = Following(
            source=self.source,
            wanted=Filter.of(**conditions),
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
        whole: bool = False,
        force: bool = False,
        progress: "Progress" = lambda _service, _day, _rows: None,
        **conditions: Unpack[Conditions],
    ) -> "Exported":
        """Writes calls to files in a folder, one for each service and day; see `aitrail.questions.export`."""
        from aitrail.questions.export import Export  # noqa: PLC0415 (few programs need it)

        now = self._clock.now()
        export = Export(
            source=self.source,
            folder=Path(folder),
            wanted=Filter.of(**conditions),
            window=window_of(since, until, now, self._zone).clamped(now),
            now=now,
            format=format,
            whole=whole,
            force=force,
            progress=progress,
        )
        return export.run()


def _most(limit: int | None) -> int | None:
    if limit is None:
        return None
    if not isinstance(limit, int) or limit < 0:
        raise ConditionError(f"limit is {limit!r}: give a whole number that is not negative, or None.")
    return limit if limit <= sys.maxsize else None  # islice accepts no larger number, and no source has more rows


def _with(name: str, value: Texts, conditions: Conditions) -> Conditions:
    if name in conditions:
        raise ConditionError(f"{name} is given twice: it already is the first argument.")
    return cast("Conditions", {**conditions, name: value})

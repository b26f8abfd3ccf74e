"""The questions that can be asked of a source of rows: what the command line and programs are clients of."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from aitrail import tables
from aitrail.conditions import Conditions, Texts
from aitrail.filters import Filter
from aitrail.following import Following
from aitrail.scanning import Scan
from aitrail.source import Order, Row, RowSource
from aitrail.timeline import DONE_TO, TOUCHED_BY, Timeline
from aitrail.usage import dimensions
from aitrail.usage import usage as usage_of
from aitrail.window import span_of, window_of

if TYPE_CHECKING:
    import boto3

    from aitrail.export import Exported, Progress
    from aitrail.prices import Prices

_log = logging.getLogger("aitrail")


class EventStore:
    """Rows of one source, and the questions about them.

    `since` and `until` are datetimes (naive ones in UTC), ISO-8601 texts, spans before now such as "7d", or "now".
    Conditions are those of `aitrail.filters.Filter`: one text or several of which any will do. Whoever asks amiss gets
    a ConditionError or MomentError at once, before anything is read.
    """

    def __init__(
        self,
        source: RowSource,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self._now = now
        self._sleep = sleep

    @classmethod
    def connect(cls, stack: str = "aitrail", *, session: "boto3.Session | None" = None) -> Self:
        """The events table of a deployed stack. Raises StackNotFoundError and botocore's errors."""
        import boto3  # noqa: PLC0415 (log files need no AWS)
        from botocore.config import Config  # noqa: PLC0415

        from aitrail.deployment import Deployment  # noqa: PLC0415
        from aitrail.paging import WORKERS  # noqa: PLC0415
        from aitrail.table_rows import TableRows  # noqa: PLC0415

        session = session or boto3.Session()
        # Pages and whole rows are read side by side.
        config = Config(retries={"mode": "standard"}, max_pool_connections=2 * WORKERS)
        deployment = Deployment.find(session.client("cloudformation"), stack)
        return cls(TableRows(session.client("dynamodb", config=config), deployment.events_table))

    @classmethod
    def read(
        cls,
        *paths: str | PathLike[str],
        session: "boto3.Session | None" = None,
        report: Callable[[str], None] = _log.warning,
    ) -> Self:
        """Log files, without any table: files, folders, s3://bucket/prefix; `report` hears of what cannot be read.

        They are read when the first question is asked. Raises BadUrlError.
        """

        def s3() -> Any:  # noqa: ANN401 (boto3 has one overload per service)
            import boto3  # noqa: PLC0415 (files of this machine need no AWS)

            return (session or boto3.Session()).client("s3")

        from aitrail.log_file_rows import LogFileRows  # noqa: PLC0415 (imports sqlite3)

        return cls(LogFileRows(Scan([fspath(path) for path in paths], report=report, s3=s3)))

    def events(
        self,
        *,
        since: str | datetime = "7d",
        until: str | datetime = "now",
        limit: int | None = None,
        oldest_first: bool = False,
        columns: Sequence[str] | None = None,
        **conditions: Unpack[Conditions],
    ) -> Iterator[Row]:
        """Calls, newest first. With `columns`, rows have these attributes alone, where they have them at all.

        Whole rows are read where there are no `columns`, or one of them is not in the indexes.
        """
        order = Order.OLDEST_FIRST if oldest_first else Order.NEWEST_FIRST
        window = window_of(since, until, self._now())
        most = None if limit is None or limit > sys.maxsize else limit  # more than an iterator can count is all
        rows = self.source.rows(Filter.of(**conditions), window, order=order, limit=most)
        if columns is None:
            return self.source.whole(rows)
        names = (columns,) if isinstance(columns, str) else tuple(columns)
        if not set(names) <= set(tables.NARROW_COLUMNS):
            rows = self.source.whole(rows)
        return ({name: row[name] for name in names if name in row} for row in rows)

    def event(self, event_id: str) -> Row | None:
        """The whole row of one call; None if there is none."""
        return self.source.row(event_id)

    def usage(
        self,
        *,
        by: Sequence[str] = ("service",),
        since: str | datetime = "7d",
        until: str | datetime = "now",
        prices: "Prices | None" = None,
        report: Callable[[str], None] = _log.warning,
        **conditions: Unpack[Conditions],
    ) -> list[dict[str, Any]]:
        """Calls, errors, denied calls and characters, and with prices their cost, of each group: see `aitrail.usage`.

        `report` hears of characters that have no price.
        """
        names, window = dimensions(by), window_of(since, until, self._now())
        rows = self.source.rows(Filter.of(**conditions), window, order=Order.ANY)
        return usage_of(rows, names, prices, report=report)

    def who(
        self,
        resource: Texts,
        /,
        *,
        since: str | datetime = "7d",
        until: str | datetime = "now",
        baseline: str | timedelta = "30d",
        **conditions: Unpack[Conditions],
    ) -> Timeline:
        """Who touched a resource: its calls, newest first, with marks on what the `baseline` before does not have."""
        return self._timeline(TOUCHED_BY, since, until, baseline, {**conditions, "resource": resource})

    def what(
        self,
        principal: Texts,
        /,
        *,
        since: str | datetime = "7d",
        until: str | datetime = "now",
        baseline: str | timedelta = "30d",
        **conditions: Unpack[Conditions],
    ) -> Timeline:
        """What a principal did: its calls, newest first, with marks on what the `baseline` before does not have."""
        return self._timeline(DONE_TO, since, until, baseline, {**conditions, "principal": principal})

    def _timeline(
        self,
        columns: Sequence[str],
        since: str | datetime,
        until: str | datetime,
        baseline: str | timedelta,
        conditions: Conditions,
    ) -> Timeline:
        wanted, window = Filter.of(**conditions), window_of(since, until, self._now())
        return Timeline(self.source, wanted, window, baseline=_span(baseline), columns=columns)

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
        """Calls as their rows appear, each once, a list at every interval: see `aitrail.following`."""
        following = Following(
            source=self.source,
            wanted=Filter.of(**conditions),
            lookback=_span(lookback),
            interval=_span(interval),
            whole=whole,
            report=report,
            is_temporary=is_temporary,
            now=self._now,
            sleep=self._sleep,
        )
        return iter(following)

    def export(  # noqa: PLR0913 (each is a choice of its own)
        self,
        folder: str | PathLike[str],
        *,
        since: str | datetime = "7d",
        until: str | datetime = "now",
        format: str = "parquet",  # noqa: A002 (its name on the command line)
        whole: bool = False,
        place: str = "",
        force: bool = False,
        progress: "Progress" = lambda _service, _day, _rows: None,
        **conditions: Unpack[Conditions],
    ) -> "Exported":
        """Calls as files below a folder, one for each service and day: see `aitrail.export`."""
        from aitrail.export import Export  # noqa: PLC0415 (few programs need it)

        now = self._now()
        export = Export(
            source=self.source,
            folder=Path(folder),
            wanted=Filter.of(**conditions),
            window=window_of(since, until, now),
            now=now,
            format=format,
            whole=whole,
            place=place,
            force=force,
            progress=progress,
        )
        return export.run()


def _span(value: str | timedelta) -> timedelta:
    return span_of(value) if isinstance(value, str) else value

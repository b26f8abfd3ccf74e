"""How far back a source of rows reaches: what it cannot have, and what it may lack. Pure."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from aitrail.calendars import local_time
from aitrail.questions.source import RowSource


def lacking(source: RowSource, since: datetime, zone: tzinfo) -> Iterator[str]:
    """A line for people if calls since that time may be missing; none if the source reaches back that far."""
    kept, filled = source.kept_since, source.filled_since
    if kept and since < kept and (filled is None or filled <= kept):
        yield f"Rows of calls before {local_time(kept.replace(microsecond=0), zone)} have expired: they are missing."
    elif filled and since < filled:
        yield (
            f"The stack was created at {local_time(filled.replace(microsecond=0), zone)}: of the time before, only "
            "calls that were imported (import-history) or ingested from older log files (backfill) are there."
        )

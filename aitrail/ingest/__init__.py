"""Ingests deliveries: the one path into both tables.

In: the body of a message; out: rows, rejects and a ledger entry. It knows nothing about Lambda, Powertools or the
environment: `lambdas/` connects them to it.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.ingest.events_table import WRITERS, EventsTable
    from aitrail.ingest.fetching import Fetcher, expiry, known_fields
    from aitrail.ingest.ingestion import Ingestion
    from aitrail.ingest.log_file import LogFileIngestion
    from aitrail.ingest.log_line import line_of
    from aitrail.ingest.metrics import ROWS, ROWS_DIMENSIONS, SECONDS, Ingested, published
    from aitrail.ingest.prefetch import FILES_AHEAD
    from aitrail.ingest.review import Review
    from aitrail.ingest.time_shares import TimeShares
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        prefetch=("FILES_AHEAD",),
        events_table=("EventsTable", "WRITERS"),
        fetching=("Fetcher", "expiry", "known_fields"),
        ingestion=("Ingestion",),
        log_file=("LogFileIngestion",),
        log_line=("line_of",),
        metrics=("Ingested", "ROWS", "ROWS_DIMENSIONS", "SECONDS", "published"),
        review=("Review",),
        time_shares=("TimeShares",),
    )

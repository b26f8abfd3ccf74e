"""Finds log files that no digest lists.

A log file is unproven if no digest lists it once its hour is closed, or if it arrives late and no digest has listed it
before. It stays unproven until `aitrail.ingest.review` decides.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aitrail.deliveries import DIGEST_FOLDER, LOG_FOLDERS, LogKey, delivered_at, log_key_of
from aitrail.digests.coverage import MARGIN, Span, is_closed
from aitrail.ledger import UNLISTED, UNPROVEN, Ledger, LedgerReader
from aitrail.window import days_between, parse_time

# The digest that arrives may be the last one needed to close this much time before it.
_CLOSING = timedelta(hours=2)
# A log file read so long after the time in its name may arrive after the last digest that would check it.
LATE = _CLOSING


def digest_prefix(bucket: str, key: LogKey) -> str:
    """The common prefix of the names of all digests of an object's account and Region."""
    return f"s3://{bucket}/{key.folder(DIGEST_FOLDER)}"


def spans_of(reader: LedgerReader, digests: str, since: datetime, until: datetime) -> list[Span]:
    """The spans of the digests with that prefix that were delivered on the days from `since` to `until`."""
    return [
        span
        for day in days_between(since, until)
        for entry in reader.of_day(day, begins_with=f"{digests}{day.replace('-', '/')}/")
        if (span := Span.of(entry))
    ]


def mark_unproven(ledger: Ledger, reader: LedgerReader, entry: Mapping[str, Any]) -> None:
    """Marks log files that no digest lists, in the hours that this digest closes; its `entry` must be in the ledger.

    All signed digests close hours here: whether one is tampered depends on digests that may come later, and a review
    decides before a file becomes unlisted.
    """
    own = Span.of(entry)
    bucket, _, name = entry["logFile"].removeprefix("s3://").partition("/")
    key = log_key_of(name)
    if key is None or own is None or not own.signed:
        return
    first, last = own.start - _CLOSING, own.end + MARGIN
    spans = spans_of(reader, digest_prefix(bucket, key), first - MARGIN, last + 2 * MARGIN)
    # The reader may not return the entry yet.
    spans = [*(span for span in spans if span.log_file != own.log_file), own]
    spans = [replace(span, verified=span.signed) for span in spans]
    for folder in LOG_FOLDERS:
        for day in days_between(first, last):
            for found in reader.of_day(day, begins_with=f"s3://{bucket}/{key.folder(folder, day)}"):
                named = delivered_at(found["logFile"])
                at = parse_time(named) if named else None
                if at is None or not (first <= at < last and _may_be_unproven(found)):
                    continue
                # No digest will ever cover the time before the first one.
                if is_closed(at, spans) or (own.begins and at < own.start):
                    ledger.doubt(found["logFile"], UNPROVEN)


def _may_be_unproven(entry: dict[str, Any]) -> bool:
    """Whether possibly no digest lists it, regardless of other problems; the ledger checks again."""
    return entry.get("verifiedBy") is None and entry.get("problem") not in (UNPROVEN, UNLISTED)

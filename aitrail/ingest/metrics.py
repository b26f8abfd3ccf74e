"""The outcome of a delivery, as counts by metric and as details for the log."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aitrail.deliveries import Kind
from aitrail.dynamodb import items
from aitrail.ledger import DigestEntry, Entry
from aitrail.window import parse_time

if TYPE_CHECKING:
    from aitrail.ingest.row_counts import RowCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """The outcome of one message or delivery: counts by metric name (METRICS), and details for the log.

    `rows` are the rows that were written by service and outcome, empty where the stack has no dashboard.
    """

    status: str
    metrics: dict[str, int]
    rows: Mapping[tuple[str, str], int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


# Count in the entry of a file that was read -> its metric.
_COUNTS = {
    "records": "Records",
    "wanted": "WantedRecords",
    "written": "RowsWritten",
    "rejected": "RejectedRecords",
    "expired": "ExpiredRecords",
    "duplicates_in_file": "DuplicatesInFile",
}
# One new name of a service is enough to find out about it; a hostile file may have a thousand.
_NAMED_SOURCES = 20
_STATUS_METRICS = {
    "ingested": "IngestedFiles",
    "unreadable": "UnreadableFiles",
    "missing": "MissingFiles",
    "archived": "ArchivedFiles",
}
_DIGEST_STATUS_METRICS = {"missing": "MissingDigests", "archived": "ArchivedFiles"}
_OBJECT_METRICS = {
    Kind.DIGEST: "DigestFiles",
    Kind.INSIGHT: "InsightFiles",
    Kind.AGGREGATED: "AggregatedFiles",
    Kind.FOLDER: "FolderMarkers",
    Kind.CONFIG: "ConfigFiles",
    Kind.OTHER: "OtherObjects",
}
# Sums of metrics, each watched by one alarm: one alarm costs as much as reading a hundred thousand log files.
SUMS = {
    "UnreadFiles": ("UnreadableFiles", "MissingFiles", "ArchivedFiles"),
    "ChangedFiles": ("TamperedFiles", "RemovedFiles"),
    "DigestProblems": ("InvalidDigests", "BrokenChains", "MissingDigests", "RegionsWithoutDigests"),
    "NotRecorded": ("UnknownSources", "RefusedDeliveries"),
}
# The metric of rows that has more dimensions than the others, and these.
ROWS, ROWS_DIMENSIONS = "Rows", ("awsService", "outcome")
# Spans of time, in seconds; all others are counts.
SECONDS = ("DeliveryDelay", "ProofAge")
# What only the dashboard shows: CloudWatch charges for each metric, so they are not published without it.
OF_DASHBOARD = ("DeliveryDelay", "ProofAge", "Characters")
METRICS = (
    *_COUNTS.values(),
    *_STATUS_METRICS.values(),
    *_OBJECT_METRICS.values(),
    "SkippedFiles",
    "RefusedDeliveries",
    "UnknownObjects",
    "TestMessages",
    "FailedMessages",
    "TableThrottles",
    "UnknownSources",
    "VerifiedFiles",
    "AwaitedFiles",
    "TamperedFiles",
    "RemovedFiles",
    "UnlistedFiles",
    "RegionsWithoutDigests",
    "SilentAccounts",
    "AnnouncedAgain",
    "VerifiedDigests",
    "InvalidDigests",
    "UnverifiableDigests",
    "UnverifiableRegions",
    "BrokenChains",
    "MissingDigests",
    *OF_DASHBOARD,
    *SUMS,
)


def published(metrics: Mapping[str, int], *, is_backfill: bool = False) -> dict[str, int]:
    """The counts as they are published, with the sums that alarms watch.

    A file that a backfill announces was stored long ago: that is no delay.
    """
    sums = {name: sum(metrics.get(part, 0) for part in parts) for name, parts in SUMS.items()}
    left_out = {"DeliveryDelay"} if is_backfill else set()
    return {name: count for name, count in metrics.items() if name not in left_out} | {
        name: count for name, count in sums.items() if count
    }


def not_read(log_file: str, kind: Kind) -> Ingested:
    """The outcome for an object that contains no records."""
    return Ingested(status=kind, metrics={_OBJECT_METRICS[kind]: 1}, details={"logFile": log_file})


def of_log_file(
    entry: Entry, after: Mapping[str, Any], unknown_sources: Mapping[str, int], rows: "RowCounts | None" = None
) -> Ingested:
    """The outcome for a log file; `after` is the resulting entry in the ledger, `rows` for the dashboard."""
    counts = {metric: getattr(entry, name) or 0 for name, metric in _COUNTS.items()}
    counts |= {_STATUS_METRICS[entry.status]: 1, "UnknownSources": sum(unknown_sources.values())}
    # JSON may contain lone surrogates, the log may not.
    sources = {items.encodable(source): count for source, count in Counter(unknown_sources).most_common(_NAMED_SOURCES)}
    details = {
        "logFile": entry.log_file,
        "reason": entry.reason,
        "unknownSources": sources,
        "moreUnknownSources": len(unknown_sources) - len(sources),
    }
    proof = {
        "VerifiedFiles": int(entry.was_read and after.get("verifiedBy") is not None),
        "TamperedFiles": int(entry.was_read and after.get("problem") in ("tampered", "replaced")),
        "RemovedFiles": _removals(entry),
    }
    shown = {"Characters": rows.characters} if rows else {}
    # No delay is a delay of 0, not one that is unknown.
    delay = {} if rows is None or (seconds := _delay(entry)) is None else {"DeliveryDelay": seconds}
    return Ingested(
        status=entry.status,
        metrics={name: count for name, count in (counts | proof | shown).items() if count} | delay,
        rows=rows.by_outcome if rows else {},
        details={name: value for name, value in details.items() if value} | counts,
    )


def skipped(log_file: str, broken: Mapping[str, str] | None = None) -> Ingested:
    """The outcome for a delivery that is done already; `broken` as for `of_digest`."""
    metrics = {"SkippedFiles": 1} | ({"BrokenChains": len(broken)} if broken else {})
    return Ingested(
        status="skipped", metrics=metrics, details={"logFile": log_file} | ({"broken": dict(broken)} if broken else {})
    )


def of_digest(
    entry: DigestEntry, after: Mapping[str, Any], counts: Mapping[str, int], broken: Mapping[str, str]
) -> Ingested:
    """The outcome for a digest; `after` is the resulting entry in the ledger, `counts` come from its reconciliation.

    `broken` are the reasons why digests, by name, turned out to break a chain when this one arrived.
    """
    metrics = {_OBJECT_METRICS[Kind.DIGEST]: 1, **counts}
    if entry.status in _DIGEST_STATUS_METRICS:
        metrics[_DIGEST_STATUS_METRICS[entry.status]] = 1
    if breaks := (after.get("problem") == "tampered") + len(broken):
        metrics["BrokenChains"] = metrics.get("BrokenChains", 0) + breaks
    if _removals(entry):
        metrics["RemovedFiles"] = 1
    reasons = {"reason": entry.reason, "broken": dict(broken)}
    return Ingested(
        status=f"digest {entry.status}",
        metrics=metrics,
        details={"logFile": entry.log_file} | {name: value for name, value in reasons.items() if value} | metrics,
    )


def of_removal(log_file: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Ingested:
    """The outcome for an object that is said to be removed; the entry in the ledger shows what was found."""
    is_found = "removedAt" in after and "removedAt" not in before
    status = "removed" if "removedAt" in after else "not removed"
    return Ingested(
        status=status,
        metrics={"RemovedFiles": 1} if is_found else {"SkippedFiles": 1},
        details={"logFile": log_file},
    )


def _delay(entry: Entry) -> int | None:
    """The seconds from when S3 stored an object until its entry was written; None if it was not read."""
    if entry.stored_at is None or entry.ingested_at is None or not entry.was_read:
        return None
    return max(0, int((parse_time(entry.ingested_at) - parse_time(entry.stored_at)).total_seconds()))


def _removals(entry: Entry) -> int:
    """1 if reading the object has shown that it was deleted, 0 if not, or if that was known before."""
    return int(entry.removed_at is not None and entry.removed_at == entry.ingested_at)

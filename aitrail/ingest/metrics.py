"""The outcome of a delivery, as counts by metric and as details for the log."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aitrail.deliveries import Kind
from aitrail.dynamodb import items
from aitrail.ledger import DigestEntry, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """The outcome of one message or delivery: counts by metric name (METRICS), and details for the log."""

    status: str
    metrics: dict[str, int]
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
METRICS = (
    *_COUNTS.values(),
    *_STATUS_METRICS.values(),
    *_OBJECT_METRICS.values(),
    "SkippedFiles",
    "RefusedDeliveries",
    "UnknownObjects",
    "TestMessages",
    "FailedMessages",
    "UnknownSources",
    "VerifiedFiles",
    "AwaitedFiles",
    "TamperedFiles",
    "RemovedFiles",
    "UnlistedFiles",
    "RegionsWithoutDigests",
    "AnnouncedAgain",
    "VerifiedDigests",
    "InvalidDigests",
    "UnverifiableDigests",
    "BrokenChains",
    "MissingDigests",
    *SUMS,
)


def with_sums(metrics: Mapping[str, int]) -> dict[str, int]:
    """The counts, with the sums that alarms watch."""
    sums = {name: sum(metrics.get(part, 0) for part in parts) for name, parts in SUMS.items()}
    return {**metrics, **{name: count for name, count in sums.items() if count}}


def not_read(log_file: str, kind: Kind) -> Ingested:
    """The outcome for an object that contains no records."""
    return Ingested(status=kind, metrics={_OBJECT_METRICS[kind]: 1}, details={"logFile": log_file})


def of_log_file(entry: Entry, after: Mapping[str, Any], unknown_sources: Mapping[str, int]) -> Ingested:
    """The outcome for a log file; `after` is the resulting entry in the ledger."""
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
    return Ingested(
        status=entry.status,
        metrics={name: count for name, count in (counts | proof).items() if count},
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


def _removals(entry: Entry) -> int:
    """1 if reading the object has shown that it was deleted, 0 if not, or if that was known before."""
    return int(entry.removed_at is not None and entry.removed_at == entry.ingested_at)

"""The status as JSON for monitoring; all names are always present. Pure."""

from datetime import datetime, timedelta
from typing import Any

from aitrail.status.arrivals import COUNTS, Origin
from aitrail.status.facts import Status
from aitrail.status.findings import Finding, needing_attention, worth_knowing
from aitrail.status.problems import Problem
from aitrail.status.queues import Queue
from aitrail.window import event_time

FILE_STATUSES = ("ingested", "unreadable", "missing", "archived", "awaited")
DIGEST_STATUSES = ("verified", "invalid", "unverifiable", "missing", "archived", "awaited")


def report_of(status: Status) -> dict[str, Any]:
    """The status as a dict: times are in UTC, spans in seconds, unknown values null."""
    findings, arrivals = needing_attention(status), status.arrivals
    lags = status.lags or (None, None)
    return {
        "healthy": not findings,
        "findings": [_finding(each) for each in findings],
        "notes": [_finding(each) for each in worth_knowing(status)],
        "now": event_time(status.now),
        "since": event_time(arrivals.window.since),
        "until": event_time(arrivals.window.until),
        "queues": {
            "deliveries": _queue(status.queues.deliveries),
            "backfill": _queue(status.queues.backfill),
            "deadLetters": _queue(status.queues.dead_letters),
        },
        "files": {name: arrivals.files[name] for name in FILE_STATUSES},
        "digests": {name: arrivals.digests[name] for name in DIGEST_STATUSES},
        "records": {name: arrivals.records[name] for name in COUNTS},
        "problems": {name: _problem(problem) for name, problem in status.problems.items()},
        "rejectedRecords": _problem(status.rejected_records),
        "importedRows": status.imported_rows,
        "outdatedFiles": arrivals.outdated,
        "unprovenFiles": status.unproven_files,
        "lag": {"medianSeconds": _seconds(lags[0]), "longestSeconds": _seconds(lags[1])},
        "newestDeliveries": [
            _origin(each.origin) | {"deliveredAt": event_time(each.delivered_at), "lagSeconds": _seconds(each.lag)}
            for each in status.newest
        ],
        "digestChains": [
            _origin(chain.origin)
            | {
                "trail": chain.trail,
                "newestEnd": event_time(chain.newest),
                "ageSeconds": _seconds(chain.age),
                "overdue": chain.is_overdue,
                "gaps": [_gap(*gap) for gap in chain.gaps],
                "unverifiedSeconds": _seconds(chain.unverified),
            }
            for chain in status.chains
        ],
        "withoutDigests": [_origin(origin) for origin in status.without_digests],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding.finding,
        "count": finding.count,
        "more": finding.is_more,
        "what": finding.what,
        "whatToDo": finding.what_to_do,
        "examples": list(finding.examples),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "waiting": queue.waiting,
        "inFlight": queue.in_flight,
        "delayed": queue.delayed,
        "oldestSeconds": _seconds(queue.oldest),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"count": problem.count, "more": problem.is_more}


def _origin(origin: Origin) -> dict[str, Any]:
    return origin._asdict()


def _gap(begin: datetime, end: datetime) -> dict[str, str]:
    return {"since": event_time(begin), "until": event_time(end)}


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())

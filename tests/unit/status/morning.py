"""The state of a deployment at 10:30: ledger entries and queues, and the resulting status."""

from dataclasses import replace
from datetime import timedelta

from aitrail.ledger import PROBLEMS
from aitrail.status import Arrivals, Origin, Problem, Queue, Queues, Status
from aitrail.window import Window, format_time
from tests.shared.ledger_entries import RECORDED_WITH, digest_entry, file_entry, log_file
from tests.shared.signed_digests import at

NOW = at("10:30")
DAY = Window(since=NOW - timedelta(days=1), until=NOW)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HERE = Origin("111122223333", "eu-west-1")
QUIET = Queues(deliveries=Queue(), backfill=Queue(), dead_letters=Queue())
# Digests for all hours until 10:00.
CHAIN = [digest_entry(f"{hour:02}:00") for hour in range(1, 11)]
PROVED = file_entry("08:35", verifiedBy="s3://b/k")


def arrivals_of(*entries, window=DAY, **options):
    arrivals = Arrivals(window=window, recorded_with=RECORDED_WITH, **options)
    arrivals.add_all(entries)
    return arrivals


def status_of(*entries, window=DAY, queues=QUIET, imported_rows=0, now=NOW, **problems):
    """The status for these entries; `problems` are entries by problem."""
    return Status.of(
        arrivals_of(*entries, window=window),
        queues=queues,
        problems={name: Problem.of(problems.get(name, ()), now) for name in PROBLEMS},
        rejected_records=Problem(count=len(problems.get("rejects", ()))),
        imported_rows=imported_rows,
        now=now,
    )


def with_problem(count=1, **changes):
    return [{"logFile": log_file("08:35", unique=f"{number}"), "entry": "file", **changes} for number in range(count)]


def queues(**changes):
    return {"queues": replace(QUIET, **changes)}


TWELVE_HOURS_AGO = format_time(NOW - 12 * HOUR)
LONGER_AGO = format_time(NOW - 12 * HOUR - timedelta(seconds=1))

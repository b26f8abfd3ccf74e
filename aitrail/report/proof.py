"""What the ledger says of the log files of a window: whether the numbers of a report are complete. Pure but reading."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aitrail.cells import counted
from aitrail.ledger import LedgerReader
from aitrail.rows import recorded_with
from aitrail.services import load
from aitrail.status import ATTRIBUTES, Arrivals, chains_of, unproven_files, without_digests
from aitrail.window import Window

# Status of a file in the ledger -> why its calls are not counted.
_NOT_READ = {
    "awaited": "listed by a digest, but not delivered yet",
    "missing": "no longer in the bucket",
    "unreadable": "could not be read",
    "archived": "in an archive of S3",
}


def proof_of(reader: LedgerReader, window: Window, now: datetime) -> dict[str, Any]:
    """Counts the log files that were delivered in the window, and what is in the way of a proof. Raises botocore's errors.

    `verified` files are those whose content a signed digest confirms. `inTheWay` is a list of sentences, empty if there
    is nothing: all that was delivered was ingested and is verified, except for the last hours, which have no digests yet.
    """
    arrivals = Arrivals(window=window, recorded_with=recorded_with(load(), None))
    days = (day.day for day in window.clamped(now).days())
    arrivals.add_all(reader.of_days(days, names=ATTRIBUTES))
    files = arrivals.files
    return {
        "delivered": files.total() - files["awaited"],
        "ingested": files["ingested"],
        "verified": arrivals.verified,
        "records": arrivals.records["records"],
        "rows": arrivals.records["written"],
        "rejected": arrivals.records["rejected"],
        "digests": arrivals.digests["verified"],
        "inTheWay": list(_in_the_way(arrivals, now)),
    }


def _in_the_way(arrivals: Arrivals, now: datetime) -> Iterator[str]:
    if arrivals.are_none:
        yield "The ledger has no deliveries of this time: nothing proves that there were no calls."
    for status, why in _NOT_READ.items():
        if files := arrivals.files[status]:
            yield f"{counted(files, 'log file')} {'is' if files == 1 else 'are'} {status}: {why}."
    if rejected := arrivals.records["rejected"]:
        yield f"{counted(rejected, 'record')} could not become a row: `aitrail rejects` lists them."
    if unproven := unproven_files(arrivals):
        yield f"{counted(unproven, 'log file')} {'is' if unproven == 1 else 'are'} in no digest of their hour."
    for status, digests in sorted(arrivals.digests.items()):
        if status != "verified":
            yield f"{counted(digests, 'digest')} {'is' if digests == 1 else 'are'} {status}."
    if origins := without_digests(arrivals):
        yield f"{counted(len(origins), 'account and Region')} with log files, but without digests: nothing proves them."
    if broken := [chain for chain in chains_of(arrivals, now) if chain.gaps or chain.is_overdue]:
        yield f"{counted(len(broken), 'chain')} of digests with gaps, or without a digest for over three hours."

"""What the ledger says of the log files of a window: whether the numbers of a report are complete."""

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

# Accounts and Regions that a sentence names.
_NAMED = 5


def proof_of(reader: LedgerReader, window: Window, now: datetime) -> dict[str, Any]:
    """Counts the log files that were delivered in the window, and what is in the way of a proof.

    `verified` files are those whose content a signed digest confirms. `inTheWay` is a list of sentences, empty if there
    is nothing: then the files that are not verified are those of the last hours, whose digests are still to come.
    Raises botocore's errors.
    """
    arrivals = Arrivals(window=window, recorded_with=recorded_with(load(), None))
    days = (day.day for day in window.clamped(now).days())
    arrivals.add_all(reader.of_days(days, names=ATTRIBUTES))
    files, records = arrivals.files, arrivals.records
    return {
        "delivered": files.total() - files["awaited"],
        "ingested": files["ingested"],
        "verified": arrivals.verified,
        "records": records["records"],
        "rows": records["written"],
        "rejected": records["rejected"],
        "digests": arrivals.digests["verified"],
        "inTheWay": [*_of_files(arrivals), *_of_digests(arrivals, now)],
    }


def _of_files(arrivals: Arrivals) -> Iterator[str]:
    if arrivals.are_none:
        yield "The ledger has no deliveries of this time: nothing proves that there were no calls."
    for status, why in _NOT_READ.items():
        if files := arrivals.files[status]:
            yield f"{_some(files, 'log file')} {status}: {why}."
    if rejected := arrivals.records["rejected"]:
        yield f"{counted(rejected, 'record')} could not become a row: `aitrail rejects` lists them."


def _of_digests(arrivals: Arrivals, now: datetime) -> Iterator[str]:
    if unproven := unproven_files(arrivals):
        yield f"{_some(unproven, 'log file')} in no digest of their hour."
    for status, digests in sorted(arrivals.digests.items()):
        if status != "verified":
            yield f"{_some(digests, 'digest')} {status}."
    if origins := without_digests(arrivals):
        named = ", ".join(" in ".join(origin) for origin in origins[:_NAMED])
        more = f" and {len(origins) - _NAMED} more" if len(origins) > _NAMED else ""
        yield f"There are log files, but no digests that could prove them, of {named}{more}."
    if broken := [chain for chain in chains_of(arrivals, now) if chain.gaps or chain.is_overdue]:
        verb = "has" if len(broken) == 1 else "have"
        yield f"{counted(len(broken), 'chain')} of digests {verb} gaps, or no digest of the last three hours."


def _some(number: int, thing: str) -> str:
    return f"{counted(number, thing)} {'is' if number == 1 else 'are'}"

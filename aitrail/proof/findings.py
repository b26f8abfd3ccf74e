"""What prevents a proof, and what to do about it."""

from dataclasses import dataclass

# Problem of an entry -> the reason that prevents the proof, and what to do about it.
FILES = {
    "tampered": "its content does not match CloudTrail's digest: restore the version that does",
    "unlisted": "no CloudTrail digest lists it: find out who wrote it",
    "replaced": "its content was different before, and both contents may have become rows: find out who wrote it",
    "removed": "it was deleted after it had been ingested: restore it; it is then read automatically",
    "unreadable": "it could not be read: repair it, then run `aitrail retry`",
    "missing": "it was delivered and is gone: restore it, then run `aitrail retry`",
    "archived": "it is in an archive storage class: restore it; it is then ingested automatically",
    "awaited": "a digest lists it, but it has not arrived: `aitrail verify --announce` re-announces it",
}
DIGESTS = {
    "tampered": "the next digest refers to different content: this digest is not the one that it follows",
    "removed": "it was deleted after it had been read: restore it; it is then read automatically",
    "invalid": "it does not have a valid CloudTrail signature",
    "unverifiable": "CloudTrail's public key for it is not available: `aitrail verify --announce` tries again",
    "missing": "CloudTrail wrote it and it is gone",
    "archived": "it is in an archive storage class: restore it; it is then read automatically",
    "awaited": "the next digest refers to it, but it has not arrived: `aitrail verify --announce` re-announces it",
    "broken": "it does not continue the chain of the previous digest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An exception that prevents the proof: its name, the object, and the reason or what to do.

    A problem of a single object has the same name as in the ledger and in `aitrail status`. Findings about times and
    rows are this command's own: a `gap`, for example, is something else in `aitrail status`.
    """

    finding: str
    of: str
    why: str


def not_ingested(log_file: str) -> Finding:
    """The finding for a log file that a digest lists and the ledger does not have."""
    return Finding(finding="not-ingested", of=log_file, why="a digest lists it, but the ledger has no entry for it")

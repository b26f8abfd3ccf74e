"""The ledger's problems for people: their meaning, the number of entries, and examples. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from aitrail.window import format_time

# Entries are counted up to this number: beyond it, the exact number does not matter.
MOST = 1000
_EXAMPLES = 5
# CloudTrail delivers within minutes, and awaited objects are re-announced after six hours.
_PATIENCE = timedelta(hours=12)

_RESTORE = (
    "Restore them (`aws s3api restore-object --bucket BUCKET --key KEY --restore-request Days=7`): they are then read "
    "by themselves."
)
# Problem -> its meaning and what to do. Problems in OPEN do not need an operator.
GRAVE = {
    "tampered": (
        "Objects are not what CloudTrail's signed digests say: somebody has changed them.",
        "Run `aitrail verify`; the bucket keeps the versions that they had before for 30 days.",
    ),
    "unlisted": (
        "Log files that no digest of CloudTrail lists: somebody else wrote them.",
        "Run `aitrail verify`, and find out who may write to the log bucket. `aitrail accept` closes what you know.",
    ),
    "replaced": (
        "Log files whose content was another one before: CloudTrail never writes one twice, and both became rows.",
        "docs/completeness.md says what to look at; `aitrail accept` then closes the case.",
    ),
    "unreadable": (
        "Log files are truncated, corrupt or no CloudTrail log.",
        "Put sound ones in their place, then run `aitrail retry`.",
    ),
    "missing": (
        "Objects were announced and are not in the bucket: somebody or a lifecycle rule deletes them.",
        "Restore their versions, then run `aitrail retry`.",
    ),
    "archived": ("Objects are in an archive storage class and cannot be read.", _RESTORE),
    "invalid": (
        "Digests are not signed by CloudTrail as they are: what they list proves nothing.",
        "Run `aitrail verify`, and find out who has changed or moved them.",
    ),
    "broken": (
        "Digests do not follow the one before them: logging was stopped, or a digest changed.",
        "Run `aitrail verify`: it names the hours. `aitrail accept` closes what you know the cause of.",
    ),
    "rejects": (
        "Records could not become rows.",
        "`aitrail rejects` shows them with their reasons; `aitrail accept` closes those that may stay.",
    ),
}
OPEN = {
    "unverifiable": (
        "Digests whose public key cannot be had: nothing is known to be wrong with them.",
        "They are read again by themselves, after six hours first; `aitrail verify --announce` does it at once.",
    ),
    "awaited": (
        "Objects that a digest lists, and that have not come yet.",
        "They are announced again by themselves, after six hours first.",
    ),
    "accepted": (
        "Objects whose problems somebody has accepted.",
        "`aitrail accept` shows what, when, by whom and why.",
    ),
    "unproven": (
        "Log files that no digest lists yet.",
        "They are looked at every hour: proved once a digest lists them, unlisted once none will, let go after a week.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem of `count` entries, or more if `is_more`; `overdue` of them were listed over 12 hours ago."""

    count: int = 0
    is_more: bool = False
    overdue: int = 0
    examples: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.count:,}{'+' if self.is_more else ''}"

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]], now: datetime) -> "Problem":
        """The summary of these entries, of which at most MOST + 1 are read."""
        found = list(islice(entries, MOST + 1))
        latest = format_time(now - _PATIENCE)
        return cls(
            count=min(len(found), MOST),
            is_more=len(found) > MOST,
            overdue=sum("listedAt" in entry and entry["listedAt"] < latest for entry in found[:MOST]),
            examples=tuple(found[:_EXAMPLES]),
        )

"""The ledger's problems for people: their meaning, the number of entries, and examples. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from aitrail.ledger import AWAITED_FOR
from aitrail.window import format_time

# Entries are counted up to this number: beyond it, the exact number does not matter.
MOST = 1000
_EXAMPLES = 5

_RESTORE = (
    "Restore them (`aws s3api restore-object --bucket BUCKET --key KEY --restore-request Days=7`): they are then "
    "ingested automatically."
)
# Problem -> its meaning and what to do. Problems in WORTH_KNOWING do not need an operator.
NEEDS_ATTENTION = {
    "tampered": (
        "Objects do not match CloudTrail's signed digests: someone changed them.",
        "Run `aitrail verify`; the bucket keeps their previous versions for 30 days.",
    ),
    "unlisted": (
        "No CloudTrail digest lists these log files: someone else wrote them.",
        "Run `aitrail verify`, and find out who can write to the log bucket. To accept known ones: `aitrail accept`.",
    ),
    "no-digests": (
        "No verified digest covers some log files of these accounts and Regions: nothing proves who wrote them.",
        "Find out. Is log file validation off? Turn it on, or accept them with the folder: `aitrail accept`.",
    ),
    "silent": (
        "No digest has come from these accounts for more than the hours of aitrail:silentHours.",
        "Are their trails stopped, or no longer allowed to write? For accounts that were closed: `aitrail accept`.",
    ),
    "replaced": (
        "Log files had other content before: CloudTrail never writes one twice. Both contents may have become rows.",
        "Make CloudTrail's version the current one, then run `aitrail verify --deep --repair`: docs/completeness.md.",
    ),
    "removed": (
        "Objects were deleted after they had been read: neither CloudTrail nor a lifecycle rule did that.",
        "Find out who deleted them, and restore their versions: they are then read automatically.",
    ),
    "unreadable": (
        "Log files are truncated, corrupt or not CloudTrail log files.",
        "Replace them with intact ones, then run `aitrail retry`.",
    ),
    "missing": (
        "Objects were announced, but are not in the bucket: someone, or a lifecycle rule, deleted them.",
        "Restore their versions, then run `aitrail retry`.",
    ),
    "archived": ("Objects are in an archive storage class and cannot be read.", _RESTORE),
    "invalid": (
        "Digests do not have a valid CloudTrail signature: what they list proves nothing.",
        "Run `aitrail verify`, and find out who changed or moved them.",
    ),
    "broken": (
        "Digests do not continue their chain: logging was stopped, or a digest was changed.",
        "Run `aitrail verify`: it lists the hours. If you know the cause, run `aitrail accept`.",
    ),
    "rejects": (
        "Records could not become rows.",
        "`aitrail rejects` lists them, of each file the first 1,000; `aitrail accept` marks those that can stay.",
    ),
}
WORTH_KNOWING = {
    "unverifiable": (
        "The public keys of digests are not available: the signatures could not be checked.",
        "They are queued again once their Region returns keys. If it never will: docs/completeness.md (Public keys …).",
    ),
    "awaited": (
        "Deliveries that a digest lists have not arrived yet.",
        "They are queued automatically, first after six hours.",
    ),
    "accepted": (
        "Problems of these objects have been accepted.",
        "`aitrail accept` lists them: what, when, by whom and why.",
    ),
    "unproven": (
        "No digest lists these log files yet.",
        "They are rechecked every hour for up to a week: verified once a digest lists them, unlisted once none can.",
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
        latest = format_time(now - AWAITED_FOR)
        return cls(
            count=min(len(found), MOST),
            is_more=len(found) > MOST,
            overdue=sum("listedAt" in entry and entry["listedAt"] < latest for entry in found[:MOST]),
            examples=tuple(found[:_EXAMPLES]),
        )

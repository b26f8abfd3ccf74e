"""What is in the log bucket and not in the ledger, or not as it should be: found, counted, announced.

Each folder of a day is listed and held against the ledger's entries of that day: both come in the order of names, so
that neither is ever in memory as a whole. Files of several days are announced in turn: no single day of a service,
which is one partition of an index, is written by all functions at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from aitrail.aws import in_turn, interleaved
from aitrail.deliveries import Announcer, DayFolders, StoredObject, is_misfiled, kind_of, log_key_of
from aitrail.ledger import ACCEPTED, LedgerReader, entry_of
from aitrail.window import Window

# Why a delivery is announced, or is not.
REASONS = (
    *("new", "awaited", "missing", "unreadable", "invalid", "unverifiable", "restored", "outdated", "changed"),
    *("done", "accepted", "archived", "other"),
)
_NOT_READ = frozenset({"missing", "archived"})
_LEFT = frozenset({"done", "accepted", "archived", "other"})
# Days that have begun and not ended. Ten of them put the wall of a service-day ten times as far away: docs/scale.md.
_DAYS_AT_ONCE = 10
# Of one folder before it is another one's turn: what one request announces.
_IN_TURN = 100
_AT_ONCE = 1000
_NO_MORE = {"logFile": chr(0x10FFFF)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A delivery in the bucket: what is listed of it, and one of REASONS.

    `is_wanted` if it is to be announced, with `force` if the function has to read it though the ledger calls it done.
    `ingested_at` is when it was read before, as the ledger has it.
    """

    key: str
    size: int
    reason: str
    is_wanted: bool
    force: bool
    ingested_at: str | None = None


@dataclass(slots=True)
class Count:
    """Deliveries that have a reason in common, with their bytes in the bucket, and those of them that are wanted."""

    files: int = 0
    bytes: int = 0
    wanted: int = 0
    wanted_bytes: int = 0

    def add(self, found: Found) -> None:
        """Count a delivery."""
        self.files += 1
        self.bytes += found.size
        self.wanted += found.is_wanted
        self.wanted_bytes += found.size * found.is_wanted

    def join(self, other: "Count") -> None:
        """Count what another one has counted."""
        self.files += other.files
        self.bytes += other.bytes
        self.wanted += other.wanted
        self.wanted_bytes += other.wanted_bytes


@dataclass(slots=True, kw_only=True)
class Backfill:
    """Holds the bucket against the ledger, for deliveries of a window.

    `days` are the folders to look into, as `DayFolders.of` gives them. `recorded_with` is the fingerprint that current
    entries have. With `force` everything is announced again that can be read. `counts`, by reason, grow as deliveries
    are found.
    """

    folders: DayFolders
    days: Mapping[str, list[str]]
    reader: LedgerReader
    window: Window
    recorded_with: str
    force: bool = False
    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    _done: list[str] = field(default_factory=list)

    @property
    def folders_done(self) -> int:
        """How many folders of a day have been looked into."""
        return len(self._done)

    def announced(self, announcer: Announcer | None) -> Iterator[list[Found]]:
        """Announce what is wanted: yields, batch by batch, what was found, wanted or not, once it is announced.

        Without an announcer nothing is announced. Raises NotAnnouncedError and the clients' errors.
        """
        found = self.found()
        while batch := list(islice(found, _AT_ONCE)):
            if announcer:
                _announce(announcer, [each for each in batch if each.is_wanted])
            for each in batch:
                self.counts[each.reason].add(each)
            yield batch

    def found(self) -> Iterator[Found]:
        """Every delivery of the window, some of each of several days in turn; of a day, digests first."""
        by_day = ([(day, folder) for folder in folders] for day, folders in self.days.items())
        streams = (self._compared(day, folder) for day, folder in in_turn(by_day, at_once=_DAYS_AT_ONCE))
        return interleaved(streams, size=_IN_TURN)

    def _compared(self, day: str, folder: str) -> Iterator[Found]:
        bucket, first, last = self.folders.bucket, *self.window.bounds
        begin = f"s3://{bucket}/{folder}{day.replace('-', '/')}/"
        entries = self.reader.of_day(day, begins_with=begin)
        for stored, entry in _joined(self.folders.objects(day, folder), entries, bucket):
            key = log_key_of(stored.key)
            # One whose name has no time belongs to the day of its folder.
            if key is None or key.delivered_at is None or first <= key.delivered_at <= last:
                elsewhere = entry is None and is_misfiled(stored.key)
                yield self._judged(stored, self._entry(f"s3://{bucket}/{stored.key}") if elsewhere else entry)
        self._done.append(folder)

    def _entry(self, name: str) -> dict[str, Any] | None:
        """The entry of an object, whatever its day."""
        (found,) = self.reader.whole([{"logFile": name, "entry": entry_of(name)}])
        return found if "deliveryDay" in found else None

    def _judged(self, stored: StoredObject, entry: Mapping[str, Any] | None) -> Found:
        reason = self._reason(stored, entry)
        return Found(
            key=stored.key,
            size=stored.size,
            reason=reason,
            is_wanted=reason not in _LEFT or (self.force and reason != "other" and not stored.is_archived),
            # Messages do not say which ETag is meant, and the one that was read before counts as done.
            force=self.force or reason == "changed",
            ingested_at=entry.get("ingestedAt") if entry else None,
        )

    def _reason(self, stored: StoredObject, entry: Mapping[str, Any] | None) -> str:
        if not kind_of(stored.key).is_read:
            return "other"
        reason = _state(stored, entry, self.recorded_with)
        # Lifecycle rules archive what has been read long ago.
        return "archived" if stored.is_archived and (reason != "done" or self.force) else reason


def _announce(announcer: Announcer, wanted: Iterable[Found]) -> None:
    for force, found in groupby(sorted(wanted, key=attrgetter("force")), key=attrgetter("force")):
        for _ in announcer.announce((each.key for each in found), force=force):
            pass


def _state(stored: StoredObject, entry: Mapping[str, Any] | None, recorded_with: str) -> str:
    """What the ledger says of a delivery, in a word of REASONS."""
    if entry is None:
        return "new"
    status: str | None = entry.get("status")
    if status is None:
        return "awaited"
    if status == "archived" and stored.is_restored:
        return "restored"
    is_changed = entry.get("etag") not in (None, stored.etag)
    if status not in ("ingested", "verified"):
        # What was missing or archived is there, or this would not be asked.
        is_accepted = entry.get("problem") == ACCEPTED and status not in _NOT_READ and not is_changed
        return "accepted" if is_accepted else status
    if is_changed:
        return "changed"
    is_current = status == "verified" or entry.get("recordedWith") == recorded_with
    return "done" if is_current else "outdated"


def _joined(
    objects: Iterable[StoredObject], entries: Iterator[dict[str, Any]], bucket: str
) -> Iterator[tuple[StoredObject, dict[str, Any] | None]]:
    """Each object with its entry, None where there is none; both are in the order of names."""
    entry: dict[str, Any] = {"logFile": ""}
    for stored in objects:
        name = f"s3://{bucket}/{stored.key}"
        while entry["logFile"] < name:
            entry = next(entries, _NO_MORE)
        yield stored, entry if entry["logFile"] == name else None

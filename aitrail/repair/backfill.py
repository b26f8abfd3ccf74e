"""Backfill: finds, counts and announces deliveries that the ledger does not have, or does not have as ingested.

Each folder of a day is listed and compared with the ledger's entries of that day. Both are in the order of names, so
neither has to be in memory as a whole. Files of several days are announced in turn, so that the functions do not all
write the same day of a service, which is one partition of an index, at the same time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from aitrail.aws import in_turn, interleaved
from aitrail.deliveries import Announcer, DayFolders, StoredObject, is_misfiled, kind_of, log_key_of
from aitrail.ledger import ACCEPTED, LedgerReader, entry_kind
from aitrail.window import Window

# The reasons why a delivery is announced, or not announced.
REASONS = (
    *("new", "awaited", "missing", "unreadable", "invalid", "unverifiable", "restored", "removed"),
    *("outdated", "changed", "done", "accepted", "archived", "other"),
)
_NOT_READ = frozenset({"missing", "archived"})
_LEFT = frozenset({"done", "accepted", "archived", "other"})
# The number of days in progress. With ten, a service-day's write limit is reached at ten times the rate: docs/scale.md.
_DAYS_AT_ONCE = 10
# Files from one folder before the next folder's turn: as many as one request announces.
_IN_TURN = 100
_AT_ONCE = 1000
_NO_MORE = {"logFile": chr(0x10FFFF)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A delivery in the bucket, as listed, with one of REASONS.

    `is_wanted` if it should be announced, with `force` if the function has to read it although the ledger has it as
    ingested. `ingested_at` is the time when it was read before, according to the ledger.
    """

    key: str
    size: int
    reason: str
    is_wanted: bool
    force: bool
    ingested_at: str | None = None


@dataclass(slots=True)
class Count:
    """The number and size in the bucket of the deliveries with one reason, in total and of the wanted ones."""

    files: int = 0
    bytes: int = 0
    wanted: int = 0
    wanted_bytes: int = 0

    def add(self, found: Found) -> None:
        """Counts a delivery."""
        self.files += 1
        self.bytes += found.size
        self.wanted += found.is_wanted
        self.wanted_bytes += found.size * found.is_wanted

    def join(self, other: "Count") -> None:
        """Adds another count."""
        self.files += other.files
        self.bytes += other.bytes
        self.wanted += other.wanted
        self.wanted_bytes += other.wanted_bytes


@dataclass(slots=True, kw_only=True)
class Backfill:
    """Compares the bucket with the ledger, for the deliveries of a window.

    `days` are the folders to search, as returned by `DayFolders.of`. `recorded_with` is the fingerprint of current
    entries. With `force`, everything that can be read is re-announced. `counts`, by reason, grow as deliveries are
    found.
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
        """The number of folders that have been searched."""
        return len(self._done)

    def announced(self, announcer: Announcer | None) -> Iterator[list[Found]]:
        """Announces wanted deliveries; yields batches of all deliveries found, wanted or not, once announced.

        Without an announcer, nothing is announced. Raises NotAnnouncedError and the clients' errors.
        """
        found = self.found()
        while batch := list(islice(found, _AT_ONCE)):
            if announcer:
                _announce(announcer, [each for each in batch if each.is_wanted])
            for each in batch:
                self.counts[each.reason].add(each)
            yield batch

    def found(self) -> Iterator[Found]:
        """Every delivery of the window, alternating between several days; for each day, digests first."""
        by_day = ([(day, folder) for folder in folders] for day, folders in self.days.items())
        streams = (self._compared(day, folder) for day, folder in in_turn(by_day, at_once=_DAYS_AT_ONCE))
        return interleaved(streams, size=_IN_TURN)

    def _compared(self, day: str, folder: str) -> Iterator[Found]:
        bucket, first, last = self.folders.bucket, *self.window.bounds
        begin = f"s3://{bucket}/{folder}{day.replace('-', '/')}/"
        entries = self.reader.of_day(day, begins_with=begin)
        for stored, entry in _joined(self.folders.objects(day, folder), entries, bucket):
            key = log_key_of(stored.key)
            # A file whose name has no valid time belongs to the day of its folder.
            if key is None or key.delivered_at is None or first <= key.delivered_at <= last:
                elsewhere = entry is None and is_misfiled(stored.key)
                yield self._judged(stored, self._entry(f"s3://{bucket}/{stored.key}") if elsewhere else entry)
        self._done.append(folder)

    def _entry(self, name: str) -> dict[str, Any] | None:
        """The entry of an object, regardless of its day."""
        (found,) = self.reader.whole([{"logFile": name, "entry": entry_kind(name)}])
        return found if "deliveryDay" in found else None

    def _judged(self, stored: StoredObject, entry: Mapping[str, Any] | None) -> Found:
        reason = self._reason(stored, entry)
        return Found(
            key=stored.key,
            size=stored.size,
            reason=reason,
            is_wanted=reason not in _LEFT or (self.force and reason != "other" and not stored.is_archived),
            # Messages do not contain the ETag, so without force the function would skip the object as ingested.
            force=self.force or reason == "changed",
            ingested_at=entry.get("ingestedAt") if entry else None,
        )

    def _reason(self, stored: StoredObject, entry: Mapping[str, Any] | None) -> str:
        if not kind_of(stored.key).is_read:
            return "other"
        reason = _state(stored, entry, self.recorded_with)
        # Lifecycle rules archive objects that were read long ago.
        return "archived" if stored.is_archived and (reason != "done" or self.force) else reason


def _announce(announcer: Announcer, wanted: Iterable[Found]) -> None:
    for force, found in groupby(sorted(wanted, key=attrgetter("force")), key=attrgetter("force")):
        for _ in announcer.announce((each.key for each in found), force=force):
            pass


def _state(stored: StoredObject, entry: Mapping[str, Any] | None, recorded_with: str) -> str:
    """The state of a delivery in the ledger, as one of REASONS."""
    if entry is None:
        return "new"
    status: str | None = entry.get("status")
    if status is None:
        return "awaited"
    if status == "archived" and stored.is_restored:
        return "restored"
    is_changed = entry.get("etag") not in (None, stored.etag)
    if status not in ("ingested", "verified"):
        # An object that was missing or archived is available now, otherwise it would not have been listed.
        is_accepted = entry.get("problem") == ACCEPTED and status not in _NOT_READ and not is_changed
        return "accepted" if is_accepted else status
    if is_changed or entry.get("problem") == "removed":  # removed, but it is listed again
        return "changed" if is_changed else "removed"
    is_current = status == "verified" or entry.get("recordedWith") == recorded_with
    return "done" if is_current else "outdated"


def _joined(
    objects: Iterable[StoredObject], entries: Iterator[dict[str, Any]], bucket: str
) -> Iterator[tuple[StoredObject, dict[str, Any] | None]]:
    """Each object with its entry, or None; objects and entries are in the order of names."""
    entry: dict[str, Any] = {"logFile": ""}
    for stored in objects:
        name = f"s3://{bucket}/{stored.key}"
        while entry["logFile"] < name:
            entry = next(entries, _NO_MORE)
        yield stored, entry if entry["logFile"] == name else None

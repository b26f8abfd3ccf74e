"""The outcomes of announced deliveries, as recorded in the ledger."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, tee
from tempfile import TemporaryFile
from typing import Any, Self

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.ledger import ACCEPTED, UNPROVEN, LedgerReader, entry_kind
from aitrail.window import event_time

# The ledger has whole seconds: a file announced this soon after a reading may be read again within the same second.
_AT_ONCE_AGAIN = timedelta(seconds=2)
# Looked up at once: as many as a reader's parallel requests.
_FIRST = 200
_SOUND = ("ingested", "verified")
NOT_READ = "not read"
# The name of an object, and the time when it was read before.
_Noted = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """The outcome of an announced delivery.

    `status` is its problem or status in the ledger, or NOT_READ.
    """

    log_file: str
    status: str
    reason: str | None

    @property
    def is_fine(self) -> bool:
        """Whether the delivery needs no attention."""
        return self.status in _SOUND


class Announced:
    """Records announced objects on disk, because there may be millions. A context manager."""

    def __init__(self, bucket: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._bucket = bucket
        self._clock = clock
        self.count = 0
        self._file = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed below)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def note(self, key: str, ingested_at: str | None) -> None:
        """Records an object that was just announced, and when it had been read before according to the ledger.

        A reading within these seconds cannot be distinguished from the requested one, and counts as that.
        """
        now = self._clock.now()
        if ingested_at and event_time(now - _AT_ONCE_AGAIN) <= ingested_at <= event_time(now + _AT_ONCE_AGAIN):
            ingested_at = None
        self.count += 1
        self._file.write(json.dumps([key, ingested_at]) + "\n")

    def became(self, reader: LedgerReader) -> Iterator[Became]:
        """The current outcome of each object, in the order in which they were noted. Raises botocore's errors."""
        for _, became in _asked(self._noted(), reader):
            yield became

    def unread(self, reader: LedgerReader) -> "Unread":
        """The objects that have not been read yet. Nothing can be noted while these are looked up."""
        return Unread(noted=self._noted(), reader=reader)

    def _noted(self) -> Iterator[_Noted]:
        self._file.seek(0)
        for line in self._file:
            key, before = json.loads(line)
            yield f"s3://{self._bucket}/{key}", before


@dataclass(slots=True, kw_only=True)
class Unread:
    """The announced objects that have not been read yet. Only the first ones are looked up, until they are read.

    Objects counted in `read` are not looked up again.
    """

    noted: Iterator[_Noted]
    reader: LedgerReader
    read: int = 0
    _first: list[_Noted] = field(default_factory=list, init=False)

    def are_none(self) -> bool:
        """Checks whether all objects have been read. Raises botocore's errors."""
        while first := self._first or list(islice(self.noted, _FIRST)):
            self._first = first  # even if the look-up fails
            self._first = [each for each, became in _asked(first, self.reader) if became.status == NOT_READ]
            self.read += len(first) - len(self._first)
            if self._first:
                return False
        return True


def _asked(noted: Iterable[_Noted], reader: LedgerReader) -> Iterator[tuple[_Noted, Became]]:
    """Each object with its current outcome in the ledger."""
    named, again = tee(noted)
    entries = reader.whole({"logFile": name, "entry": entry_kind(name)} for name, _ in named)
    for each, entry in zip(again, entries, strict=True):
        yield each, _became(entry, before=each[1])


def _became(entry: dict[str, Any], before: str | None) -> Became:
    """The outcome in an entry; the object was read again if the entry's time is different from before."""
    if entry.get("ingestedAt") in (None, before):
        since = f" since {before}" if before else ""
        return Became(log_file=entry["logFile"], status=NOT_READ, reason=f"the ledger has no new entry{since}")
    problem, status = entry.get("problem"), entry["status"]
    if problem == UNPROVEN:  # like every file that arrives after its digests
        problem = "rejects" if entry.get("rejected") else None
    elif problem == ACCEPTED:
        problem = None
    status = problem or status
    return Became(log_file=entry["logFile"], status=status, reason=entry.get("reason") or entry.get("broken"))

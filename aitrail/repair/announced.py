"""What becomes of what was announced, as the ledger knows it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, tee
from tempfile import TemporaryFile
from typing import Any, Self

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.ledger import ACCEPTED, UNPROVEN, LedgerReader, entry_of
from aitrail.window import event_time

# The ledger has whole seconds: a file that is announced so soon after it was read may be read again in the same one.
_AT_ONCE_AGAIN = timedelta(seconds=2)
# Asked about at once: as many requests as a reader has on their way side by side.
_FIRST = 200
_SOUND = ("ingested", "verified")
NOT_READ = "not read"
# The name of an object, and when it was read before.
_Noted = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """A delivery after it was announced.

    `status` is its problem or status in the ledger, or NOT_READ.
    """

    log_file: str
    status: str
    reason: str | None

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to look at it."""
        return self.status in _SOUND


class Announced:
    """Notes what is announced, on disk: there may be millions. A context manager."""

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
        """Note an object that was announced just now, and when it had been read before, as the ledger has it.

        A reading in these very seconds cannot be told from the one that is asked for, and is taken for it.
        """
        now = self._clock.now()
        if ingested_at and event_time(now - _AT_ONCE_AGAIN) <= ingested_at <= event_time(now + _AT_ONCE_AGAIN):
            ingested_at = None
        self.count += 1
        self._file.write(json.dumps([key, ingested_at]) + "\n")

    def became(self, reader: LedgerReader) -> Iterator[Became]:
        """What the ledger says now of each, in the order in which they were noted. Raises botocore's errors."""
        for _, became in _asked(self._noted(), reader):
            yield became

    def unread(self, reader: LedgerReader) -> "Unread":
        """Those of them that the ledger does not know to be read. Nothing can be noted while these are asked about."""
        return Unread(noted=self._noted(), reader=reader)

    def _noted(self) -> Iterator[_Noted]:
        self._file.seek(0)
        for line in self._file:
            key, before = json.loads(line)
            yield f"s3://{self._bucket}/{key}", before


@dataclass(slots=True, kw_only=True)
class Unread:
    """What is not read yet. Only the first of it is asked about: until that is read, the rest can wait.

    What was found to be `read` is not asked about again.
    """

    noted: Iterator[_Noted]
    reader: LedgerReader
    read: int = 0
    _first: list[_Noted] = field(default_factory=list, init=False)

    def are_none(self) -> bool:
        """Ask whether all is read by now. Raises botocore's errors."""
        while first := self._first or list(islice(self.noted, _FIRST)):
            self._first = first  # also if asking fails
            self._first = [each for each, became in _asked(first, self.reader) if became.status == NOT_READ]
            self.read += len(first) - len(self._first)
            if self._first:
                return False
        return True


def _asked(noted: Iterable[_Noted], reader: LedgerReader) -> Iterator[tuple[_Noted, Became]]:
    """What the ledger says of each."""
    named, again = tee(noted)
    entries = reader.whole({"logFile": name, "entry": entry_of(name)} for name, _ in named)
    for each, entry in zip(again, entries, strict=True):
        yield each, _became(entry, before=each[1])


def _became(entry: dict[str, Any], before: str | None) -> Became:
    """What an entry says; it was made anew if it is of another time than before."""
    if entry.get("ingestedAt") in (None, before):
        since = f" since {before}" if before else ""
        return Became(log_file=entry["logFile"], status=NOT_READ, reason=f"the ledger has no new entry{since}")
    problem, status = entry.get("problem"), entry["status"]
    if problem == UNPROVEN:  # as all are that came too late for their digests
        problem = "rejects" if entry.get("rejected") else None
    elif problem == ACCEPTED:
        problem = None
    status = problem or status
    return Became(log_file=entry["logFile"], status=status, reason=entry.get("reason") or entry.get("broken"))

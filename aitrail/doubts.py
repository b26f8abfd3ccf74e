"""What no digest has vouched for: log files that nobody lists, and listed ones that do not come.

A log file that came with its hour, and that no digest lists once its hour is closed, and one that came late and that
no digest has listed before, is unproven. `Review` looks at these every hour: after six hours more, an unproven file
whose hours are closed is unlisted, since somebody else wrote it; listed objects that have not come are announced again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from aitrail.announcing import Announcer
from aitrail.coverage import MARGIN, Span, is_closed, is_covered, moment, text_of
from aitrail.entries import UNLISTED, UNPROVEN
from aitrail.keys import DIGESTS, LOGS, LogKey, parse
from aitrail.ledger import Ledger
from aitrail.ledger_reader import LedgerReader
from aitrail.window import EARLIEST
from aitrail.window import days_between as _days

# After this long, what still lacks is no longer on its way: CloudTrail lists within an hour or two.
PATIENCE = timedelta(hours=6)
# The digest that arrives may be the last one that this many hours before it have waited for.
_CLOSING = timedelta(hours=2)
# A log file that is read so long after the time in its name may have missed the last digest that would look at it.
LATE = _CLOSING
# Without any digest of its time for so long, there will be none: nothing can be said of the file.
_UNCOVERED = _A_DAY = timedelta(days=1)
# And after this long, nothing more can be said, whatever there is.
_LET_GO = timedelta(days=7)
_DOUBLINGS = 8
_AT_ONCE = 100
_DAYS_REMEMBERED = 1000


def digests_of(bucket: str, key: LogKey) -> str:
    """What the names of all digests of an object's account and Region begin with."""
    return f"s3://{bucket}/{key.folder(DIGESTS)}"


def spans_of(reader: LedgerReader, digests: str, since: datetime, until: datetime) -> list[Span]:
    """What the digests whose names begin so cover, of those delivered on the days between the two times."""
    return [
        span
        for day in _days(since, until)
        for entry in reader.of_day(day, begins_with=f"{digests}{day.replace('-', '/')}/")
        if (span := Span.of(entry))
    ]


def note_doubts(ledger: Ledger, reader: LedgerReader, entry: Mapping[str, Any]) -> None:
    """Note which log files no digest lists, of the hours that this digest closes, once its `entry` is in the ledger."""
    own = Span.of(entry)
    bucket, _, name = entry["logFile"].removeprefix("s3://").partition("/")
    key = parse(name)
    if key is None or own is None or not own.verified:
        return
    first, last = own.start - _CLOSING, own.end + MARGIN
    spans = spans_of(reader, digests_of(bucket, key), first - MARGIN, last + 2 * MARGIN)
    # The reader may not know the entry yet.
    spans = [*(span for span in spans if span.log_file != own.log_file), own]
    for folder in LOGS:
        for day in _days(first, last):
            for found in reader.of_day(day, begins_with=f"s3://{bucket}/{key.folder(folder, day)}"):
                at = _delivered_at(found)
                if at and first <= at < last and _is_unlisted(found) and is_closed(at, spans):
                    ledger.doubt(found["logFile"], UNPROVEN)


def _is_unlisted(entry: dict[str, Any]) -> bool:
    """Whether nothing is known of a digest that lists it; the ledger looks again."""
    return entry.get("verifiedBy") is None and entry.get("problem") in (None, "rejects")


def _delivered_at(entry: dict[str, Any]) -> datetime | None:
    key = parse(entry["logFile"])
    return moment(key.delivered_at) if key and key.delivered_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Looks after what is still open; `now` is the clock."""

    ledger: Ledger
    reader: LedgerReader
    announcer: Announcer
    bucket: str
    now: Callable[[], datetime]

    def review(self, time_left: Callable[[], float]) -> dict[str, int]:
        """Announce what is overdue and decide about what is unproven, as far as the time suffices; counts by metric."""
        counts = {"AnnouncedAgain": self._announce(time_left), "UnlistedFiles": self._decide(time_left)}
        return {name: count for name, count in counts.items() if count}

    def _announce(self, time_left: Callable[[], float]) -> int:
        announced = 0
        overdue = filter(self._is_overdue, self.reader.with_problem("awaited"))
        while time_left() > 0 and (entries := list(islice(overdue, _AT_ONCE))):
            list(self.announcer.announce(entry["logFile"].partition(f"{self.bucket}/")[2] for entry in entries))
            for entry in entries:
                times = entry.get("announcements", 0) + 1
                self.ledger.note(entry["logFile"], entry["entry"], announcedAt=text_of(self.now()), announcements=times)
            announced += len(entries)
        return announced

    def _is_overdue(self, entry: dict[str, Any]) -> bool:
        latest: str = max(entry.get("listedAt", ""), entry.get("announcedAt", ""))
        # What has not come after several times will not come by the next: a few a year, not four a day.
        patience = PATIENCE * 2 ** min(entry.get("announcements", 0), _DOUBLINGS)
        is_here: bool = entry["logFile"].startswith(f"s3://{self.bucket}/")
        return is_here and latest < text_of(self.now() - patience)

    def _decide(self, time_left: Callable[[], float]) -> int:
        unlisted = 0
        around = lru_cache(_DAYS_REMEMBERED)(self._spans_around)
        for entry in self.reader.with_problem(UNPROVEN):
            if time_left() <= 0:
                break
            verdict = self._verdict(entry, around)
            if verdict != UNPROVEN:
                after = self.ledger.doubt(entry["logFile"], verdict)
                unlisted += after.get("problem") == UNLISTED
        return unlisted

    def _verdict(self, entry: dict[str, Any], around: Callable[[str, str], list[Span]]) -> str | None:
        """What an unproven log file is by now: unproven still, unlisted, or None where nothing can be said of it."""
        key = parse(entry["logFile"].removeprefix(f"s3://{self.bucket}/"))
        if key is None:
            return None
        moments = [moment(text) for text in (key.delivered_at, entry.get("storedAt")) if text]
        # Whoever writes a file chooses the time in its name, and not when S3 stored it.
        stored = entry.get("storedAt") or key.delivered_at
        waited = self.now() - (moment(stored) if stored else EARLIEST)
        if waited < PATIENCE:
            return UNPROVEN
        spans = {at: around(digests_of(self.bucket, key), text_of(at)[: len("YYYY-MM-DD")]) for at in moments}
        if moments and all(is_closed(at, found) for at, found in spans.items()):
            return UNLISTED
        has_a_time_without_any = not all(is_covered(at, found) for at, found in spans.items())
        is_hopeless = waited > _LET_GO or (waited > _UNCOVERED and has_a_time_without_any)
        return None if is_hopeless or not moments else UNPROVEN

    def _spans_around(self, digests: str, day: str) -> list[Span]:
        noon = moment(f"{day}T12:00:00Z")
        return spans_of(self.reader, digests, noon - _A_DAY, noon + _A_DAY)

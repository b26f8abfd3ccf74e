"""Follows up every hour on what is still open: unproven files, listed files that are missing, unverifiable digests.

After six hours, an unproven file whose hours are closed becomes unlisted, because CloudTrail did not write it. Listed
objects that have not arrived are re-announced, as are digests whose public key was not available, since it may be
available now. If the time runs out, another message continues the review.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import Announcer, ReviewRequest, log_key_of
from aitrail.digests import LATE, Span, digests_of, is_closed, is_covered, spans_of
from aitrail.ledger import AWAITED, UNLISTED, UNPROVEN, UNVERIFIABLE, Ledger, LedgerReader
from aitrail.window import EARLIEST, format_time, parse_time

# After this time, a missing object is no longer on its way: CloudTrail lists deliveries within an hour or two.
PATIENCE = timedelta(hours=6)
# If no digest covers a file after this time, none will: whether the file is CloudTrail's cannot be determined.
_UNCOVERED = _A_DAY = timedelta(days=1)
# After this time, it cannot be determined in any case.
_LET_GO = timedelta(days=7)
_DOUBLINGS = 8
_AT_ONCE = 100
_DAYS_REMEMBERED = 1000
# Seconds that one review may take, so that the other messages in its batch have their turn.
_SHARE = 60

# Does a part of the review, starting after a name; yields the name it has reached after each step.
_Part = Callable[[str, Counter[str]], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Follows up on what is still open."""

    ledger: Ledger
    reader: LedgerReader
    announcer: Announcer
    bucket: str
    clock: Clock = SYSTEM_CLOCK

    def review(self, request: ReviewRequest, counts: Counter[str], time_left: Callable[[], float]) -> None:
        """Re-announces what is overdue and decides on unproven files, from the request's position on; counts by metric.

        Does at least one step. If the time runs out, it sends a message that requests the rest.
        """
        end = max(time_left() - _SHARE, 0)
        parts: dict[str, _Part] = {
            AWAITED: partial(self._announce, AWAITED),
            UNVERIFIABLE: partial(self._announce, UNVERIFIABLE),
            UNPROVEN: self._decide,
        }
        problems = list(parts)
        begin = problems.index(request.problem) if request.problem in parts else 0
        after = request.after
        for problem in problems[begin:]:
            for seen in parts[problem](after, counts):
                if time_left() <= end:
                    self.announcer.ask_for_review(ReviewRequest(problem=problem, after=seen))
                    return
            after = ""

    def _announce(self, problem: str, after: str, counts: Counter[str]) -> Iterator[str]:
        found = self.reader.with_problem(problem, after=after)
        while entries := list(islice(found, _AT_ONCE)):
            overdue = list(filter(self._is_overdue, entries))
            list(self.announcer.announce(entry["logFile"].partition(f"{self.bucket}/")[2] for entry in overdue))
            for entry in overdue:
                times = entry.get("announcements", 0) + 1
                self.ledger.note(
                    entry["logFile"], entry["entry"], announcedAt=format_time(self.clock.now()), announcements=times
                )
            counts["AnnouncedAgain"] += len(overdue)
            yield entries[-1]["logFile"]

    def _is_overdue(self, entry: dict[str, Any]) -> bool:
        latest: str = max(entry.get(name, "") for name in ("listedAt", "ingestedAt", "announcedAt"))
        # After several announcements in vain, another one is unlikely to help: a few a year, not four a day.
        patience = PATIENCE * 2 ** min(entry.get("announcements", 0), _DOUBLINGS)
        is_here: bool = entry["logFile"].startswith(f"s3://{self.bucket}/")
        return is_here and latest < format_time(self.clock.now() - patience)

    def _decide(self, after: str, counts: Counter[str]) -> Iterator[str]:
        around = lru_cache(_DAYS_REMEMBERED)(self._spans_around)
        for entry in self.reader.with_problem(UNPROVEN, after=after):
            verdict = self._verdict(entry, around)
            if verdict != UNPROVEN:
                decided = self.ledger.doubt(entry["logFile"], verdict)
                counts["UnlistedFiles"] += decided.get("problem") == UNLISTED
            yield entry["logFile"]

    def _verdict(self, entry: dict[str, Any], around: Callable[[str, str], list[Span]]) -> str | None:
        """The new doubt of an unproven log file: still unproven, unlisted, or None if it cannot be determined."""
        key = log_key_of(entry["logFile"].removeprefix(f"s3://{self.bucket}/"))
        if key is None:
            return None
        moments = [parse_time(text) for text in (key.delivered_at, entry.get("storedAt")) if text]
        # The writer of a file chooses the time in its name but not when S3 stored it, and CloudTrail stores none
        # earlier.
        if len(moments) > 1 and moments[0] - moments[1] > LATE:
            moments = moments[1:]
        stored = entry.get("storedAt") or key.delivered_at
        waited = self.clock.now() - (parse_time(stored) if stored else EARLIEST)
        if waited < PATIENCE:
            return UNPROVEN
        spans = {at: around(digests_of(self.bucket, key), format_time(at)[: len("YYYY-MM-DD")]) for at in moments}
        if moments and all(is_closed(at, found) for at, found in spans.items()):
            return UNLISTED
        has_a_time_without_any = not all(is_covered(at, found) for at, found in spans.items())
        is_hopeless = waited > _LET_GO or (waited > _UNCOVERED and has_a_time_without_any)
        return None if is_hopeless or not moments else UNPROVEN

    def _spans_around(self, digests: str, day: str) -> list[Span]:
        noon = parse_time(f"{day}T12:00:00Z")
        return spans_of(self.reader, digests, noon - _A_DAY, noon + _A_DAY)

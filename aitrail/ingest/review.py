"""Follows up every hour on what is still open: unproven files, listed files that are missing, unverifiable digests.

It also looks for accounts that have fallen silent.

After six hours, an unproven file whose hours are closed becomes unlisted, because CloudTrail did not write it. If no
digest covers it, its account and Region are recorded as without digests, once for all of their files. Listed
objects that have not arrived are re-announced, as are digests whose public key was not available, once it is
(`aitrail.ingest.unverifiable`). If the time runs out, another message continues the review. Lambda ends a chain of such
messages after some links, so the ledger keeps the position, and the review of the next hour goes on from there.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import DIGEST_FOLDER, Announcer, ReviewRequest, log_key_of
from aitrail.digests import PATIENCE, Judge, PublicKeys
from aitrail.ingest.unverifiable import UnverifiableDigests
from aitrail.ledger import (
    ACCEPTED,
    ACCOUNTS,
    AWAITED,
    NO_DIGESTS,
    UNLISTED,
    UNPROVEN,
    UNVERIFIABLE,
    Ledger,
    LedgerReader,
)
from aitrail.window import format_time, parse_time

_DOUBLINGS = 8
_AT_ONCE = 100
# Seconds that one review may take, so that the other messages in its batch have their turn.
_SHARE = 60
_LACKING = "RegionsWithoutDigests"

# The ledger's item with the position of a review that ran out of time. It is in none of the indexes.
_POSITION = ("review", "position")

# Does a part of the review, starting after a name; yields the name it has reached after each step.
_Part = Callable[[str, Counter[str]], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Follows up on what is still open; accounts are never silent if `silent_after` is None.

    With `has_dashboard`, it also measures how old the proof is.
    """

    ledger: Ledger
    reader: LedgerReader
    announcer: Announcer
    public_keys: PublicKeys
    bucket: str
    ledger_retention: timedelta | None = None
    silent_after: timedelta | None = None
    has_dashboard: bool = False
    clock: Clock = SYSTEM_CLOCK

    def review(self, request: ReviewRequest, counts: Counter[str], time_left: Callable[[], float]) -> None:
        """Re-announces what is overdue and decides on unproven files, from the request's position on; counts by metric.

        Does at least one step. If the time runs out, it records the position, and sends a message that requests the
        rest. A request without a position continues a review that was never finished, if there is one.
        """
        if not request.problem:
            self._look_at_accounts(counts)
            request = self._unfinished()
        end = max(time_left() - _SHARE, 0)
        parts: dict[str, _Part] = {
            AWAITED: self._announce_awaited,
            UNVERIFIABLE: self._unverifiable.retry,
            UNPROVEN: self._decide,
        }
        problems = list(parts)
        begin = problems.index(request.problem) if request.problem in parts else 0
        after = request.after
        for problem in problems[begin:]:
            for seen in parts[problem](after, counts):
                if time_left() <= end:
                    self.ledger.note(*_POSITION, reviewing=problem, after=seen)
                    self.announcer.ask_for_review(ReviewRequest(problem=problem, after=seen))
                    return
            after = ""
        if request.problem:
            self.ledger.note(*_POSITION, reviewing=None, after=None)

    def _unfinished(self) -> ReviewRequest:
        """The position of a review that was not finished, or of the beginning."""
        position = self.ledger.entry(*_POSITION) or {}
        return ReviewRequest(problem=position.get("reviewing", ""), after=position.get("after", ""))

    def _look_at_accounts(self, counts: Counter[str]) -> None:
        """Counts the accounts from which no digest has come for too long, and measures the age of the oldest proof.

        It reads one small entry for each account, so it does not take turns with the other parts.
        """
        if self.silent_after is None and not self.has_dashboard:
            return
        oldest, now = timedelta(0), self.clock.now()
        for entry in self.reader.of_day(ACCOUNTS):
            age = now - parse_time(entry["digestEnd"])
            if self.silent_after is not None and age > self.silent_after:
                counts["SilentAccounts"] += self.ledger.accounts.call_silent(entry)
            if entry.get("problem") != ACCEPTED:
                oldest = max(age, oldest)
        if self.has_dashboard:
            counts["ProofAge"] = int(oldest.total_seconds())

    @property
    def _unverifiable(self) -> UnverifiableDigests:
        return UnverifiableDigests(
            ledger=self.ledger,
            reader=self.reader,
            public_keys=self.public_keys,
            announce=self._announce,
            clock=self.clock,
        )

    def _announce_awaited(self, after: str, counts: Counter[str]) -> Iterator[str]:
        found = self.reader.with_problem(AWAITED, after=after)
        while entries := list(islice(found, _AT_ONCE)):
            self._announce(list(filter(self._is_overdue, entries)), counts)
            yield entries[-1]["logFile"]

    def _is_overdue(self, entry: dict[str, Any]) -> bool:
        latest: str = max(entry.get(name, "") for name in ("listedAt", "ingestedAt", "announcedAt"))
        # After several announcements in vain, another one is unlikely to help: a few a year, not four a day.
        patience = PATIENCE * 2 ** min(entry.get("announcements", 0), _DOUBLINGS)
        return latest < format_time(self.clock.now() - patience)

    def _announce(self, entries: list[dict[str, Any]], counts: Counter[str]) -> None:
        """Re-announces objects of the bucket, and notes that in their entries."""
        here = [entry for entry in entries if entry["logFile"].startswith(f"s3://{self.bucket}/")]
        list(self.announcer.announce(entry["logFile"].partition(f"{self.bucket}/")[2] for entry in here))
        for entry in here:
            times = entry.get("announcements", 0) + 1
            self.ledger.note(
                entry["logFile"], entry["entry"], announcedAt=format_time(self.clock.now()), announcements=times
            )
        counts["AnnouncedAgain"] += len(here)

    def _decide(self, after: str, counts: Counter[str]) -> Iterator[str]:
        now = self.clock.now()
        horizon = None if self.ledger_retention is None else now - self.ledger_retention
        judge = Judge(reader=self.reader, bucket=self.bucket, now=now, horizon=horizon)
        for entry in self.reader.whole(self.reader.with_problem(UNPROVEN, after=after)):
            if entry["entry"] == NO_DIGESTS:
                self._decide_on_origin(entry, judge, counts)
            else:
                self._decide_on_file(entry, judge, counts)
            yield entry["logFile"]

    def _decide_on_file(self, entry: dict[str, Any], judge: Judge, counts: Counter[str]) -> None:
        log_file, doubt = entry["logFile"], judge.doubt_about_file(entry)
        if doubt == UNLISTED:
            decided = self.ledger.doubt(log_file, UNLISTED)
            counts["UnlistedFiles"] += decided.get("problem") == UNLISTED
        elif doubt == NO_DIGESTS and (key := log_key_of(log_file)):
            # First, so that a crash in between loses nothing.
            stored_at = entry.get("storedAt") or format_time(self.clock.now())
            counts[_LACKING] += self.ledger.record_no_digests(
                key.folder(DIGEST_FOLDER), NO_DIGESTS, log_file, stored_at
            )
            self.ledger.doubt(log_file, None)
        elif doubt is None:
            self.ledger.doubt(log_file, None)  # `aitrail verify` does not prove that time anyway

    def _decide_on_origin(self, entry: dict[str, Any], judge: Judge, counts: Counter[str]) -> None:
        doubt = judge.doubt_about_origin(entry)
        if doubt == NO_DIGESTS:
            counts[_LACKING] += self.ledger.confirm_no_digests(entry["logFile"])
        elif doubt is None:
            named = {each["logFile"] for each in entry.get("sampleLogFiles", ())}
            self.ledger.remove_resolved_log_files(entry["logFile"], named.__contains__)

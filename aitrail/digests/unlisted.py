"""Decides whether an unproven log file is unlisted, still unproven, or has no digest that could list it.

A log file is unlisted if no digest lists it, although verified digests cover its hours: CloudTrail did not write it. If
none cover them, nothing tells whether CloudTrail wrote it: the entry of its account and Region then says no-digests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aitrail.deliveries import log_key_of, origin_of
from aitrail.digests.coverage import Span, is_closed, is_covered
from aitrail.digests.unproven import LATE, digest_prefix, spans_of
from aitrail.ledger import NO_DIGESTS, UNLISTED, UNPROVEN, LedgerReader
from aitrail.window import EARLIEST, parse_time

# After this time, what is missing is no longer on its way: CloudTrail lists deliveries within an hour or two.
PATIENCE = timedelta(hours=6)
# If no digest covers a file after this time, none will: whether the file is CloudTrail's cannot be determined.
_UNCOVERED = _A_DAY = timedelta(days=1)
# After this time, it cannot be determined in any case.
_LET_GO = timedelta(days=7)
_DAYS_REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges unproven log files of one bucket at one moment; remembers what it has read of the digests around them.

    The ledger may no longer have digests of times before `horizon`; None if it keeps them forever.
    """

    reader: LedgerReader
    bucket: str
    now: datetime
    horizon: datetime | None = None
    _remembered: dict[tuple[str, str], list[Span]] = field(default_factory=dict, init=False)

    def doubt_about_file(self, entry: Mapping[str, Any]) -> str | None:
        """What an unproven log file is from now on: UNLISTED, UNPROVEN, or NO_DIGESTS if no digest ever tells.

        None if S3 has had it for so long that the entries of its digests may have expired. Raises the client's errors.
        """
        key = log_key_of(entry["logFile"].removeprefix(f"s3://{self.bucket}/"))
        if key is None:
            return NO_DIGESTS
        moments = [parse_time(text) for text in (key.delivered_at, entry.get("storedAt")) if text]
        # The writer of a file chooses the time in its name but not when S3 stored it, and CloudTrail stores none
        # earlier.
        if len(moments) > 1 and moments[0] - moments[1] > LATE:
            moments = moments[1:]
        stored = entry.get("storedAt") or key.delivered_at
        if self.horizon and entry.get("storedAt") and parse_time(entry["storedAt"]) < self.horizon:
            return None
        # Its digests may be read long after it was stored, and it may be stored again and again.
        since = entry.get("doubtedAt") or stored
        waited = self.now - (parse_time(since) if since else EARLIEST)
        if waited < PATIENCE:
            return UNPROVEN
        spans = {at: self._spans_around(digest_prefix(self.bucket, key), at) for at in moments}
        if moments and all(is_closed(at, found) for at, found in spans.items()):
            return UNLISTED
        has_a_time_without_any = not all(is_covered(at, found) for at, found in spans.items())
        is_hopeless = waited > _LET_GO or (waited > _UNCOVERED and has_a_time_without_any)
        return NO_DIGESTS if is_hopeless or not moments else UNPROVEN

    def doubt_about_origin(self, entry: Mapping[str, Any]) -> str | None:
        """What the entry of an account and Region is from now on: UNPROVEN, NO_DIGESTS, or None if it has digests.

        Raises the client's errors.
        """
        if self.now - parse_time(entry["ingestedAt"]) < PATIENCE:
            return UNPROVEN
        key, at = origin_of(entry["logFile"].removeprefix(f"s3://{self.bucket}/")), entry.get("deliveredAt")
        if key is None or at is None:
            return NO_DIGESTS
        moment = parse_time(at)
        verified = (span for span in self._spans_around(digest_prefix(self.bucket, key), moment) if span.verified)
        return None if is_covered(moment, verified) else NO_DIGESTS

    def _spans_around(self, digests: str, at: datetime) -> list[Span]:
        """The spans of the digests with that prefix of the moment's day, and of those before and after."""
        noon = at.replace(hour=12, minute=0, second=0, microsecond=0)
        key = (digests, noon.date().isoformat())
        if key not in self._remembered:
            if len(self._remembered) >= _DAYS_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = spans_of(self.reader, digests, noon - _A_DAY, noon + _A_DAY)
        return self._remembered[key]

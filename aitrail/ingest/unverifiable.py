"""Tries unverifiable digests again, more and more rarely: their Region may return CloudTrail's public keys by now.

The digests of a Region without keys may be very many. They are read again only once the Region returns keys, which one
request tells for all of them; until then, a review reads one of the entries of each account and Region.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, takewhile
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import DIGEST_FOLDER, log_key_of
from aitrail.digests import PATIENCE, PublicKeys
from aitrail.ledger import NO_DIGESTS, UNVERIFIABLE, Ledger, LedgerReader, valid_acceptances
from aitrail.window import format_time, parse_time

_AT_ONCE = 100
_A_DAY, _A_WEEK = timedelta(days=1), timedelta(days=7)
_DAILY = 7
# Follows the names of all digests in a folder, which continue with the year, and precedes the next folder.
_END = ":"
# Follows all times.
_NEVER = "9999"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiableDigests:
    """The unverifiable digests of one review; `announce` re-announces digests, given their ledger entries."""

    ledger: Ledger
    reader: LedgerReader
    public_keys: PublicKeys
    announce: Callable[[list[dict[str, Any]], Counter[str]], None]
    clock: Clock = SYSTEM_CLOCK
    _returning: dict[str, bool] = field(default_factory=dict, init=False)

    def retry(self, after: str, counts: Counter[str]) -> Iterator[str]:
        """Announces digests that may be verified now, by account and Region; yields the name reached after each step.

        Raises the clients' errors.
        """
        while entry := self.reader.first_with_problem(UNVERIFIABLE, after=after):
            key = log_key_of(entry["logFile"])
            if key is None:  # the entry of an account and Region
                after = entry["logFile"]
                continue
            folder = key.folder(DIGEST_FOLDER)
            is_begun = after.startswith(folder)
            own = {} if is_begun else self.ledger.entry(folder, NO_DIGESTS) or {}
            counts["UnverifiableRegions"] += not is_begun and _needs_attention(own, entry)
            if is_begun or self._may_be_verified(folder, key.region, entry, own):
                yield from self._announce(folder, after if is_begun else folder, counts)
            after = folder + _END
            yield after

    def _may_be_verified(self, folder: str, region: str, first: dict[str, Any], own: dict[str, Any]) -> bool:
        """Whether it is time to try the digests in a folder again, and their Region returns keys.

        `first` is the entry of the first digest, `own` that of the account and Region.
        """
        now = self.clock.now()
        asked, latest = own.get("asked", 0), own.get("askedAt") or first["ingestedAt"]
        if _is_accepted(own) or now - parse_time(latest) < _patience(asked):
            return False
        try:
            returns_keys = self._returns_keys(region)
        except (BotoCoreError, ClientError):
            return False  # the next review asks again
        self.ledger.note(folder, NO_DIGESTS, askedAt=format_time(now), asked=0 if returns_keys else asked + 1)
        return returns_keys

    def _returns_keys(self, region: str) -> bool:
        if region not in self._returning:
            self._returning[region] = self.public_keys.are_returned(region)
        return self._returning[region]

    def _announce(self, folder: str, after: str, counts: Counter[str]) -> Iterator[str]:
        entries = self.reader.with_problem(UNVERIFIABLE, after=after)
        found = takewhile(lambda entry: entry["logFile"].startswith(folder), entries)
        while batch := list(islice(found, _AT_ONCE)):
            # The Region may return keys, but not the key of these: each is tried less often every time.
            self.announce(list(filter(self._is_overdue, batch)), counts)
            yield batch[-1]["logFile"]

    def _is_overdue(self, entry: dict[str, Any]) -> bool:
        latest: str = max(entry.get("ingestedAt", ""), entry.get("announcedAt", ""))
        return latest < format_time(self.clock.now() - _patience(entry.get("announcements", 0)))


def _needs_attention(own: dict[str, Any], first: dict[str, Any]) -> bool:
    """Whether digests of an account and Region are still unverifiable after a try, and nobody has accepted that."""
    is_read_again = first.get("announcedAt", _NEVER) < first["ingestedAt"]
    return bool(own.get("asked") or is_read_again) and not _is_accepted(own)


def _is_accepted(own: dict[str, Any]) -> bool:
    return any(each["problem"] == UNVERIFIABLE for each in valid_acceptances(own))


def _patience(tries: int) -> timedelta:
    """The time to wait after so many tries in vain: six hours, then a day, and after a week of that a week."""
    if not tries:
        return PATIENCE
    return _A_DAY if tries <= _DAILY else _A_WEEK

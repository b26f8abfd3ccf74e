"""Notices log files of accounts and Regions that have no verified digest, which no digest will ever call unlisted.

The ledger gets one entry for such an account and Region, not a problem for each of its log files: a trail without log
file validation would have millions of them. `aitrail.ingest.review` decides on the entry after some hours, because the
first digest of a trail arrives after its first log files.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import DIGEST_FOLDER, log_key_of
from aitrail.digests.unproven import digest_prefix, spans_of
from aitrail.ledger import NO_DIGESTS, UNLISTED, UNPROVEN, Ledger, LedgerReader
from aitrail.window import format_time, parse_time

# Digests end at most two hours before the log files that arrive now; a few more may be on their way after a fault.
_RECENT = timedelta(hours=6)
_REMEMBERED_FOR = timedelta(hours=1)
_FOLDERS_REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDigestsDetector:
    """Notices log files without digests; looks at each account and Region once an hour at most."""

    ledger: Ledger
    reader: LedgerReader
    clock: Clock = SYSTEM_CLOCK
    _looked_at: dict[str, datetime] = field(default_factory=dict, init=False)

    def notice(self, log_file: str, stored_at: str | None) -> None:
        """Records in the ledger if no verified digest of the log file's account and Region is known around its time.

        The time is the one in its name, which has to be about now. Raises the client's errors.
        """
        key, now = log_key_of(log_file), self.clock.now()
        if key is None or key.delivered_at is None:
            return
        folder = key.folder(DIGEST_FOLDER)
        if now - self._looked_at.get(folder, now - _REMEMBERED_FOR) < _REMEMBERED_FOR:
            return
        since = parse_time(key.delivered_at) - _RECENT
        spans = spans_of(self.reader, folder, since, now)
        if not any(span.verified and span.end > since for span in spans):
            self.ledger.record_no_digests(folder, UNPROVEN, log_file, stored_at or format_time(now))
        if len(self._looked_at) >= _FOLDERS_REMEMBERED:
            self._looked_at.clear()
        self._looked_at[folder] = now


def resolve_no_digests(ledger: Ledger, digest: str) -> None:
    """Ends the doubt about the account and Region of a digest, once the log files that caused it are settled.

    A digest lists them, or digests of their hour do not, so that they have a problem of their own. A doubt about a file
    is none yet: it ends when the file is one of those that this entry stands for. Raises the client's errors.
    """

    def is_settled(log_file: str) -> bool:
        entry = ledger.entry(log_file, consistent=True) or {}
        return "verifiedBy" in entry or entry.get("doubt") == UNLISTED

    bucket, _, name = digest.removeprefix("s3://").partition("/")
    key = log_key_of(name)
    if key is None:
        return
    folder = digest_prefix(bucket, key)
    if "doubt" in (ledger.entry(folder, NO_DIGESTS) or {}):
        ledger.remove_resolved_log_files(folder, is_settled)

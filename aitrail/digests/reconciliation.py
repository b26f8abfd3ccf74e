"""Compares CloudTrail's digests with the ledger, so that every delivery is proved, awaited or has a problem.

A digest is read like a log file whenever it arrives. If it has CloudTrail's signature, each object that it lists and
the previous digest are recorded in the ledger as expected, with their SHA-256. Log files of closed hours that no digest
lists become doubtful (`aitrail.digests.unproven`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any, BinaryIO

from aitrail.aws import in_order
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import Scope, bucket_and_key, kind_of, log_key_of
from aitrail.digests.chain import mark_breaks
from aitrail.digests.digest import Digest, InvalidDigest, Listed, read_digest
from aitrail.digests.no_digests import resolve_no_digests
from aitrail.digests.public_keys import PublicKeys, UnavailableKey
from aitrail.digests.unproven import mark_unproven
from aitrail.dynamodb import OutOfTimeError
from aitrail.ledger import (
    AWAITED,
    DigestEntry,
    Ledger,
    LedgerReader,
    Listing,
    attributes_of_key,
    entry_kind,
    lister_of,
)
from aitrail.window import format_time, parse_time

_WORKERS = 8
# A backfill also reads the last digests of accounts that were closed years ago: nobody waits for more from them.
_WATCHED = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Compares digests with the ledger."""

    ledger: Ledger
    reader: LedgerReader
    public_keys: PublicKeys
    scope: Scope
    clock: Clock = SYSTEM_CLOCK
    expires_at: Callable[[], int | None] = lambda: None

    def reconcile(
        self,
        body: BinaryIO,
        entry: DigestEntry,
        *,
        metadata: dict[str, str],
        earlier: Mapping[str, Any],
        time_left: Callable[[], float],
    ) -> tuple[DigestEntry, dict[str, int]]:
        """Reads a digest and records the objects that it lists; returns the digest's entry and counts by metric.

        `earlier` is the digest's entry in the ledger, empty if it has none.
        Raises OutOfTimeError and the client's errors, after which it is safe to retry.
        """
        bucket, key = bucket_and_key(entry.log_file)
        try:
            digest = read_digest(body, bucket=bucket, key=key, original=self.scope.original)
            entry = _with_content(entry, digest)
            self.public_keys.check(digest, metadata)
        except InvalidDigest as error:
            return replace(entry, status="invalid", reason=str(error)), {"InvalidDigests": 1}
        except UnavailableKey as error:
            if earlier.get("status") == "verified" and earlier["sha256"] != entry.sha256:
                # CloudTrail never writes a digest twice, and whoever does chooses what it says of its public key.
                reason = f"its content was different before, and verified: {error}"
                return replace(entry, status="invalid", reason=reason), {"InvalidDigests": 1}
            return replace(entry, status="unverifiable", reason=str(error)), {"UnverifiableDigests": 1}
        kept = self._kept(digest)
        counts = {"VerifiedDigests": 1} | self._expect(digest, kept, time_left)
        return replace(entry, listed=len({each.key for each in kept})), counts

    def follow_up(self, entry: Mapping[str, Any]) -> dict[str, str]:
        """Looks for broken chains and for log files that no digest lists; the digest's entry must be in the ledger.

        It is safe to repeat, and has to be repeated if it fails. Returns the reasons why digests are broken that were
        not before.
        """
        broken = mark_breaks(self.ledger, entry)
        mark_unproven(self.ledger, self.reader, entry)
        if entry.get("status") == "verified":
            resolve_no_digests(self.ledger, entry["logFile"])
            self._note_account(entry)
        return broken

    def _note_account(self, digest: Mapping[str, Any]) -> None:
        """Records that the account of a digest has been heard of, so that it is noticed if it falls silent."""
        key, end = log_key_of(digest["logFile"]), parse_time(digest["digestEnd"])
        if key and self.clock.now() - end < _WATCHED:
            self.ledger.accounts.note_digest(key.account, end)

    def _kept(self, digest: Digest) -> list[Listed]:
        """The log files that the digest lists and that the function does not refuse."""
        # The trail may have had a different bucket or prefix then: objects that the function refuses are not expected.
        return [
            each for each in digest.log_files if self.scope.holds(each.bucket, each.key) and kind_of(each.key).ingested
        ]

    def _expect(self, digest: Digest, kept: list[Listed], time_left: Callable[[], float]) -> dict[str, int]:
        """Records in the ledger the objects that the digest lists; returns counts by metric."""
        own, previous = digest.log_file, digest.previous
        before = [previous] if previous and self.scope.holds(previous.bucket, previous.key) else []
        # Lazily: a digest may list very many objects, and the time may run out.
        listings = (self._listing(each, own) for each in chain(kept, before))
        tasks = (partial(self._note, listing, time_left) for listing in listings)
        found = list(in_order(tasks, workers=_WORKERS))
        # An object that two digests list is counted with the first.
        new = [after if lister_of(old) in (None, own) else {} for old, after in found]
        problems = [entry.get("problem") for entry in new]
        counts = {
            "VerifiedFiles": sum("verifiedBy" in entry for entry in new[: len(kept)]),
            "AwaitedFiles": problems[: len(kept)].count(AWAITED),
            "TamperedFiles": problems[: len(kept)].count("tampered"),
            "BrokenChains": problems[len(kept) :].count("tampered"),
        }
        return {name: count for name, count in counts.items() if count}

    def _listing(self, listed: Listed, by: str) -> Listing:
        kind = entry_kind(listed.key)
        known = attributes_of_key(listed.key)
        if (expires_at := self.expires_at()) is not None:
            known["expiresAt"] = expires_at
        return Listing(
            log_file=listed.log_file,
            entry=kind,
            expected_sha256=listed.sha256,
            listed_by=by,
            listed_at=format_time(self.clock.now()),
            known=known,
        )

    def _note(self, listing: Listing, time_left: Callable[[], float]) -> tuple[dict[str, Any], dict[str, Any]]:
        if time_left() <= 0:
            raise OutOfTimeError(f"no time left for the files that {listing.listed_by} lists; the digest is read again")
        return self.ledger.expect(listing)


def _with_content(entry: DigestEntry, digest: Digest) -> DigestEntry:
    before = log_key_of(digest.previous.key) if digest.previous else None
    return replace(
        entry,
        bytes=digest.bytes,
        sha256=digest.sha256,
        digest_start=format_time(digest.start),
        digest_end=format_time(digest.end),
        log_files=len(digest.log_files),
        follows=before.delivered_at if before else None,
    )

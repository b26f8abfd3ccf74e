"""Checks that a digest follows the previous one, as every digest of a trail, account and Region should."""

from datetime import timedelta

from aitrail.deliveries import log_key_of
from aitrail.digests.coverage import chain_of, is_backfill
from aitrail.digests.digest import Digest
from aitrail.digests.unproven import digest_prefix, spans_of
from aitrail.ledger import DIGEST, Ledger, LedgerReader
from aitrail.window import format_time, parse_time

_A_DAY = timedelta(days=1)
# For a digest that starts a chain, how many days back to look for an earlier one: a few queries find an old chain.
_DAYS_BACK = (0, 1, 3, 7, 30, 90)


def break_of(digest: Digest, ledger: Ledger, reader: LedgerReader) -> str | None:
    """The reason why a verified digest does not follow the one it should; None if it does or nothing is known yet."""
    if is_backfill(digest.key):
        return None
    if digest.previous is None:
        return _restart(digest, reader)
    before = ledger.entry(digest.previous.log_file, DIGEST) or {}
    end = before.get("digestEnd") if before.get("status") == "verified" else None
    if end is None or parse_time(end) >= digest.start:
        return None
    return f"no digest covers the time from {end} to {format_time(digest.start)}"


def _restart(digest: Digest, reader: LedgerReader) -> str | None:
    """The reason why a digest that starts a chain should have followed another one; None if it should not."""
    key, own = log_key_of(digest.key), chain_of(digest.log_file)
    if key is None:
        return None
    for days in _DAYS_BACK:
        day = digest.start - days * _A_DAY
        spans = spans_of(reader, digest_prefix(digest.bucket, key), day, day)
        ends = [span.end for span in spans if span.chain == own and span.end <= digest.start]
        if ends:
            begin, end = format_time(digest.start), format_time(max(ends))
            return f"a new chain begins at {begin}; the previous one ran until {end} or later"
    return None

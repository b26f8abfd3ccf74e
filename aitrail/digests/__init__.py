"""CloudTrail's digests: reads them, verifies their signatures and chains, and compares them with the ledger.

In: a digest; out: entries of the ledger that are verified, awaited, tampered or unlisted. It reads no log file.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.digests.coverage import (
        MARGIN,
        OVERDUE,
        Span,
        chains_of,
        digest_of,
        gaps,
        is_closed,
        is_covered,
        joined_spans,
        trail_of,
    )
    from aitrail.digests.digest import Digest, InvalidDigest, read_digest
    from aitrail.digests.given_keys import GivenKeys, InvalidKeysError, read_keys
    from aitrail.digests.no_digests import NoDigestsDetector
    from aitrail.digests.public_keys import PublicKeys, UnavailableKey
    from aitrail.digests.reconciliation import Reconciliation
    from aitrail.digests.unlisted import PATIENCE, Judge
    from aitrail.digests.unproven import LATE
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        coverage=(
            "MARGIN",
            "OVERDUE",
            "Span",
            "chains_of",
            "digest_of",
            "gaps",
            "is_closed",
            "is_covered",
            "joined_spans",
            "trail_of",
        ),
        digest=("Digest", "InvalidDigest", "read_digest"),
        given_keys=("GivenKeys", "InvalidKeysError", "read_keys"),
        public_keys=("PublicKeys", "UnavailableKey"),
        reconciliation=("Reconciliation",),
        no_digests=("NoDigestsDetector",),
        unlisted=("Judge", "PATIENCE"),
        unproven=("LATE",),
    )

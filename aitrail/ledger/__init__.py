"""The ledger (files table): what became of every delivery, and what its attributes together mean.

In: what a reading or a digest says; out: entries. It knows nothing of questions, and judges no digest.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.ledger.entries import (
        ACCEPTED,
        AWAITED,
        DIGEST,
        FILE,
        IMPORT,
        PROBLEMS,
        REJECT,
        REJECTED,
        UNLISTED,
        UNPROVEN,
        UNVERIFIABLE,
        DigestEntry,
        Entry,
        FileEntry,
        acceptance,
        entry_of,
        fields_of,
        holding,
        known_of,
        taken_back,
    )
    from aitrail.ledger.ledger import Ledger, Listing
    from aitrail.ledger.reader import LedgerReader

__all__, __getattr__ = exports(
    __name__,
    entries=(
        "ACCEPTED",
        "AWAITED",
        "DIGEST",
        "DigestEntry",
        "Entry",
        "FILE",
        "FileEntry",
        "IMPORT",
        "PROBLEMS",
        "REJECT",
        "REJECTED",
        "UNLISTED",
        "UNPROVEN",
        "UNVERIFIABLE",
        "acceptance",
        "entry_of",
        "fields_of",
        "holding",
        "known_of",
        "taken_back",
    ),
    ledger=("Ledger", "Listing"),
    reader=("LedgerReader",),
)

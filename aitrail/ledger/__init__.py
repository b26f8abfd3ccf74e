"""The ledger (files table): the outcome of every delivery, and the problem that follows from its attributes.

In: results of readings and digests; out: entries. It knows nothing about questions, and does not verify digests.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.ledger.accounts import ACCOUNTS
    from aitrail.ledger.chains import CHAINS, RESTARTS
    from aitrail.ledger.delivery_times import has_distant_events, near
    from aitrail.ledger.entries import (
        ACCEPTED,
        ACCOUNT,
        AWAITED,
        AWAITED_FOR,
        DIGEST,
        FILE,
        IMPORT,
        NO_DIGESTS,
        PROBLEMS,
        REJECT,
        REJECTED,
        SILENT,
        UNLISTED,
        UNPROVEN,
        UNVERIFIABLE,
        DigestEntry,
        Entry,
        FileEntry,
        acceptance,
        attributes_of_key,
        entry_kind,
        fields_of_key,
        taken_back,
        valid_acceptances,
    )
    from aitrail.ledger.ledger import Ledger, Listing, lister_of
    from aitrail.ledger.reader import LedgerReader
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        accounts=("ACCOUNTS",),
        chains=("CHAINS", "RESTARTS"),
        delivery_times=("has_distant_events", "near"),
        entries=(
            "ACCEPTED",
            "ACCOUNT",
            "AWAITED",
            "AWAITED_FOR",
            "DIGEST",
            "DigestEntry",
            "Entry",
            "FILE",
            "FileEntry",
            "IMPORT",
            "NO_DIGESTS",
            "PROBLEMS",
            "REJECT",
            "REJECTED",
            "SILENT",
            "UNLISTED",
            "UNPROVEN",
            "UNVERIFIABLE",
            "acceptance",
            "entry_kind",
            "fields_of_key",
            "valid_acceptances",
            "attributes_of_key",
            "taken_back",
        ),
        ledger=("Ledger", "Listing", "lister_of"),
        reader=("LedgerReader",),
    )

"""Proves that a window of deliveries is complete: with the ledger, with the table, or by reading everything again.

In: a window; out: a verdict that names every exception. It changes nothing.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.proof.findings import Finding
    from aitrail.proof.seen_rows import named_by
    from aitrail.proof.verification import Verdict, Verification
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        findings=("Finding",),
        seen_rows=("named_by",),
        verification=("Verdict", "Verification"),
    )

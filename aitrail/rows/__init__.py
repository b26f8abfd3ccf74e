"""Turns a record into its row, and the row back into exactly that record; reads a whole log file that way.

In: records; out: rows and rejects. It reads and writes nothing but the stream that it is given. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.rows.identity import CREDENTIALS, PRINCIPAL_KINDS, identity_of
    from aitrail.rows.reading import Reading, RejectedRecord
    from aitrail.rows.row import (
        IMPORTED,
        OUTCOMES,
        RECORD_FIELDS,
        Reject,
        index_key,
        record_hash,
        record_of,
        recorded_with,
        row_of,
        sized_row_of,
    )

__all__, __getattr__ = exports(
    __name__,
    identity=("CREDENTIALS", "PRINCIPAL_KINDS", "identity_of"),
    reading=("Reading", "RejectedRecord"),
    row=(
        "IMPORTED",
        "OUTCOMES",
        "RECORD_FIELDS",
        "Reject",
        "index_key",
        "record_hash",
        "record_of",
        "recorded_with",
        "row_of",
        "sized_row_of",
    ),
)

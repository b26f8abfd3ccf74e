"""A record in, its row out, and back again exactly; and one pass over a log file that does it for all.

It knows the services and DynamoDB's limits, and neither asks nor writes anything. Pure.
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

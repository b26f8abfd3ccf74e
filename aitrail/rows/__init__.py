"""Converts a record to its row and the row back to exactly that record; does so for a whole log file in one pass.

In: records; out: rows and rejects. It reads only the stream it is given and writes nothing. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.rows.expiry import Expiry
    from aitrail.rows.fields import RECORD_FIELDS
    from aitrail.rows.identity import BEHIND, CREDENTIALS, PRINCIPAL_KINDS, identity_of
    from aitrail.rows.narrow import OF_ONE_CALL, Columns, NarrowReading, NarrowRows, NotNarrowError
    from aitrail.rows.outcome import OUTCOMES
    from aitrail.rows.plain import OF_PROVENANCE
    from aitrail.rows.reading import Reading
    from aitrail.rows.redaction import Redaction, redacted
    from aitrail.rows.rejects import MAX_KEPT_REJECTS, Reject, RejectedRecord
    from aitrail.rows.row import IMPORTED, made_row_of, record_of, recorded_with, row_of
    from aitrail.rows.row_hashes import RowHashes, row_hash
    from aitrail.rows.table_keys import index_key, record_hash
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        expiry=("Expiry",),
        fields=("RECORD_FIELDS",),
        identity=("BEHIND", "CREDENTIALS", "PRINCIPAL_KINDS", "identity_of"),
        narrow=("OF_ONE_CALL", "Columns", "NarrowReading", "NarrowRows", "NotNarrowError"),
        outcome=("OUTCOMES",),
        plain=("OF_PROVENANCE",),
        reading=("Reading",),
        redaction=("Redaction", "redacted"),
        rejects=("MAX_KEPT_REJECTS", "Reject", "RejectedRecord"),
        row=("IMPORTED", "made_row_of", "record_of", "recorded_with", "row_of"),
        row_hashes=("RowHashes", "row_hash"),
        table_keys=("index_key", "record_hash"),
    )

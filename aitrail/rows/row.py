"""record -> row, and back: `record_of(row_of(record)) == record`, including types.

A row consists of the record's fields (`fields`), the attributes derived from them (`derived`), and its provenance.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from aitrail.dynamodb import items
from aitrail.rows.derived import derived_attributes
from aitrail.rows.fields import fields_of, kept_fields, original_fields
from aitrail.rows.plain import Plain, plain
from aitrail.rows.redaction import Redaction, redacted
from aitrail.rows.rejects import Reject
from aitrail.rows.table_keys import original_event_id
from aitrail.services import Registry
from aitrail.services import load as load_registry

# Increase this whenever the same record would give a different row: those with an older one are ingested again.
ROW_VERSION = 2
# The provenance of a record from CloudTrail's Event history, until a log file delivers the same event.
IMPORTED = {"importedFrom": "event-history"}


def recorded_with(registry: Registry, redaction: Redaction | None = None) -> str:
    """The fingerprint of everything that determines the content of a row: row version, registry and redaction."""
    version = f"{ROW_VERSION}-{registry.fingerprint}"
    return version if redaction is None else f"{version}-{redaction.fingerprint}"


def row_of(  # noqa: PLR0913 (the options of a deployment)
    record: dict[str, Any],
    *,
    log_file: str,
    record_index: int,
    registry: Registry | None = None,
    retention: timedelta | None = None,
    redaction: Redaction | None = None,
) -> dict[str, Any]:
    """The row of a wanted record: a dict of plain JSON values, at most 400 KB by DynamoDB's count.

    `log_file` is the record's origin (`s3://bucket/key` or a path), `record_index` its position in Records.
    `expiresAt` (epoch seconds) is set only with a `retention`. Raises Reject.
    """
    provenance = in_log_file(log_file, record_index)
    record, hidden = redacted(record, redaction)
    return made_row_of(record, provenance=provenance, registry=registry, retention=retention, redacted=hidden).row


def in_log_file(log_file: str, record_index: int) -> dict[str, Any]:
    """The provenance of a record from a log file."""
    return {"logFile": log_file, "recordIndex": record_index}


class MadeRow(NamedTuple):
    """A row, and what is known of it; `plain` is None if DynamoDB may have changed something of the record."""

    row: dict[str, Any]
    plain: Plain | None


def made_row_of(
    record: dict[str, Any],
    *,
    provenance: Mapping[str, Any],
    registry: Registry | None = None,
    retention: timedelta | None = None,
    redacted: Sequence[str] = (),
) -> MadeRow:
    """The row that `row_of` returns, which shares values with the record.

    `provenance` holds the attributes that say where the record comes from: `in_log_file(...)` or `IMPORTED`.
    `redacted` points to the values of the record that have been replaced.
    """
    try:
        derived = derived_attributes(record, registry or load_registry(), retention)
        fields = fields_of(record, original_event_id=original_event_id(derived["eventID"]))
        derived |= provenance
        if redacted:
            derived["redacted"] = list(redacted)
        row = fields | derived
        known = plain(row)
        return MadeRow(row if known else _stored(fields, derived), known)
    except RecursionError:
        raise Reject("the record is nested too deeply to be written as JSON") from None


def _stored(fields: dict[str, Any], derived: dict[str, Any]) -> dict[str, Any]:
    """The row of any fields and derived attributes, as DynamoDB keeps it. Raises Reject and RecursionError."""
    kept, size, as_json = kept_fields(fields)
    if as_json:
        derived = derived | {"asJson": sorted(as_json)}
    size += items.item_size(derived)
    if size > items.MAX_ITEM_BYTES:
        raise Reject(f"the row has {size} bytes; DynamoDB accepts at most {items.MAX_ITEM_BYTES}")
    return kept | derived


def record_of(row: dict[str, Any]) -> dict[str, Any]:
    """The record that the row was made from; numbers in the row may be int, float or Decimal, as from DynamoDB.

    Of a redacted record, it is the record as redacted.
    """
    record, event_id = original_fields(row), original_event_id(row["eventID"])
    return record if event_id is None else record | {"eventID": event_id}

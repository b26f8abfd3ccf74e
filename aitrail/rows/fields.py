"""Converts a record's fields to those of its row and back: CloudTrail's under their names, unknown ones in `other`.

Source of the names: AWS CloudTrail User Guide, "CloudTrail record contents" (1.11).
"""

from collections.abc import Mapping
from typing import Any

from aitrail.dynamodb import items

RECORD_FIELDS = frozenset(
    {
        "additionalEventData",
        "addendum",
        "apiVersion",
        "awsRegion",
        "edgeDeviceDetails",
        "errorCode",
        "errorMessage",
        "eventCategory",
        "eventContext",
        "eventName",
        "eventSource",
        "eventTime",
        "eventType",
        "eventVersion",
        "managementEvent",
        "readOnly",
        "recipientAccountId",
        "requestID",
        "requestParameters",
        "resources",
        "responseElements",
        "serviceEventDetails",
        "sessionCredentialFromConsole",
        "sharedEventID",
        "sourceIPAddress",
        "tlsDetails",
        "userAgent",
        "userIdentity",
        "vpcEndpointAccountId",
        "vpcEndpointId",
    }
)
_USUAL_FIELDS = RECORD_FIELDS | {"eventID"}


def fields_of(record: dict[str, Any], *, original_event_id: str | None) -> dict[str, Any]:
    """The record's fields under the names that they have in its row.

    If `original_event_id` is given, the record's eventID is left out: the row's key contains it.
    """
    if original_event_id is not None and _USUAL_FIELDS.issuperset(record):
        fields = record.copy()
        del fields["eventID"]
        return fields
    fields, other = {}, dict[str, Any]()
    for name, value in record.items():
        (fields if name in RECORD_FIELDS else other)[name] = value
    if original_event_id is not None:
        other.pop("eventID", None)
    if other:
        fields["other"] = other
    return fields


def kept_fields(fields: dict[str, Any]) -> tuple[dict[str, Any], int, list[str]]:
    """The fields as stored, their size in bytes, and the paths of the values that are stored as JSON text."""
    kept = fields.copy()
    size, as_json = 0, list[str]()
    for name, value in fields.items():
        value_size = len(value) if type(value) is str and value.isascii() else items.kept_size(value)
        if value_size < 0:
            kept[name], paths = items.storable(name, value)
            value_size = items.kept_size(kept[name])
            as_json += paths
        size += len(name) + value_size
    return kept, size, as_json


def original_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record's fields, read from its row, without an eventID that is only in the row's key."""
    kept = {name: row[name] for name in row.keys() & (RECORD_FIELDS | {"other"})}
    record = items.restored(kept, row.get("asJson", ()))
    other: dict[str, Any] = record.pop("other", {})
    return record | other

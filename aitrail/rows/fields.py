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


def kept_fields(record: dict[str, Any], *, original_event_id: str | None) -> tuple[dict[str, Any], int, list[str]]:
    """The record's fields as stored, their size in bytes, and the paths of the values that were stored as JSON text.

    If `original_event_id` is given, the record's eventID is left out: the row's key contains it.
    """
    fields: dict[str, Any] = {}
    other: dict[str, Any] = {}
    size, as_json = 0, list[str]()
    for name, value in record.items():
        (fields if name in RECORD_FIELDS else other)[name] = value
    if original_event_id is not None:
        other.pop("eventID", None)
    if other:
        fields["other"] = other
    for name, value in fields.items():
        value_size = len(value) if type(value) is str and value.isascii() else items.kept_size(value)
        if value_size < 0:
            fields[name], paths = items.storable(name, value)
            value_size = items.kept_size(fields[name])
            as_json += paths
        size += len(name) + value_size
    return fields, size, as_json


def original_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record's fields, read from its row, without an eventID that is only in the row's key."""
    kept = {name: row[name] for name in row.keys() & (RECORD_FIELDS | {"other"})}
    record = items.restored(kept, row.get("asJson", ()))
    other: dict[str, Any] = record.pop("other", {})
    return record | other

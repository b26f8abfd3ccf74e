"""record -> row, and back: `record_of(row_of(record)) == record`, types included.

A row keeps CloudTrail's specified top-level fields under their own names, puts unknown ones into the map `other`
and adds derived attributes. Source of the fields: AWS CloudTrail User Guide, "CloudTrail record contents" (1.11).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.rows.identity import Identity, identity_of
from aitrail.services import Registry, Service, operation_of
from aitrail.services import load as load_registry

# Raised whenever the same record would give another row: files recorded with an older one are read again.
ROW_VERSION = 1

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

_EVENT_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# A faulty encoding of characters beyond 16 bits gives two halves, which JSON text cannot tell from the character.
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MAX_EVENT_ID = 64
_SHORT_HASH = 12
_LONG_HASH = 32
# Index keys may have 2,048 bytes, but every index entry should fit into one write unit of 1 KB.
_MAX_KEY_BYTES = 512
_KEY_HASH = 16


# The provenance of a record of CloudTrail's Event history: until a log file brings it, no file vouches for it.
IMPORTED = {"importedFrom": "event-history"}


class Reject(AitrailError):
    """A wanted record that cannot become a row; `reason` says why in one sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def recorded_with(registry: Registry) -> str:
    """The fingerprint of everything that decides how a row looks: row version and registry."""
    return f"{ROW_VERSION}-{registry.fingerprint}"


def row_of(
    record: dict[str, Any],
    *,
    log_file: str,
    record_index: int,
    registry: Registry | None = None,
    retention: timedelta | None = None,
) -> dict[str, Any]:
    """The row of a wanted record: a dict of plain JSON values, at most 400 KB by DynamoDB's count.

    `log_file` is the record's origin (`s3://bucket/key` or a path), `record_index` its position in Records.
    `expiresAt` (epoch seconds) is there only with a `retention`. Raises Reject.
    """
    provenance = in_log_file(log_file, record_index)
    row, _ = sized_row_of(record, provenance=provenance, registry=registry, retention=retention)
    return row


def in_log_file(log_file: str, record_index: int) -> dict[str, Any]:
    """The provenance of a record that stands in a log file."""
    return {"logFile": log_file, "recordIndex": record_index}


def sized_row_of(
    record: dict[str, Any],
    *,
    provenance: Mapping[str, Any],
    registry: Registry | None = None,
    retention: timedelta | None = None,
) -> tuple[dict[str, Any], int]:
    """What `row_of` gives, and its bytes by DynamoDB's count. The row shares values with the record.

    `provenance` are the attributes that say where the record comes from: `in_log_file`, or `IMPORTED`.
    """
    try:
        derived = _derived(record, registry or load_registry(), retention)
        kept, size, as_json = _kept(record, original_event_id=_original_event_id(derived["eventID"]))
        # Only what is stored as JSON text can hold surrogates.
        if as_json and _SURROGATE_PAIR.search(json.dumps(record, ensure_ascii=False)):
            raise Reject("a text holds two surrogates that JSON cannot tell from one character")
    except RecursionError:
        raise Reject("the record is nested too deep to be written as JSON") from None
    derived |= provenance
    if as_json:
        derived["asJson"] = sorted(as_json)
    size += items.item_size(derived)
    if size > items.MAX_ITEM_BYTES:
        raise Reject(f"the row has {size} bytes, DynamoDB takes {items.MAX_ITEM_BYTES}")
    return kept | derived, size


def _kept(record: dict[str, Any], *, original_event_id: str | None) -> tuple[dict[str, Any], int, list[str]]:
    """The record's fields as they are stored, their bytes, and the paths of what became JSON text in them."""
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


def _derived(record: dict[str, Any], registry: Registry, retention: timedelta | None) -> dict[str, Any]:
    """The attributes that are made of the record; those without a value are absent."""
    service = registry.service(str(record.get("eventSource")))
    if service is None:
        raise Reject(f"no service is registered for eventSource {record.get('eventSource')!r}")
    event_time = _event_time(record)
    derived = {
        "eventID": _event_id(record),
        "eventDay": record["eventTime"][: len("2026-01-31")],
        "outcome": outcome_of(record),
        **_identity_attributes(identity_of(record)),
        **_service_attributes(record, service),
        # Not event_time + retention: the calendar of datetime ends with the year 9999.
        "expiresAt": None if retention is None else int(event_time.timestamp() + retention.total_seconds()),
    }
    return {name: value for name, value in derived.items() if value or value == 0}  # False and 0 are values


def _service_attributes(record: dict[str, Any], service: Service) -> dict[str, Any]:
    event_name = record.get("eventName")
    operation = operation_of(event_name) if isinstance(event_name, str) else ""
    request, response = record.get("requestParameters"), record.get("responseElements")
    resource, usage = service.attributes_of(operation, request, response)
    return {
        "service": service.name,
        "operation": _text(operation),
        "resource": None if resource is None else index_key(resource),
        "usage": {name: _text(value) for name, value in usage.items()},
    }


def _identity_attributes(identity: Identity) -> dict[str, Any]:
    return {
        "principal": index_key(identity.principal),
        "principalAccount": _text(identity.principal_account),
        "sessionName": _text(identity.session_name),
        "accessKeyId": _text(identity.access_key_id),
        "credentials": identity.credentials,
        "temporaryCredentials": identity.temporary_credentials,
        "calledBy": _text(identity.called_by),
    }


def _event_time(record: dict[str, Any]) -> datetime:
    value = record.get("eventTime")
    if not isinstance(value, str) or not _EVENT_TIME.fullmatch(value):
        given = repr(value)[:60] if "eventTime" in record else "missing"
        raise Reject(f"eventTime is {given}, it should be like 2026-01-31T23:59:59Z")
    try:
        if value[11:13] < "24":  # Python 3.14 takes 24:00 for the midnight that follows
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise Reject(f"eventTime {value!r} is no real date")


def _event_id(record: dict[str, Any]) -> str:
    """The table key."""
    original = record.get("eventID")
    if isinstance(original, str) and _GUID.fullmatch(original):
        return original
    digest = record_hash(record)
    if isinstance(original, str) and len(original) <= _MAX_EVENT_ID and items.is_unicode(original):
        return hashed_event_id(original, digest)
    return f"~{digest[:_LONG_HASH]}"


def record_hash(record: dict[str, Any]) -> str:
    """SHA-256 of the record's canonical JSON, in hex."""
    return hashlib.sha256(items.json_text(record).encode()).hexdigest()


def hashed_event_id(event_id: str, digest: str) -> str:
    """The table key of a record whose eventID does not suffice to tell it from others; `digest` is its record_hash."""
    return f"{event_id}~{digest[:_SHORT_HASH]}"


def _original_event_id(event_id: str) -> str | None:
    if _GUID.fullmatch(event_id):
        return event_id
    return event_id[: -_SHORT_HASH - 1] if event_id[-_SHORT_HASH - 1] == "~" else None


_DENIED = re.compile(
    r"accessdenied|unauthorized|notauthorized|forbidden|authfailure|expiredtoken|unrecognizedclient|"
    r"invalidclienttoken|signaturedoesnotmatch|invalidsignature|incompletesignature|missingauthenticationtoken|"
    r"invalidaccesskeyid|optinrequired",
    re.IGNORECASE,
)
_DENIED_MESSAGE = re.compile(r"is not authorized to perform|explicit deny", re.IGNORECASE)
_THROTTLED = re.compile(
    r"throttl|toomanyrequests|requestlimitexceeded|provisionedthroughputexceeded|slowdown|rateexceeded", re.IGNORECASE
)
_SERVER_ERROR = re.compile(
    r"^server\.|internalfailure|internalserver|internalerror|serviceunavailable|servicefailure|badgateway|"
    r"dependencyfailed|loopdetected|requesttimeout|^5[0-9][0-9]$",
    re.IGNORECASE,
)


OUTCOMES = ("ok", "denied", "throttled", "client-error", "server-error")


def outcome_of(record: dict[str, Any]) -> str:
    """`ok`, `denied`, `throttled`, `client-error` or `server-error`, from errorCode and errorMessage."""
    code, message = ("" if record.get(name) is None else str(record[name]) for name in ("errorCode", "errorMessage"))
    if not code and not message:
        return "ok"
    if _DENIED.search(code) or _DENIED_MESSAGE.search(message):
        return "denied"
    if _THROTTLED.search(code) or message.startswith("Rate exceeded"):
        return "throttled"
    return "server-error" if _SERVER_ERROR.search(code) else "client-error"


def _text(value: Any) -> Any:  # noqa: ANN401 (strings are made storable, everything else passes)
    """A derived string as UTF-8 can hold it; the record itself keeps the original."""
    return items.encodable(value) if isinstance(value, str) else value


def index_key(value: str) -> str:
    """An index key of at most 512 bytes: a longer value becomes a prefix, `~` and a hash."""
    encoded = items.encodable(value).encode()
    if len(encoded) <= _MAX_KEY_BYTES:
        return encoded.decode()
    prefix = encoded[: _MAX_KEY_BYTES - _KEY_HASH - 1].decode(errors="ignore")
    return f"{prefix}~{hashlib.sha256(encoded).hexdigest()[:_KEY_HASH]}"


def record_of(row: dict[str, Any]) -> dict[str, Any]:
    """The record that `row_of` was given; numbers may be int, float or Decimal, as DynamoDB returns them."""
    kept = {name: row[name] for name in row.keys() & (RECORD_FIELDS | {"other"})}
    record = items.restored(kept, row.get("asJson", ()))
    record |= record.pop("other", {})
    event_id = _original_event_id(row["eventID"])
    return record if event_id is None else record | {"eventID": event_id}

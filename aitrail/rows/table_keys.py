"""The keys of rows: the table's key, which is an eventID unique to each record, and the keys of the indexes."""

import re
from typing import Any

from aitrail.dynamodb import items

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAX_EVENT_ID = 64
_SHORT_HASH = 12
_LONG_HASH = 32
# DynamoDB allows index keys of 2,048 bytes, but every index entry should fit into one write unit of 1 KB.
_MAX_KEY_BYTES = 512
_KEY_HASH = 16


def event_id_of(record: dict[str, Any]) -> str:
    """The table's key for a record: its eventID if that is a GUID, otherwise one made unique by the record's hash."""
    original = record.get("eventID")
    if isinstance(original, str) and _GUID.fullmatch(original):
        return original
    digest = record_hash(record)
    if isinstance(original, str) and len(original) <= _MAX_EVENT_ID and items.is_unicode(original):
        return hashed_event_id(original, digest)
    return f"~{digest[:_LONG_HASH]}"


def record_hash(record: dict[str, Any]) -> str:
    """SHA-256 of the record's canonical JSON, in hex."""
    return _sha256(items.json_bytes(record))


def hashed_event_id(event_id: str, digest: str) -> str:
    """The table's key for a record whose eventID alone is not unique; `digest` is its record_hash."""
    return f"{event_id}~{digest[:_SHORT_HASH]}"


def original_event_id(event_id: str) -> str | None:
    """The record's own eventID, taken from the table's key; None if the key does not contain it."""
    if _GUID.fullmatch(event_id):
        return event_id
    return event_id[: -_SHORT_HASH - 1] if event_id[-_SHORT_HASH - 1] == "~" else None


def index_key(value: str) -> str:
    """An index key of at most 512 bytes; a longer value is cut to a prefix, followed by `~` and a hash."""
    encoded = items.encodable(value).encode()
    if len(encoded) <= _MAX_KEY_BYTES:
        return encoded.decode()
    prefix = encoded[: _MAX_KEY_BYTES - _KEY_HASH - 1].decode(errors="ignore")
    return f"{prefix}~{_sha256(encoded)[:_KEY_HASH]}"


def _sha256(content: bytes) -> str:
    import hashlib  # noqa: PLC0415 (loads OpenSSL, which conditions on the command line seldom need)

    return hashlib.sha256(content).hexdigest()

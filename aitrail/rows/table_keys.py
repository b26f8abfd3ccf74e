"""The keys of rows: the table's, an eventID that tells every record from all others, and those of the indexes."""

import re
from typing import Any

from aitrail.dynamodb import items

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAX_EVENT_ID = 64
_SHORT_HASH = 12
_LONG_HASH = 32
# Index keys may have 2,048 bytes, but every index entry should fit into one write unit of 1 KB.
_MAX_KEY_BYTES = 512
_KEY_HASH = 16


def event_id_of(record: dict[str, Any]) -> str:
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
    return _sha256(items.json_text(record).encode())


def hashed_event_id(event_id: str, digest: str) -> str:
    """The table key of a record whose eventID does not suffice to tell it from others; `digest` is its record_hash."""
    return f"{event_id}~{digest[:_SHORT_HASH]}"


def original_event_id(event_id: str) -> str | None:
    """The record's own eventID, as far as the table key holds it; None where it does not."""
    if _GUID.fullmatch(event_id):
        return event_id
    return event_id[: -_SHORT_HASH - 1] if event_id[-_SHORT_HASH - 1] == "~" else None


def index_key(value: str) -> str:
    """An index key of at most 512 bytes: a longer value becomes a prefix, `~` and a hash."""
    encoded = items.encodable(value).encode()
    if len(encoded) <= _MAX_KEY_BYTES:
        return encoded.decode()
    prefix = encoded[: _MAX_KEY_BYTES - _KEY_HASH - 1].decode(errors="ignore")
    return f"{prefix}~{_sha256(encoded)[:_KEY_HASH]}"


def _sha256(content: bytes) -> str:
    import hashlib  # noqa: PLC0415 (it loads OpenSSL, which conditions on the command line seldom need)

    return hashlib.sha256(content).hexdigest()

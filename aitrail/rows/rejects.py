"""Wanted records that cannot become rows: the reason, and the part of the record that is kept."""

from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from aitrail.dynamodb import items
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from aitrail.rows.redaction import Redaction

# Of one file; the others are only counted. A file of 5 KB can hold 40,000 rejects, each of which would cost a write.
# Records are rejected for the same few reasons: the first ones show what is wrong with them.
MAX_KEPT_REJECTS = 1000
# A reject keeps its whole record if that fits into an item with the other attributes, otherwise the beginning.
_MAX_KEPT_BYTES = 390 * 1024
_BEGINNING_BYTES = 8 * 1024
_MAX_NAME_CHARACTERS = 256


class Reject(AitrailError):
    """A wanted record that cannot become a row; `reason` says why in one sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RejectedRecord(Struct, frozen=True, kw_only=True):
    """A wanted record that did not become a row, and the reason.

    `key` is unique within its origin: its position in Records, or its eventID if it is not from a log file.
    `kept` holds `record`, its text by `items.as_text`. For a record that is too large, it holds `recordSha256` and
    `recordBytes` of its JSON, and `recordBeginning` instead. It is empty if the record is nested too deeply to be
    written as JSON or to be redacted.
    """

    key: int | str
    reason: str
    event_source: str | None
    event_name: str | None
    kept: dict[str, Any]

    @classmethod
    def of(cls, record: dict[str, Any], *, key: int | str, reason: str, redaction: "Redaction | None" = None) -> Self:
        """The reject for a record, which has not been redacted yet; it keeps no reference to the record."""
        return cls(
            key=key,
            reason=reason,
            event_source=_name(record.get("eventSource")),
            event_name=_name(record.get("eventName")),
            kept=_kept(record, redaction),
        )


def _name(value: object) -> str | None:
    return value[:_MAX_NAME_CHARACTERS] if isinstance(value, str) and items.is_unicode(value) else None


def _kept(record: dict[str, Any], redaction: "Redaction | None") -> dict[str, Any]:
    try:
        kept = record if redaction is None else redaction.applied(record)[0]
        text = items.as_text(kept)
    except (RecursionError, Reject):
        return {}
    if len(text) <= _MAX_KEPT_BYTES:
        return {"record": text}
    import hashlib  # noqa: PLC0415 (loads OpenSSL, which few rejects need)

    content = items.json_bytes(kept)
    return {
        "recordSha256": hashlib.sha256(content).hexdigest(),
        "recordBytes": len(content),
        "recordBeginning": items.json_text(kept)[:_BEGINNING_BYTES],
    }

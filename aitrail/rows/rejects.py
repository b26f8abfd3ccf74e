"""Wanted records that cannot become rows: why, and what is kept of them."""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

from aitrail.dynamodb import items
from aitrail.errors import AitrailError

# What a reject keeps of its record: all of it where that fits beside the other attributes, else the beginning.
_MAX_KEPT_BYTES = 390 * 1024
_BEGINNING_BYTES = 8 * 1024
_MAX_NAME_CHARACTERS = 256


class Reject(AitrailError):
    """A wanted record that cannot become a row; `reason` says why in one sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A wanted record that became no row, and why.

    `key` tells it from the others of its origin: its position in Records, or the eventID of one that is in no log file.
    `kept` is `record`, its JSON text; of a record too large for that `recordSha256`, `recordBytes` and
    `recordBeginning`; nothing where it nests too deep to be written.
    """

    key: int | str
    reason: str
    event_source: str | None
    event_name: str | None
    kept: dict[str, Any]

    @classmethod
    def of(cls, record: dict[str, Any], *, key: int | str, reason: str) -> Self:
        """The reject of a record; it holds no reference to the record."""
        return cls(
            key=key,
            reason=reason,
            event_source=_name(record.get("eventSource")),
            event_name=_name(record.get("eventName")),
            kept=_kept(record),
        )


def _name(value: object) -> str | None:
    return value[:_MAX_NAME_CHARACTERS] if isinstance(value, str) and items.is_unicode(value) else None


def _kept(record: dict[str, Any]) -> dict[str, Any]:
    try:
        text = items.json_text(record)
    except RecursionError:
        return {}
    if len(text) <= _MAX_KEPT_BYTES:
        return {"record": text}
    return {
        "recordSha256": hashlib.sha256(text.encode()).hexdigest(),
        "recordBytes": len(text),
        "recordBeginning": text[:_BEGINNING_BYTES],
    }

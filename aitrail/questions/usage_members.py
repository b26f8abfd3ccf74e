"""The members of the column `usage` of a row of any shape."""

from typing import Any


def usage_member(row: dict[str, Any], name: str) -> object:
    """A member of a row's `usage`; None if it has none."""
    used = row.get("usage")
    return used.get(name) if isinstance(used, dict) else None


def shared_event_id(row: dict[str, Any]) -> str | None:
    """What the rows of an action have in common that CloudTrail recorded for several accounts; None for others."""
    shared = usage_member(row, "sharedEventID")
    return shared if isinstance(shared, str) else None

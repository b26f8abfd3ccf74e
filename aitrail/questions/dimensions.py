"""Dimensions by which calls can be counted: who, where, what, how, and when. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any

from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.questions.conditions import COLUMNS, NAMED, USAGE_MEMBERS
from aitrail.questions.naming import NOTHING_NAMED, Naming
from aitrail.questions.periods import PERIODS, chronological, period_of
from aitrail.questions.source import Row
from aitrail.questions.spellings import USUAL_CATEGORY, or_valid, shown
from aitrail.questions.usage_members import usage_member
from aitrail.questions.usage_spellings import usage_fields
from aitrail.services import Registry, load

TIMES = PERIODS


class DimensionError(AitrailError):
    """Rows cannot be counted by the requested dimension."""


def _attribute(name: str) -> Callable[[Row], object]:
    return lambda row: row.get(name)


def _usage(*names: str) -> Callable[[Row], object]:
    """The first of these usage fields that a row has."""
    return lambda row: next((found for name in names if (found := usage_member(row, name)) is not None), None)


def _language(row: Row) -> object:
    """The language or locale of a row, in the form of Polly and Transcribe: Lex writes en_US for en-US."""
    found = _usage(*USAGE_MEMBERS["language"])(row)
    return found.replace("_", "-") if isinstance(found, str) else found


# Dimensions whose conditions are about more than one attribute, or are flags, or take an absent value for another one.
_OF_THEIR_OWN = {
    "user-agent": _usage("agent"),
    "mfa": _usage("mfa"),
    "language": _language,
    "event-category": lambda row: row.get("eventCategory") or USUAL_CATEGORY,
}


def _value_of(name: str) -> Callable[[Row], object]:
    condition = name.replace("-", "_")
    if name in TIMES:
        return period_of(name)
    if name in NAMED:
        return NOTHING_NAMED.of(name)
    if name in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[name]
    return _attribute(COLUMNS[condition]) if condition in COLUMNS else _usage(*USAGE_MEMBERS[condition])


# Dimension -> its value for a row.
DIMENSIONS: dict[str, Callable[[Row], object]] = {
    name: _value_of(name)
    for name in (
        *("service", "operation", "principal", "account", "region", *TIMES, "resource", "engine", "voice", "language"),
        *("outcome", "error-code", "credentials", "session", "principal-account", "source-ip", "access-key"),
        *("called-by", "user-agent", "mfa", "api-version", "event-category", *NAMED),
    )
}


def dimensions(by: Sequence[str], naming: Naming = NOTHING_NAMED, registry: Registry | None = None) -> tuple[str, ...]:
    """The dimensions, each once: names of DIMENSIONS, or of usage fields of the registry.

    Raises DimensionError, and ConditionError for team or network if none has a name.
    """
    names = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    for name in names:
        known = (*DIMENSIONS, *usage_fields(registry or load()))
        if name not in known:
            raise DimensionError(f"Cannot count by {shown(name)}{or_valid(str(name), known)}")
        if name in NAMED:
            naming.names(name)
    return names


def timeless(names: Sequence[str]) -> Sequence[str]:
    """The dimensions, if none is a time, which is in one window only. Raises DimensionError."""
    for name in names:
        if name in TIMES:
            raise DimensionError(
                f"Each {name} is in one window only: groups by {name} cannot be compared with those of another time."
            )
    return names


def key_function(
    names: Sequence[str], zone: tzinfo = UTC, naming: Naming = NOTHING_NAMED
) -> Callable[[Row], tuple[str | None, ...]]:
    """A function that returns a row's values of these dimensions as texts, None where it has none."""
    chosen = {name: period_of(name, zone) for name in TIMES} | {name: naming.of(name) for name in NAMED}
    values = [chosen.get(name) or DIMENSIONS.get(name) or _usage(name) for name in names]
    return lambda row: tuple(text_of(value(row)) for value in values)


def group_order(names: Sequence[str], key: Sequence[str | None], size: float | Decimal) -> tuple[Any, ...]:
    """The sort key of a group: its times, then its size, largest first, then its name; None is last."""
    times = [chronological(value) for name, value in zip(names, key, strict=True) if name in TIMES]
    return times, -size, [(value is None, value) for value in key]


def text_of(value: object) -> str | None:
    """The value of a dimension as text; a record may contain any JSON value where a text is expected."""
    return (value or None) if isinstance(value, str) or value is None else items.json_text(value)

"""The columns of exported files, which all files of an export share, and their values for a row."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from aitrail.cells import csv_cell, json_line
from aitrail.dynamodb import items, tables
from aitrail.questions import WIDE_COLUMNS, Row, characters_of


class Kind(StrEnum):
    """The type of a column in a Parquet file, in Athena's terms."""

    TEXT = "string"
    JSON = "string, JSON"
    TIME = "timestamp"
    FLAG = "boolean"
    COUNT = "bigint"


# The columns that are in the names of a file's folders: DuckDB and Athena add them automatically.
FOLDER_COLUMNS = ("service", "eventDay")
# Exports are for sums, but `usage` contains a task's characters again in calls that only query the task.
CHARACTERS = "characters"
_ENGINE = "engine"
# Everything in a row that its columns cannot hold.
REST = "rest"

_KINDS = {
    **dict.fromkeys(("temporaryCredentials", "readOnly", "managementEvent"), Kind.FLAG),
    **dict.fromkeys((CHARACTERS, "recordIndex", "expiresAt"), Kind.COUNT),
    "eventTime": Kind.TIME,
    **dict.fromkeys(("additionalEventData", "addendum", "edgeDeviceDetails", "eventContext"), Kind.JSON),
    **dict.fromkeys(("requestParameters", "resources", "responseElements", "serviceEventDetails"), Kind.JSON),
    **dict.fromkeys(("tlsDetails", "userIdentity", "usage", "other", "asJson", "redacted", REST), Kind.JSON),
}
_NARROW = (*tables.NARROW_COLUMNS, CHARACTERS, _ENGINE)
_LARGEST = 2**63

Columns = Mapping[str, Kind]


def columns_of(*, whole: bool) -> Columns:
    """The columns of narrow or whole rows, in order."""
    names = (*_NARROW, *(WIDE_COLUMNS if whole else ()), REST)
    return {name: _KINDS.get(name, Kind.TEXT) for name in names}


def typed(row: Row, columns: Columns) -> dict[str, Any]:
    """A row's values in the types of the columns; None and values that a column cannot hold are left out."""
    cells: dict[str, Any] = {}
    rest = {}
    for name, value in _with_engine(row).items():
        cell = _CELLS[columns[name]](value) if name in columns else None
        if cell is not None:
            cells[name] = cell
        elif value is not None:
            rest[name] = value
    return cells | ({REST: json_line(rest)} if rest else {})


def texts(row: Row, columns: Columns) -> list[str]:
    """A row's values as cells that no spreadsheet evaluates as formulas, in the order of the columns."""
    values = _with_engine(row)
    rest = {name: value for name, value in values.items() if name not in columns and value is not None}
    return [csv_cell((rest or None) if name == REST else values.get(name)) for name in columns]


def with_characters(row: Row) -> Row:
    """The row with the number of characters that `aitrail.questions.usage` counts for it."""
    return row | {CHARACTERS: characters_of(row)}


def _with_engine(row: Row) -> Row:
    usage = row.get("usage")
    return with_characters(row) | {_ENGINE: _text(usage.get(_ENGINE)) if isinstance(usage, dict) else None}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and items.is_unicode(value) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_LARGEST <= value < _LARGEST else None


def _json(value: object) -> str | None:
    return None if value is None else json_line(value)


def _time(value: str) -> datetime:
    # Without a time zone: Athena's timestamp has none, and DuckDB would convert it to the user's time zone.
    return datetime.fromisoformat(value).replace(tzinfo=None)


_CELLS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.JSON: _json,
    Kind.TIME: _time,
    Kind.FLAG: _flag,
    Kind.COUNT: _count,
}

"""The columns of exported files, which all files of an export share, and their values for a row."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

from aitrail.cells import csv_cell, json_line
from aitrail.dynamodb import items, tables
from aitrail.questions import WIDE_COLUMNS, CallAmount, Row, characters_of, usage_member
from aitrail.services import Registry


class Kind(StrEnum):
    """The type of a column in a Parquet file, in Athena's terms."""

    TEXT = "string"
    JSON = "string, JSON"
    TIME = "timestamp"
    FLAG = "boolean"
    INTEGER = "int"
    COUNT = "bigint"
    MONEY = "decimal(38,12)"


# The columns that are in the names of a file's folders: DuckDB and Athena add them automatically.
FOLDER_COLUMNS = ("service", "eventDay")
# Exports are for sums, but `usage` contains a task's characters again in calls that only query the task.
CHARACTERS = "characters"
ENGINE = "engine"
# What a call is billed by; see CallAmount.
AMOUNT = CallAmount._fields
# Everything in a row that its columns cannot hold.
REST = "rest"

_KINDS = {
    **dict.fromkeys(("temporaryCredentials", "readOnly", "managementEvent"), Kind.FLAG),
    **dict.fromkeys((CHARACTERS, "amount", "recordIndex", "expiresAt"), Kind.COUNT),
    "cost": Kind.MONEY,
    "eventTime": Kind.TIME,
    **dict.fromkeys(("additionalEventData", "addendum", "edgeDeviceDetails", "eventContext"), Kind.JSON),
    **dict.fromkeys(("requestParameters", "resources", "responseElements", "serviceEventDetails"), Kind.JSON),
    **dict.fromkeys(("tlsDetails", "userIdentity", "usage", "other", "asJson", "redacted", REST), Kind.JSON),
}
_NARROW = (*tables.NARROW_COLUMNS, CHARACTERS, ENGINE, *AMOUNT)
_LARGEST = 2**63
# A decimal(38,12) has 26 digits before the point; a cost has twelve behind it, far below what AWS charges for a unit.
_MOST_MONEY, _FINEST = Decimal(10**26), Decimal("1e-12")
_EXACT = Context(prec=76)

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
    cells = values | {REST: rest or None}
    return [csv_cell(_plain(cells.get(name)) if columns[name] is Kind.MONEY else cells.get(name)) for name in columns]


def with_amounts(row: Row, amount: CallAmount, registry: Registry) -> Row:
    """The row with its characters, as `characters_of` tells them, and with what the call is billed by.

    The cost has at most twelve decimals.
    """
    cost = amount.cost
    rounded = None if cost is None else cost.quantize(_FINEST, context=_EXACT).normalize(_EXACT)
    return row | {CHARACTERS: characters_of(row, registry)} | amount._replace(cost=rounded)._asdict()


def _with_engine(row: Row) -> Row:
    return row | {ENGINE: _text(usage_member(row, ENGINE))}


def _plain(value: object) -> object:
    """Money without an exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and items.is_unicode(value) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_LARGEST <= value < _LARGEST else None


def _money(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) and abs(value) < _MOST_MONEY else None


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
    Kind.MONEY: _money,
}

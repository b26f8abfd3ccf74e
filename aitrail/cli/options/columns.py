"""--columns selects the attributes of rows to show; a table has default columns."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from aitrail.cli.options.command import option
from aitrail.cli.options.offering import offer_of
from aitrail.cli.output import ROW_COLUMNS
from aitrail.questions import ALL_COLUMNS, COLUMNS, USAGE_MEMBERS, Conditions, or_valid

_FIRST = ROW_COLUMNS[:3]
# Condition -> the column that shows why a call meets it.
_ASKED = {
    **COLUMNS,
    "read_only": "readOnly",
    "network": COLUMNS["source_ip"],
    **dict.fromkeys((*USAGE_MEMBERS, "label", "user_agent", "mfa"), "usage"),
}


def table_columns(conditions: Conditions) -> tuple[str, ...]:
    """The columns of a table of calls; those with a condition come early."""
    return tuple(dict.fromkeys((*_FIRST, *asked_columns(conditions), *ROW_COLUMNS)))


def asked_columns(conditions: Conditions) -> list[str]:
    """The columns that conditions are about; they stay in a table longest."""
    asked = [column for name, column in _ASKED.items() if name in conditions]
    if set(conditions.get("outcome", ())) - {"ok"}:
        asked.append("errorCode")
    return asked


def only(rows: Iterable[dict[str, Any]], columns: Sequence[str] | None) -> Iterable[dict[str, Any]]:
    """The rows with only these attributes, as far as they have them; unchanged if `columns` is None."""
    if columns is None:
        return rows
    return ({name: row[name] for name in columns if name in row} for row in rows)


def _parsed(value: str, known: Sequence[str]) -> tuple[str, ...]:
    by_lower = {name.lower(): name for name in known}
    found = []
    for text in filter(None, (each.strip() for each in value.split(","))):
        if text.lower() not in by_lower:
            raise click.BadParameter(f"{text!r} is not a column{or_valid(text, known)}")
        found.append(by_lower[text.lower()])
    if not found:
        raise click.BadParameter("give at least one column.")
    return tuple(dict.fromkeys(found))


def columns_option(
    known: Sequence[str] = ALL_COLUMNS,
    text: str = "Columns to show, in this order. A column that is not indexed costs a read of every row (docs/rows.md "
    "lists the indexed columns).",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds --columns, which accepts names in `known`; the command gets them without duplicates as `columns`."""
    offer = offer_of(lambda _: known)

    def completed(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in offer(context, parameter, last)]

    return option(
        "Output",
        "--columns",
        metavar="NAME,NAME…",
        callback=lambda _context, _parameter, value: None if value is None else _parsed(value, known),
        shell_complete=completed,
        help=text,
    )

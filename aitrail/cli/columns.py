"""--columns: which attributes of rows to show."""

import click

from aitrail import tables
from aitrail.cli.sections import option
from aitrail.conditions import nearest
from aitrail.rows import RECORD_FIELDS

# What only whole rows have.
WIDE_COLUMNS = (
    *sorted(RECORD_FIELDS - {*tables.NARROW_COLUMNS}),
    "other",
    "asJson",
    "logFile",
    "recordIndex",
    "expiresAt",
)


def _columns(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    by_lower = {name.lower(): name for name in (*tables.NARROW_COLUMNS, *WIDE_COLUMNS)}
    found = []
    for text in filter(None, (each.strip() for each in value.split(","))):
        if text.lower() not in by_lower:
            meant = nearest(text, by_lower.values())
            hint = f": did you mean {meant}?" if meant else "."
            raise click.BadParameter(f"{text!r} is no column{hint} Valid are {', '.join(by_lower.values())}.")
        found.append(by_lower[text.lower()])
    if not found:
        raise click.BadParameter("it names no column.")
    return tuple(dict.fromkeys(found))


def _completed(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    names = (*tables.NARROW_COLUMNS, *WIDE_COLUMNS)
    return [f"{before}{comma}{name}" for name in names if name.lower().startswith(last.lower())]


columns_option = option(
    "Output",
    "--columns",
    metavar="NAME,NAME…",
    callback=_columns,
    shell_complete=_completed,
    help="Attributes of rows to show, in this order. One that the indexes lack costs a read of every row.",
)

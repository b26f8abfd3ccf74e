"""`aitrail cost`: estimates a deployment's monthly cost, and the cost of alternatives, without access to AWS."""

from decimal import Decimal
from typing import Any

import click

from aitrail.cli.options import Command, OneOf, now_of, option, output_options, prices_option, usual_prices
from aitrail.cli.output import Cell, Output, Priorities, narrate
from aitrail.costs import (
    DIGEST_FILES,
    RECORD_KB,
    RECORDS_IN_A_FILE,
    TABLE_CLASSES,
    CostError,
    Line,
    Load,
    Prices,
    compare,
    costs,
    per_million,
    readable,
    too_old,
    total,
)

_COMES = "Monthly volume"
_STAYS = "Retention"
_COUNTS = "Calculation"
_COLUMNS = ("part", "amount", "formula", "quantity", "unit", "price", "per", "setting")
# A table shows the price and its unit in one column.
_SHOWN = ("part", "amount", "formula", "quantity", "unit", "price")
_WAYS = ("way", "what", "amount", "formula")
_CENTS = Decimal("0.01")
_DECIMALS = 6


def _decimal(_context: click.Context, _parameter: click.Parameter, value: float) -> Decimal:
    return Decimal(str(value))


@click.command(cls=Command)
@option(_COMES, "--files", type=int, metavar="N", help="Log files delivered.  [required]")
@option(_COMES, "--events", type=int, metavar="N", help="Events of the recorded services in them.  [required]")
@option(
    _COMES, "--records", type=int, metavar="N", help=f"All records in them.  [default: {RECORDS_IN_A_FILE} per file]"
)
@option(
    _COMES,
    "--record-kb",
    type=float,
    callback=_decimal,
    default=float(RECORD_KB),
    metavar="KB",
    help=f"Size of a record, uncompressed.  [default: {RECORD_KB}]",
)
@option(
    _COMES,
    "--accounts",
    type=int,
    default=1,
    metavar="N",
    help="Accounts whose log files and digest files are delivered.  [default: 1]",
)
@option(
    _COMES,
    "--digest-files",
    type=int,
    metavar="N",
    help=f"Digest files: one for each hour, account, Region and trail.  [default: {DIGEST_FILES} per account]",
)
@option(_COMES, "--paid-copy", is_flag=True, help="Another trail already delivers these management events.")
@option(
    _COMES, "--data-events", type=int, default=0, metavar="N", help="Data events in them, which CloudTrail charges for."
)
@option(
    _COMES,
    "--network-activity-events",
    type=int,
    default=0,
    metavar="N",
    help="Network activity events in them, which CloudTrail charges for.",
)
@option(_STAYS, "--months", type=int, default=12, metavar="N", help="Months recorded so far.  [default: 12]")
@option(_STAYS, "--retention-days", "row_retention_days", type=int, metavar="N", help="aitrail:rowRetentionDays.")
@option(_STAYS, "--ledger-retention-days", type=int, metavar="N", help="aitrail:ledgerRetentionDays.")
@option(_STAYS, "--log-retention-days", type=int, metavar="N", help="aitrail:logRetentionDays.")
@option(
    _STAYS,
    "--events-table-class",
    type=OneOf(TABLE_CLASSES),
    default=TABLE_CLASSES[0],
    metavar="CLASS",
    help=f"aitrail:eventsTableClass.  [default: {TABLE_CLASSES[0]}]",
)
@option(
    _STAYS,
    "--files-table-class",
    type=OneOf(TABLE_CLASSES),
    default=TABLE_CLASSES[0],
    metavar="CLASS",
    help=f"aitrail:filesTableClass.  [default: {TABLE_CLASSES[0]}]",
)
@option(
    _COUNTS,
    "--memory",
    "memory_megabytes",
    type=int,
    default=1024,
    metavar="MB",
    help="aitrail:memoryMegabytes.  [default: 1024]",
)
@option(_COUNTS, "--redact", is_flag=True, help="aitrail:redact.")
@option(_COUNTS, "--alarms/--no-alarms", default=True, help="aitrail:alarms.  [default: --alarms]")
@option(_COUNTS, "--dashboard", is_flag=True, help="aitrail:dashboard.")
@option(
    _COUNTS,
    "--kms-keys",
    type=int,
    default=0,
    metavar="N",
    help="Customer-managed keys, of aitrail:kmsKey and the like.  [default: 0]",
)
@option(_COUNTS, "--no-free-tier", is_flag=True, help="Ignore the monthly free tier.")
@option(_COUNTS, "--compare", is_flag=True, help="Compare with the cost of CloudTrail Lake and Athena.")
@prices_option(_COUNTS, "Use your own prices (a TOML file).")
@output_options(of="the list of parts", shapes=True)
def cost(
    *,
    no_free_tier: bool,
    compare: bool,
    prices: str | None,
    output: Output,
    **given: Any,  # noqa: ANN401 (the fields of Load)
) -> None:
    """Estimate the monthly cost of a deployment.

    Shows each part with its formula, the most expensive first. Storage is the volume of all months so far, or the part
    of it that a retention setting keeps. The metrics IngestedFiles, Records and RowsWritten of a deployment count
    files, records and events. docs/cost.md says which figures are measured, and which are assumed.

    The free tier is per account, and other workloads may use it up: see --no-free-tier. The comparison ignores it. A
    price file has the format of aitrail/costs/prices.toml; see `aitrail prices`.

    \b
    Examples:
      aitrail cost --files 10000 --events 100000
      aitrail cost --files 500000 --events 2000000 --months 36 --retention-days 400
      aitrail cost --files 10000 --events 100000 --compare
    """
    if given["files"] is None or given["events"] is None:
        raise click.UsageError(
            "Give both --files N and --events N: the log files delivered in a month, and the events in them."
        )
    try:
        load, used = Load(**given), usual_prices(prices, deployment=True)
    except CostError as error:
        raise click.UsageError(str(error)) from error
    if compare:
        _write_comparison(load, used, output)
    else:
        _write_parts(load, costs(load, used, free=not no_free_tier), output)
    narrate(f"{used}: check them.")
    for note in too_old(used.prices.values(), now_of(click.get_current_context()).date()):
        narrate(note)


def _write_parts(load: Load, lines: list[Line], output: Output) -> None:
    amount = total(lines)
    sums = {
        "total, a month": amount,
        "a million records read": per_million(amount, load.all_records),
        "a million events recorded": per_million(amount, load.events),
    }
    known = {name: value for name, value in sums.items() if value is not None}
    if not output.is_table:
        rows = [*map(_row, lines), *({"part": name, "amount": _rounded(value)} for name, value in known.items())]
        output.write(rows, table=_COLUMNS, csv=_COLUMNS)
    else:
        rest = [""] * (len(_SHOWN) - 2)
        last: list[list[Cell]] = [[name, value.quantize(_CENTS), *rest] for name, value in known.items()]
        output.write_table(_SHOWN, [*map(_cells, lines), *last], priorities=Priorities.of(_SHOWN, _SHOWN[:2]))


def _row(line: Line) -> dict[str, Any]:
    return {
        "part": line.part,
        "amount": _rounded(line.amount),
        "formula": line.formula,
        "quantity": _rounded(line.quantity),
        "unit": line.unit,
        "price": line.price.price,
        "per": line.price.per,
        "setting": line.setting or None,
    }


def _cells(line: Line) -> list[Cell]:
    whole = line.quantity == line.quantity.to_integral_value()
    quantity = f"{line.quantity:,.0f}" if whole else f"{line.quantity:,.2f}"
    return [line.part, line.amount.quantize(_CENTS), line.formula, quantity, line.unit, str(line.price)]


def _rounded(value: Decimal) -> Decimal:
    return round(value, _DECIMALS)


def _write_comparison(load: Load, prices: Prices, output: Output) -> None:
    ways = compare(load, prices)
    if not output.is_table:
        rows = [{name: getattr(way, name) for name in _WAYS} | {"amount": _rounded(way.amount)} for way in ways]
        output.write(rows, table=_WAYS, csv=_WAYS)
    else:
        cells: list[list[Cell]] = [[way.way, way.what, readable(way.amount), way.formula] for way in ways]
        output.write_table(_WAYS, cells, priorities=Priorities.of(_WAYS, _WAYS[:3]))

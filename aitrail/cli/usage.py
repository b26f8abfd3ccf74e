"""`aitrail usage`: how many calls, errors and characters, by whom, when and where, and what the characters cost."""

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from aitrail.cli.asking import Asked, question_options
from aitrail.cli.cross_table import cross_table, simple_table
from aitrail.cli.output import Output, narrate, output_options
from aitrail.cli.sections import Command, option
from aitrail.prices import PriceError, Prices
from aitrail.usage import DIMENSIONS, MEASURES, NETWORK_ACTIVITY

_SECTION = "What to count"
_COST = "cost"
# A fraction of what a single character costs.
_DECIMALS = 6


def _prices(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Prices | None:
    try:
        return None if value is None else Prices.read(Path(value))
    except PriceError as error:
        raise click.BadParameter(str(error)) from error


@click.command(cls=Command)
@option(
    _SECTION,
    "--by",
    type=click.Choice(tuple(DIMENSIONS), case_sensitive=False),
    multiple=True,
    default=("service",),
    metavar="WHAT",
    help=f"{', '.join(DIMENSIONS)}; may be repeated.  [default: service]",
)
@option(
    _SECTION,
    "--measure",
    type=click.Choice((*MEASURES, _COST), case_sensitive=False),
    help="What the cells of a table by several --by show.  [default: calls]",
)
@option(_SECTION, "--cost", is_flag=True, help="What Polly's characters cost, at the prices that come with aitrail.")
@option(_SECTION, "--prices", callback=_prices, metavar="FILE", help="The same, at your own prices (a TOML file).")
@question_options()
@output_options()
def usage(
    *, asked: Asked, by: tuple[str, ...], measure: str | None, cost: bool, prices: Prices | None, output: Output
) -> None:
    """Count calls, errors, denied calls and characters.

    A table by several --by has the last of them as columns, and --measure in its cells; json, jsonl and csv have a row
    for each combination, with every measure. Characters are those that successful calls had synthesized. Calls that a
    VPC endpoint has seen a second time (network activity events) do not count.

    The cost is that of Polly's characters alone, without free tier and discounts: log files do not say how long audio
    is (Transcribe), and Lex and Personalize are not priced. A call that names no engine has the engine standard.
    A file of prices has currency, date, source, and a table per_million_characters with a price for each engine; a
    table regions."us-gov-west-1" may have other ones.

    \b
    Examples:
      aitrail usage --by principal --cost --since 2026-11-01 --until 2026-12-01
      aitrail usage --outcome denied --by principal --by service --since 30d
      aitrail usage --by day --by operation --service polly --since 14d
    """
    by = tuple(dict.fromkeys(by))
    if measure and len(by) == 1:
        raise click.UsageError("--measure is for tables by several --by: a table by one shows every measure.")
    if NETWORK_ACTIVITY.lower() in map(str.lower, asked.conditions.get("event_category", ())):
        raise click.UsageError("Network activity events do not count: `aitrail events` lists them.")
    if prices is None and (cost or measure == _COST):
        prices = Prices.read()
    notes: list[str] = []
    groups = asked.store.usage(by=by, prices=prices, report=notes.append, **asked.question)
    _write(groups, by, measure or MEASURES[0], prices, output)
    if not groups:
        asked.narrate_nothing()
    elif prices:
        for note in (*notes, f"{prices}: check them."):
            narrate(note)


def _write(
    groups: list[dict[str, Any]], by: tuple[str, ...], measure: str, prices: Prices | None, output: Output
) -> None:
    measures = (*MEASURES, *((_COST,) if prices else ()))
    if output.format != "table" or output.query:
        columns = (*by, *measures)
        rows = [group | {_COST: round(group[_COST], _DECIMALS)} for group in groups] if prices else groups
        output.write(rows, table=columns, csv=columns)
    elif groups:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        several = len(by) > 1
        output.write_table(
            *(cross_table(groups, by, measure, width) if several else simple_table(groups, by[0], measures))
        )

"""`aitrail running`: lists what is billed without being called, with who created it, its cost, and who uses it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click

from aitrail.calendars import local_time
from aitrail.cells import counted, name_text
from aitrail.cli.options import (
    Asked,
    Command,
    Span,
    all_conditions_but,
    length_of,
    option,
    output_options,
    prices_option,
    question_options,
    requests_of,
    usual_prices,
)
from aitrail.cli.output import Cell, Output, Priorities, narrate, shown_time, titled
from aitrail.costs import Prices
from aitrail.metering import Found, Running, billed_kinds, idle_resources, record_of, running_resources
from aitrail.window import BEGINNING, parse_time

_SECTION = "What to list"
_COLUMNS = (
    *("resource", "account", "region", "costPerDay", "costPerDayIsAtLeast", "currency", "priceDate", "quantity"),
    *("quantityName", "createdTime", "createdBy", "changedTime", "changedBy", "calls", "requests"),
    *("lastCallTime", "lastCaller", "billed", "bills"),
)
_SHOWN = (
    *("resource", "account", "region", "cost", "createdTime", "createdBy", "calls", "requests", "lastCallTime"),
    *("lastCaller", "billed"),
)
_TIMES = ("createdTime", "changedTime", "lastCallTime")
# What tells resources apart; callers are not asked about here.
_KEPT = ("account", "region", "resource")
_USUAL_SPAN = timedelta(days=14)


@click.command(cls=Command)
@option(
    _SECTION,
    "--idle",
    type=Span(),
    metavar="SPAN",
    help="Only what nobody has called for that long, such as 14d, before the end of the window.",
)
@option(
    _SECTION,
    "--metrics",
    is_flag=True,
    help="Also show the requests that CloudWatch has counted in the last 14 days, or in those of --idle.",
)
@prices_option(_SECTION, "Calculate with your own prices (a TOML file).")
@question_options(*all_conditions_but(*_KEPT), since="365d")
@output_options(of="the list of resources", shapes=True)
def running(
    *,
    asked: Asked,
    idle: timedelta | None,
    metrics: bool,
    prices: str | None,
    output: Output,
) -> None:
    """List what is billed whether or not anybody calls it.

    Campaigns, recommenders and solutions with automatic training of Personalize are billed from the call that creates
    them until the call that deletes or stops them. The list has those that are billed at the end of the window, with
    who created them, what they cost a day at the least, and the last call that used them, however it ended.

    A resource without createdTime is older than the rows. Resources that are older than the rows, and that no row of
    the window names, are not in the list: give a longer window, or check the console. Rows do not tell whether a
    creation that AWS accepted has failed later, nor when a deletion has ended. billed is null (not known) for a
    solution of which no row tells whether it is trained automatically.

    The cost is the lowest one at list prices: what is provisioned, for 24 hours, in the first tier. It is empty if the
    price file has no price (see `aitrail prices`), and at least what is shown (>=) if no row tells the quantity.

    CloudTrail may not record calls that use a resource, such as GetRecommendations: without any such row, --idle proves
    nothing, and the command says so. --metrics adds CloudWatch's counts, which needs cloudwatch:GetMetricData: idle is
    then what has neither calls nor requests. --account, --in-region and --resource select resources.

    \b
    Examples:
      aitrail running
      aitrail running --idle 14d --in-region eu-central-1
      aitrail running --from AWSLogs/ -o json
    """
    used = usual_prices(prices)
    found = running_resources(asked.store, asked.window, used, **asked.conditions)
    notes: list[str] = []
    if metrics and found.resources:
        counted_ones = requests_of(asked, found.resources, idle or _USUAL_SPAN, notes.append)
        found = replace(found, resources=counted_ones)
    shown = found.resources if idle is None else [*idle_resources(found.resources, asked.window, idle)]
    if output.is_table and shown:
        _write_table(shown, used, asked, output)
    elif shown or not output.is_table:
        output.write([record_of(each, used) for each in shown], table=_COLUMNS, csv=_COLUMNS)
    if found.first is None:
        asked.narrate_nothing()
        return
    _narrate(found, shown, idle, asked)
    for note in notes:
        narrate(note)
    services = {each.cycle.service for each in shown if each.price}
    for note in used.notes(services, asked.now.date()) if services else ():
        narrate(note)


def _write_table(shown: Sequence[Running], prices: Prices, asked: Asked, output: Output) -> None:
    columns = [name for name in _SHOWN if name != "requests" or any(each.requests is not None for each in shown)]
    titles = [titled(name, asked.zone) if name in _TIMES else name for name in columns]
    cost = f"cost a day ({name_text(prices.currency)})"
    titles[columns.index("cost")] = cost
    lines = [_cells(record_of(each, prices), columns, asked) for each in shown]
    costs = [each.cost_of_a_day for each in shown]
    if len(shown) > 1 and any(each is not None for each in costs):
        total = sum(each for each in costs if each is not None)
        is_least = None in costs or any(each.is_least for each in shown)
        lines.append([f"total, {len(shown)}", "", "", f"{'>=' * is_least}{total:,.2f}", *[""] * (len(columns) - 4)])
    first = (titles[0], cost, titles[columns.index("lastCallTime")], "requests", "createdBy")
    output.write_table(titles, lines, priorities=Priorities.of(titles, [name for name in first if name in titles]))


def _cells(row: dict[str, Any], columns: Sequence[str], asked: Asked) -> list[Cell]:
    cost = row["costPerDay"]
    texts = {name: shown_time(row[name], asked.zone) if row[name] else "" for name in _TIMES}
    texts["cost"] = "" if cost is None else f"{'>=' * row['costPerDayIsAtLeast']}{cost:,.2f}"
    texts |= {name: "" if row[name] is None else f"{row[name]:,}" for name in ("calls", "requests")}
    texts["createdTime"] = texts["createdTime"] or "before the rows"
    texts["billed"] = "yes" if row["billed"] else "not known"
    return [texts[name] if name in texts else name_text(row[name] or "") for name in columns]


def _narrate(found: Found, shown: Sequence[Running], idle: timedelta | None, asked: Asked) -> None:
    uncertain = sum(not each.is_certain for each in shown)
    unknown = f"; of {uncertain} more, it is not known" if uncertain else ""
    unused = f", unused for {length_of(idle)}" if idle else ""
    narrate(f"{counted(len(shown) - uncertain, 'resource')} billed{unused}{unknown}.")
    first = local_time(parse_time(found.first or ""), asked.zone)
    narrate(f"Rows begin at {first}: what was created before, and no row names since, may exist as well.")
    kinds = [cycle.kind for cycle in billed_kinds() if not cycle.used_by]
    if idle and kinds:
        narrate(f"Of {', '.join(kinds)}, rows cannot tell who uses it: --idle leaves it out.")
    uses = [each for each in found.resources if each.cycle.used_by and each.requests is None]
    if not found.uses_are_recorded and uses:
        names = sorted({name for each in found.resources for name in each.cycle.used_by})
        narrate(
            f"No row is a call of {', '.join(names)}: CloudTrail may not record them, so this does not prove that "
            "nobody calls. --metrics reads CloudWatch's counts."
        )
    if asked.window.since > BEGINNING:
        for line in asked.store.lacking(asked.window.since):
            narrate(line)

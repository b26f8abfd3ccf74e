"""`aitrail running`: lists what is billed without being called, with who created it, its cost, and who uses it."""

from collections.abc import Sequence
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
    usual_prices,
)
from aitrail.cli.output import Cell, Output, Priorities, narrate, shown_time, titled
from aitrail.costs import Prices
from aitrail.metering import Found, Running, billed_kinds, idle_resources, running_resources
from aitrail.window import BEGINNING, parse_time

_SECTION = "What to list"
_COLUMNS = (
    *("resource", "account", "region", "costPerDay", "costPerDayIsAtLeast", "currency", "priceDate", "quantity"),
    *("quantityName", "createdTime", "createdBy", "changedTime", "changedBy", "calls", "lastCallTime", "lastCaller"),
    *("billed", "bills"),
)
_SHOWN = (
    "resource",
    "account",
    "region",
    "cost",
    "createdTime",
    "createdBy",
    "calls",
    "lastCallTime",
    "lastCaller",
    "billed",
)
_TIMES = ("createdTime", "changedTime", "lastCallTime")
# What tells resources apart; callers are not asked about here.
_KEPT = ("account", "region", "resource")
_DECIMALS = 4


@click.command(cls=Command)
@option(
    _SECTION,
    "--idle",
    type=Span(),
    metavar="SPAN",
    help="Only what nobody has called for that long, such as 14d, before the end of the window.",
)
@prices_option(_SECTION, "Calculate with your own prices (a TOML file).")
@question_options(*all_conditions_but(*_KEPT), since="365d")
@output_options(of="the list of resources", shapes=True)
def running(
    *,
    asked: Asked,
    idle: timedelta | None,
    prices: str | None,
    output: Output,
) -> None:
    """List what is billed although nobody may call it.

    Campaigns, recommenders and solutions with automatic training of Personalize are billed from the call that creates
    them until the call that deletes or stops them. The list has those that are billed at the end of the window, with
    who created them, what they cost a day at the least, and the last call that used them, however it ended.

    A resource without createdTime is older than the rows. Resources that are older than the rows, and that no row of
    the window names, are not in the list: give a longer window, or look into the console. Rows do not tell whether a
    creation that AWS accepted has failed later, nor when a deletion has ended. billed is null (not known) for a
    solution of which no row tells whether it is trained automatically.

    The cost is the lowest one at list prices: what is provisioned, for 24 hours, in the first tier. It is empty if the
    price file has no price (see `aitrail prices`), and at least what is shown (>=) if no row tells the quantity.

    CloudTrail may not record calls that use a resource, such as GetRecommendations: without any such row, --idle proves
    nothing, and the command says so. --account, --in-region and --resource select resources.

    \b
    Examples:
      aitrail running
      aitrail running --idle 14d --in-region eu-central-1
      aitrail running --from AWSLogs/ -o json
    """
    used = usual_prices(prices)
    found = running_resources(asked.store, asked.window, used, **asked.conditions)
    shown = found.resources if idle is None else [*idle_resources(found.resources, asked.window, idle)]
    if output.is_table and shown:
        _write_table(shown, used, asked, output)
    elif shown or not output.is_table:
        output.write([_row(each, used) for each in shown], table=_COLUMNS, csv=_COLUMNS)
    if found.first is None:
        asked.narrate_nothing()
        return
    _narrate(found, shown, idle, asked)
    services = {each.cycle.service for each in shown if each.price}
    for note in used.notes(services, asked.now.date()) if services else ():
        narrate(note)


def _row(each: Running, prices: Prices) -> dict[str, Any]:
    cost = each.cost_of_a_day
    return {
        "resource": each.resource,
        "account": each.account,
        "region": each.region,
        "costPerDay": None if cost is None else round(cost, _DECIMALS),
        "costPerDayIsAtLeast": each.is_least,
        "currency": prices.currency,
        "priceDate": each.price.date if each.price else None,
        "quantity": each.quantity,
        "quantityName": each.cycle.quantity or None,
        "createdTime": each.created,
        "createdBy": each.created_by,
        "changedTime": each.changed,
        "changedBy": each.changed_by,
        "calls": each.calls if each.cycle.used_by else None,
        "lastCallTime": each.last_call,
        "lastCaller": each.last_caller,
        "billed": True if each.is_certain else None,
        "bills": each.cycle.bills,
    }


def _write_table(shown: Sequence[Running], prices: Prices, asked: Asked, output: Output) -> None:
    titles = [titled(name, asked.zone) if name in _TIMES else name for name in _SHOWN]
    titles[_SHOWN.index("cost")] = f"cost a day ({name_text(prices.currency)})"
    lines = [_cells(_row(each, prices), asked) for each in shown]
    costs = [each.cost_of_a_day for each in shown]
    if len(shown) > 1 and any(cost is not None for cost in costs):
        total = sum(cost for cost in costs if cost is not None)
        is_least = None in costs or any(each.is_least for each in shown)
        lines.append([f"total, {len(shown)}", "", "", f"{'>=' * is_least}{total:,.2f}", *[""] * (len(_SHOWN) - 4)])
    output.write_table(titles, lines, priorities=Priorities.of(titles, (titles[0], titles[3], titles[7], titles[5])))


def _cells(row: dict[str, Any], asked: Asked) -> list[Cell]:
    cost = row["costPerDay"]
    texts = {name: shown_time(row[name], asked.zone) if row[name] else "" for name in _TIMES}
    texts["cost"] = "" if cost is None else f"{'>=' * row['costPerDayIsAtLeast']}{cost:,.2f}"
    texts["calls"] = "" if row["calls"] is None else f"{row['calls']:,}"
    texts["createdTime"] = texts["createdTime"] or "before the rows"
    texts["billed"] = "yes" if row["billed"] else "not known"
    return [texts[name] if name in texts else name_text(row[name] or "") for name in _SHOWN]


def _narrate(found: Found, shown: Sequence[Running], idle: timedelta | None, asked: Asked) -> None:
    narrate(f"{counted(len(shown), 'resource')} billed{f', unused for {length_of(idle)}' if idle else ''}.")
    first = local_time(parse_time(found.first or ""), asked.zone)
    narrate(f"Rows begin at {first}: what was created before, and no row names since, may exist as well.")
    kinds = [cycle.kind for cycle in billed_kinds() if not cycle.used_by]
    if idle and kinds:
        narrate(f"Of {', '.join(kinds)}, rows cannot tell who uses it: --idle leaves it out.")
    if not found.uses_are_recorded and any(each.cycle.used_by for each in found.resources):
        names = sorted({name for each in found.resources for name in each.cycle.used_by})
        narrate(
            f"No row is a call of {', '.join(names)}: CloudTrail may not record them, so this does not prove that "
            "nobody calls. `aitrail usage --metrics --by resource` reads CloudWatch's counts."
        )
    if asked.window.since > BEGINNING:
        for line in asked.store.lacking(asked.window.since):
            narrate(line)

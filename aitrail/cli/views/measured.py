"""Shows the amounts of calls, each number in the column that says where it comes from."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from aitrail.cells import name_text
from aitrail.cli.options import Asked, amounts_of
from aitrail.cli.output import Cell, Output, Priorities, narrate, titled
from aitrail.cli.views.usage_table import ABSENT, told_apart
from aitrail.costs import Prices
from aitrail.metering import Group, Part, amounts
from aitrail.questions import TIMES

_NUMBERS = ("calls", "measured", "shared", "total", "unknownCalls")
_NOT_RECORDED = "(not recorded)"
_TOTAL = "total"
_MARKERS = (ABSENT, _NOT_RECORDED, _TOTAL)
# The conditions that hold for calls, and for metrics and bills.
_OF_TOTALS = ("service", "account", "region")
_DECIMALS = 6


def refuse_with(
    flag: str, asked: Asked, given: Mapping[str, object], *, instead: str = "choose from the answer with --query"
) -> None:
    """Refuses options, by their names, that have a value, and conditions, as `flag` takes neither.

    `instead` says what to do instead of giving a condition.
    """
    for name, value in given.items():
        if value:
            raise click.UsageError(f"{name} has no effect with {flag}: leave it out.")
    for name in asked.conditions:
        if name not in _OF_TOTALS:
            raise click.UsageError(
                f"{flag} divides totals among all calls: leave out the condition on {name.replace('_', ' ')}, and "
                f"{instead}."
            )


def show_measured(asked: Asked, by: Sequence[str], prices: Prices | None, output: Output) -> None:
    """Shows the amounts of each group, and of which time and at which prices they are."""
    notes: list[str] = []
    found, window = amounts_of(asked, by, prices, notes.append)
    if not found:
        asked.narrate_nothing("calls or metrics")
    else:
        _show(found, by, prices, output)
        narrate(f"Calls and metrics {asked.text_of(window)}.")
    for note in (*notes, *(prices.notes({"polly", "transcribe", "lex"}, asked.now.date()) if prices else ())):
        narrate(note)


def _show(found: Mapping[Group, Part], by: Sequence[str], prices: Prices | None, output: Output) -> None:
    """Shows the groups of each amount, the largest first, and in a table their sums and the rules of sharing."""
    order = {name: place for place, name in enumerate(dict.fromkeys(each.amount for each in amounts()))}
    groups = sorted(found, key=lambda each: (order[each.amount], not each.is_recorded, *_size(found[each], each)))
    cost = ("cost", "costIsAtLeast", "currency") if prices else ()
    columns = (*by, "recorded", "amount", *_NUMBERS, "totalIsAtLeast", *cost)
    if not output.is_table:
        output.write([_row(each, found[each], by, prices) for each in groups], table=columns, csv=columns)
        return
    titles = [titled(name, output.zone) if name in TIMES else name for name in by]
    titles += ["amount", *_NUMBERS, *([f"cost ({name_text(prices.currency)})"] if prices else [])]
    lines: list[list[Cell]] = []
    for amount in dict.fromkeys(each.amount for each in groups):
        of_amount = [each for each in groups if each.amount == amount]
        lines += [[*_names(each), amount, *_cells(found[each], prices)] for each in of_amount]
        if len(of_amount) > 1:
            total = Part()
            for each in of_amount:
                total.add(found[each])
            lines.append([_TOTAL, *[""] * (len(by) - 1), amount, *_cells(total, prices)])
    if lines:
        output.write_table(
            titles, lines, priorities=Priorities.of(titles, (*titles[: len(by) + 1], _TOTAL, titles[-1]))
        )
    for measure in amounts():
        if any(part.shared for group, part in found.items() if group.amount == measure.amount):
            narrate(f"shared, {measure.amount} of {', '.join(measure.operations)}: {measure.rule}.")


def _size(part: Part, group: Group) -> tuple[Any, ...]:
    return -(part.total or 0), [(value is None, value or "") for value in group.key]


def _row(group: Group, part: Part, by: Sequence[str], prices: Prices | None) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(by, group.key, strict=True)) | {
        "recorded": group.is_recorded,
        "amount": group.amount,
        "calls": part.calls,
        "measured": part.measured,
        "shared": part.shared,
        "total": part.total,
        "unknownCalls": part.unknown_calls,
        "totalIsAtLeast": part.unknown_calls > 0,
    }
    if prices:
        cost = part.known_cost
        row["cost"] = None if cost is None else round(cost, _DECIMALS)
        row |= {"costIsAtLeast": _is_at_least(part), "currency": prices.currency}
    return row


def _is_at_least(part: Part) -> bool:
    return part.unknown_calls > 0 or part.unpriced > 0


def _names(group: Group) -> list[Cell]:
    absent = ABSENT if group.is_recorded else _NOT_RECORDED
    return [absent if value is None else told_apart(value, _MARKERS) for value in group.key]


def _cells(part: Part, prices: Prices | None) -> list[Cell]:
    total, cost = part.total, part.known_cost
    shown = "" if total is None else f"{'>=' * (part.unknown_calls > 0)}{total:,}"
    cells: list[Cell] = [part.calls, part.measured, part.shared, shown, part.unknown_calls]
    return [*cells, "" if cost is None else f"{'>=' * _is_at_least(part)}{cost:,.4f}"] if prices else cells

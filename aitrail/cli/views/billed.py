"""Shows the costs of calls by a bill, each number in the column that says what it is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from aitrail.billing import SCALE, Answer, Bill, Group, Part, known_charges, rounded
from aitrail.cells import printable
from aitrail.cli.options import Asked, BillChoice, billed_of, window_of_bill
from aitrail.cli.output import Cell, Output, Priorities, narrate, titled
from aitrail.cli.views.usage_table import ABSENT, AtLeast, told_apart
from aitrail.questions import OTHERS, TIMES, group_order

_USAGE = "usage"
_NOT_EXPLAINED, _NOT_SHARED, _TOTAL = "(not explained)", "(not shared)", "total"
_MARKERS = (ABSENT, _NOT_EXPLAINED, _NOT_SHARED, _TOTAL)
_PARTS = ("measured", "shared", "unexplained")
_DECIMALS = 4
# Units of a cost in one unit of what a table shows.
_SHOWN = 10 ** (SCALE - _DECIMALS)


def show_billed(asked: Asked, chosen: BillChoice, by: Sequence[str], top: int | None, output: Output) -> None:
    """Shows the costs of each group, and what they are."""
    notes: list[str] = []
    answer, bill = billed_of(asked, chosen, by, notes.append)
    parts = answer.parts if top is None else _top(answer.parts, by, top)
    if parts:
        _show(parts, bill, by, output)
        for line in _explained(answer, bill):
            narrate(line)
        narrate(f"Calls and bill {asked.text_of(window_of_bill(bill))}.")
    else:
        asked.narrate_nothing("calls and no lines of the bill")
    for note in dict.fromkeys(notes):
        narrate(note)


def _top(parts: Mapping[Group, Part], by: Sequence[str], number: int) -> dict[Group, Part]:
    """The parts with one group for all calls but those of the values of the first dimension with the highest costs."""
    sizes: dict[str | None, int] = {}
    for group, part in parts.items():
        if not group.reason and group.charge == _USAGE:
            sizes[group.key[0]] = sizes.get(group.key[0], 0) + part.cost
    kept = sorted(sizes, key=lambda first: group_order(by[:1], (first,), sizes[first])[1:])[:number]
    found: dict[Group, Part] = {}
    for group, part in parts.items():
        is_other = not group.reason and group.charge == _USAGE and group.key[0] not in kept
        own = group._replace(key=(OTHERS, *group.key[1:])) if is_other else group
        found.setdefault(own, Part()).add(part)
    return found


def _show(parts: Mapping[Group, Part], bill: Bill, by: Sequence[str], output: Output) -> None:
    groups = sorted(parts, key=lambda each: _order(each, parts[each], by))
    if not output.is_table:
        rows = [_row(each, parts[each], bill, by) for each in groups]
        columns = tuple(dict.fromkeys((*by, *_row(Group(()), Part(), bill, ()))))
        output.write(rows, table=columns, csv=columns)
        return
    units = [[getattr(parts[each], name) for each in groups] for name in _PARTS]
    totals = rounded([sum(column) for column in units], _SHOWN)
    shown = [rounded(column, _SHOWN, total) for column, total in zip(units, totals, strict=True)]
    final = {True: "", False: ", not final", None: ", final?"}[bill.is_final]
    titles = [titled(name, output.zone) if name in TIMES else name for name in by]
    titles += ["charge", "calls", *_PARTS, f"cost ({printable(bill.currency) or 'unknown currency'}{final})"]
    has_unknown = any(part.unknown_calls for part in parts.values())
    titles += ["unknownCalls"] if has_unknown else []
    lines: list[list[Cell]] = []
    for place, each in enumerate(groups):
        own = [column[place] for column in shown]
        lines.append([*_names(each), _charge(each), *_cells(parts[each], own, with_unknown=has_unknown)])
    if len(groups) > 1:
        total = Part()
        for each in groups:
            total.add(parts[each])
        lines.append([_TOTAL, *[""] * len(by), *_cells(total, totals, with_unknown=has_unknown)])
    # What the numbers are stays longest; names may be wider than their column.
    names, numbers = titles[: len(by) + 1], titles[len(by) + 2 : len(by) + 6]
    priorities = Priorities.of(titles, (*names[:1], *numbers, *names), {titles[0]: 0, titles[len(by)]: 0})
    output.write_table(titles, lines, priorities=priorities)


def _order(group: Group, part: Part, by: Sequence[str]) -> tuple[Any, ...]:
    """Costs of calls first, then what no call explains, then what is not usage."""
    is_of_calls = group.charge == _USAGE and not group.reason
    is_others = OTHERS in group.key
    order = group_order(by, group.key, part.cost) if not is_others else group_order((), (), part.cost)
    return group.charge != _USAGE, not is_of_calls, is_others, *order, group.charge, group.service, group.usage_type


def _row(group: Group, part: Part, bill: Bill, by: Sequence[str]) -> dict[str, Any]:
    row = {
        "charge": group.charge,
        "service": group.service or None,
        "usageType": group.usage_type or None,
        "reason": group.reason or None,
        "calls": part.calls,
        **{name: _money(getattr(part, name)) if part.is_known else None for name in (*_PARTS, "cost")},
        "costIsAtLeast": part.unknown_calls > 0,
        "unknownCalls": part.unknown_calls,
        "currency": bill.currency or None,
        "costKind": bill.cost.name,
        "final": bill.is_final,
    }
    return row | dict(zip(by, group.key, strict=True))  # the service of calls, which is asked by


def _money(units: int) -> Decimal:
    return Decimal(units).scaleb(-SCALE)


def _names(group: Group) -> list[Cell]:
    of_usage = _NOT_EXPLAINED if group.reason else ABSENT
    absent = of_usage if group.charge == _USAGE else _NOT_SHARED
    return [absent if value is None else told_apart(value, _MARKERS) for value in group.key]


def _charge(group: Group) -> str:
    if group.charge != _USAGE:
        return printable(f"{group.charge}, {group.service}")
    return printable(f"{group.usage_type or '(no usage type)'}: {group.reason}") if group.reason else _USAGE


def _cells(part: Part, shown: Sequence[int], *, with_unknown: bool) -> list[Cell]:
    numbers = [Decimal(each).scaleb(-_DECIMALS) for each in (*shown, sum(shown))]
    cost = AtLeast(numbers[-1]) if part.unknown_calls else numbers[-1]
    cells: list[Cell] = [part.calls, *([*numbers[:-1], cost] if part.is_known else [""] * len(numbers))]
    return [*cells, part.unknown_calls] if with_unknown else cells


def _explained(answer: Answer, bill: Bill) -> list[str]:
    """Lines for people about what the numbers are."""
    parts = answer.parts.values()
    lines = [
        f"{bill.format}: {bill.cost.name} cost ({bill.cost.column}), {bill.lines:,} lines read."
        + {
            True: " All lines have an invoice.",
            False: " Not final: lines have no invoice yet. AWS corrects a bill until about two weeks after its month.",
            None: " Nothing says whether it is final: no column has the invoice, or there is no usage.",
        }[bill.is_final]
    ]
    if any(part.measured for part in parts):
        lines.append(
            "measured: what the bill itself says, or the amounts that records say, at the average price of their "
            "account, Region, day and usage type."
        )
    lines += [_rule(number, is_estimated=is_estimated) for number, is_estimated in sorted(answer.shared)]
    if any(part.unexplained for part in parts):
        lines.append("unexplained: costs of the bill that no recorded call explains. They are charged to nobody.")
    return lines


def _rule(number: int, *, is_estimated: bool) -> str:
    charge = known_charges()[number]
    if is_estimated:
        return (
            f"shared, {charge.usage_types[0]}: the parts of CloudWatch's totals that --metrics gives to calls, at the "
            "average price of account, Region and day. It is an estimate."
        )
    return (
        f"shared, {charge.usage_types[0]}: the rest of account, Region and day, by {charge.rule}. It is an estimate, "
        "and includes the costs of calls without a record: --metrics tells them apart, if CloudWatch counts them."
    )

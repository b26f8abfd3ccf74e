"""`aitrail usage`: counts calls, errors and characters by principal, time, Region and more, with the cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from aitrail.cells import printable
from aitrail.cli.options import (
    Asked,
    BillChoice,
    Command,
    OneOfKnown,
    OtherTime,
    bill_options,
    option,
    other_time_options,
    output_options,
    prices_option,
    question_options,
    registry_of,
    usual_prices,
)
from aitrail.cli.output import Output, Priorities, narrate, titled
from aitrail.cli.views import (
    NO_START,
    Finished,
    Plot,
    cross_table,
    refuse_with,
    refuse_with_plot,
    show_comparison,
    show_first_and_last,
    simple_table,
    usage_groups,
)
from aitrail.moments import MomentError
from aitrail.questions import (
    COST,
    DIFFERENCE,
    DIMENSIONS,
    MEASURES,
    NAMED,
    SEEN,
    TIMES,
    Comparison,
    DimensionError,
    Usage,
    measures_of,
    usage_fields,
)
from aitrail.window import BEGINNING

if TYPE_CHECKING:
    from aitrail.costs import Prices

_SECTION = "What to count"
# Columns that a table always has; it has the others only if any group has something in them.
_USUAL = ("calls", "errors", "denied", "characters")
# Less than the cost of a single character.
_DECIMALS = 6
# The maximum number of columns that a message names.
_NAMED_OTHERS = 10


def _dimensions(context: click.Context) -> tuple[str, ...]:
    return (*DIMENSIONS, *usage_fields(registry_of(context)))


def _measures(context: click.Context) -> tuple[str, ...]:
    return (*measures_of(registry_of(context)), COST)


@click.command(cls=Command)
@option(
    _SECTION,
    "--by",
    type=OneOfKnown(_dimensions),
    multiple=True,
    default=("service",),
    metavar="WHAT",
    help=f"{', '.join(DIMENSIONS)}; may be repeated.  [default: service]",
)
@option(
    _SECTION,
    "--measure",
    type=OneOfKnown(_measures),
    metavar="MEASURE",
    help=(
        f"{', '.join((*MEASURES, COST))}. With one --by: show only this measure. With several: show it "
        "in the cells of a table.  [default: calls, or cost with --cost]"
    ),
)
@option(
    _SECTION,
    "--sort",
    type=OneOfKnown(lambda context: (*_measures(context), DIFFERENCE, *SEEN)),
    metavar="MEASURE",
    help=(
        "Put the groups with the most of this measure first; times stay in order. With --compare: difference (the "
        "default), or the measure. With --first-last: lastSeen (the default), firstSeen, calls, errors or denied.  "
        "[default: --measure]"
    ),
)
@option(
    _SECTION,
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the N values of the first --by with the most of --sort; one line sums all others.",
)
@other_time_options(_SECTION)
@option(
    _SECTION, "--cost", is_flag=True, help="Show the cost of Polly's characters, at the prices of `aitrail prices`."
)
@prices_option(_SECTION, "Like --cost, at your own prices (a TOML file).")
@option(
    _SECTION,
    "--plot",
    is_flag=True,
    help="Draw --measure over time, by the one --by; with --compare, above that of the other time.",
)
@option(
    _SECTION,
    "--metrics",
    is_flag=True,
    help="Show amounts: characters, seconds of audio, requests, from records and from CloudWatch's metrics.",
)
@bill_options(_SECTION)
@question_options()
@output_options(of="the list of groups", shapes=True)
def usage(
    *,
    asked: Asked,
    by: tuple[str, ...],
    measure: str | None,
    sort: str | None,
    top: int | None,
    other: OtherTime,
    cost: bool,
    prices: str | None,
    plot: bool,
    metrics: bool,
    bill: BillChoice | None,
    output: Output,
) -> None:
    """Count calls, errors, denied calls and characters.

    With several --by, the values of the last one become the columns of a table, and its cells show --measure. json,
    jsonl and csv have a row for each combination, with every measure. A table of at most two --by has all times
    until now, with zeros where there were no calls; so have the other formats, if a time is the only --by. A week
    is named by its Monday. Months, weeks, days, hours, minutes and seconds are those of --timezone; an hour has its
    offset, so that the one that occurs twice at the end of summer time is told apart.

    Each call counts once: a record that corrects another one takes its place, and a call that CloudTrail recorded for
    several accounts counts in each of them, but once in their total. The records that start and end a stream
    (Transcribe) are one call, and streamSeconds is the time between them: the stream was not longer. Events that a VPC
    endpoint records in addition to a call (network activity events) do not count, but calls that the endpoint refused
    are denied calls, of the event-category NetworkActivity.

    Only characters of successful calls count. Some records do not say how many there were: unmeasured counts their
    calls, and streams without a known end. The sums are then at least what is shown. If characters are not known, so
    is the cost (>=), which is empty if none are known.

    The cost covers only Polly's characters, without free tier and discounts: what the other services charge for, such
    as the length of audio (Transcribe), is not in log files. The cost is empty (null in json) if nothing has a price. A
    call without an engine appears as - in --by engine, and is priced as standard.

    --compare shows the window, the time before it, the difference and the percentage for one measure, the largest
    difference first. previous is the day, week, month or year before if the window is one, or the same part of that if
    the window is not over; otherwise, it is as much time directly before. A difference is empty where the number of one
    window is not known. --first-last shows when each group was first and last seen in the window and the --lookback
    before it: new groups are not in the lookback, silent ones only there. Those that were seen last come first.

    --metrics reads CloudWatch's metrics of the same hours, accounts and Regions, and shows a line for each amount:
    measured is what records say, or what a metric tells of exactly these calls; shared is CloudWatch's total, less what
    is measured, divided among the calls whose records do not say it; unknownCalls have neither. Calls that
    CloudWatch has counted beyond the rows are shown apart, as not recorded, and belong to nobody. It needs
    cloudwatch:GetMetricData; of conditions, it takes only --service, --account and --in-region.

    --bill divides the costs of a bill among the successful calls of each account, Region and UTC day that cause a usage
    type. measured is what the bill itself says, or what the amounts in records cost at the average price of that day;
    shared is the rest, divided among calls whose records say no amount; unexplained is what no recorded call explains,
    with its usage type. Credits, discounts, taxes and refunds stay apart. Everything adds up to the bill exactly. What
    the bill does not have is unknown (unknownCalls), not zero. With --metrics, CloudWatch's totals tell the amounts
    that records do not, and what calls without a record cost is unexplained. --bill takes --top, and the same
    conditions as --metrics. Without --since and --until, log files are asked for the time of the bill. docs/bill.md
    shows how to get a bill.

    A price file has the format of aitrail/costs/prices.toml. Of its tables, usage.REGION.polly is used, and with
    --metrics those of other services, too; Regions without a price have that of the file's `region`.

    \b
    Examples:
      aitrail usage --by principal --cost --since 2026-11-01 --until 2026-12-01
      aitrail usage --outcome denied --by principal --by service --since 30d
      aitrail usage --by day --by operation --service polly --since 14d
      aitrail usage --by principal --top 10 --sort characters --during last-month
      aitrail usage --by principal --cost --compare previous --during this-month
      aitrail usage --by hour --plot --during yesterday --compare previous
      aitrail usage --by principal --first-last --since 30d --query '[?silent]'
      aitrail usage --by team --metrics --cost --during last-month
      aitrail usage --by team --bill s3://BUCKET/PREFIX/EXPORT --during last-month
    """
    by = tuple(dict.fromkeys(by))
    for kind in set(by) & {*NAMED}:
        asked.naming.names(kind)  # refused before anything is read
    if metrics or bill:
        given: dict[str, object] = {"--measure": measure, "--sort": sort, "--compare": other.compare}
        given |= {"--first-last": other.first_last, "--plot": plot}
        of_bill: dict[str, object] = {"--cost": cost, "--prices": prices}
        refuse_with("--bill" if bill else "--metrics", asked, given | (of_bill if bill else {"--top": top}))
        chosen = bill._replace(metrics=metrics) if bill else None
        _show_parts(asked, by, chosen or (usual_prices(prices) if cost or prices else None), top, output)
        return
    if other.first_last:
        options = {"--measure": measure, "--top": top, "--prices": prices}
        other.refuse(options | {"--cost": cost or None, "--plot": plot or None})
        _show_first_and_last(asked, by, other, sort, output)
        return
    if plot:
        refuse_with_plot(by, {"--sort": sort, "--top": top}, output)
    with_cost = cost or prices is not None
    measure = other.measured(measure, with_cost=with_cost)
    sort = other.sorting(sort, measure or MEASURES[0], measures_of(asked.registry))
    used = usual_prices(prices) if with_cost or COST in (measure, sort) else None
    notes: list[str] = []
    if plot:
        shown = Plot(unit=by[0], measure=measure or (COST if used else MEASURES[0]), to=other.compare, prices=used)
        _tell(shown.show(asked, output), used, asked)
        return
    question = {"by": by, "prices": used, "report": notes.append, **asked.question}
    if other.compare is not None:
        compared = _compared(asked, other.compare, measure or MEASURES[0], question)
        compared = compared.sorted_by(sort) if top is None else compared.top(top, sort)
        show_comparison(compared, by, used, asked, output)
    else:
        groups = asked.store.usage(zeros=True, once=True, **question)
        groups = groups.sorted_by(sort) if top is None else groups.top(top, sort)
        _write(groups, by, measure, used, output)
        if not groups:
            asked.narrate_nothing("calls")  # there may be records that are none
            return
        asked.narrate_window()
    _tell(notes, used, asked)


def _show_parts(
    asked: Asked, by: tuple[str, ...], of: "BillChoice | Prices | None", top: int | None, output: Output
) -> None:
    if isinstance(of, BillChoice):
        from aitrail.cli.views import show_billed  # noqa: PLC0415 (few questions need it)

        show_billed(asked, of, by, top, output)
    else:
        from aitrail.cli.views import show_measured  # noqa: PLC0415 (as above)

        show_measured(asked, by, of, output)


def _tell(notes: Sequence[str], used: "Prices | None", asked: Asked) -> None:
    for note in (*notes, *(used.notes(["polly"], asked.now.date()) if used else ())):
        narrate(note)


def _compared(asked: Asked, to: str, measure: str, question: dict[str, Any]) -> Comparison:
    if asked.window.since <= BEGINNING:
        raise click.UsageError(NO_START)
    try:
        return asked.store.compare(to=to, measure=measure, **question)
    except (DimensionError, MomentError) as error:
        raise click.UsageError(str(error)) from error


def _show_first_and_last(asked: Asked, by: tuple[str, ...], other: OtherTime, sort: str | None, output: Output) -> None:
    sort, notes = other.sorting(sort, MEASURES[0], MEASURES), list[str]()
    try:
        found = asked.store.first_and_last(by=by, lookback=other.lookback, report=notes.append, **asked.question)
    except DimensionError as error:
        raise click.UsageError(str(error)) from error
    show_first_and_last(found.sorted_by(sort), by, asked, output)
    for note in notes:
        narrate(note)


def _write(groups: Usage, by: tuple[str, ...], measure: str | None, prices: "Prices | None", output: Output) -> None:
    if not output.is_table:
        columns = (*by, *groups.measures, *((COST, "costIsAtLeast", "currency") if prices else ()))
        rows = [_with_cost(group, prices) for group in groups] if prices else list(groups)
        output.write(rows, table=columns, csv=columns)
    elif output.long:
        output.write_groups(usage_groups(groups, by, _shown(groups, measure, prices), groups.total))
    elif groups:
        table = _table(groups, by, measure, prices, output)
        output.write_table(
            table.columns, table.lines, priorities=_priorities(table.columns, by, groups.measures, measure)
        )
        if len(by) > 1 and by[-1] in TIMES:
            narrate(f"The {by[-1]}s are in {output.zone}.")
        if table.others:
            narrate(f"{_others(table.others)}: --wide shows them.")
        if len(by) > 1 and by[-1] in TIMES and any(name.startswith("trend") for name in table.columns):
            shown = measure or (COST if prices else MEASURES[0])
            narrate(f"trend: {shown} by {by[-1]}, in each line from 0 to its largest.")


def _with_cost(group: dict[str, Any], prices: "Prices") -> dict[str, Any]:
    cost = group[COST]
    return group | {COST: None if cost is None else round(cost, _DECIMALS), "currency": prices.currency}


def _shown(groups: Usage, measure: str | None, prices: "Prices | None") -> tuple[str, ...]:
    some = [name for name in groups.measures if name in _USUAL or any(group[name] for group in groups)]
    return (measure,) if measure else (*some, *((COST,) if prices else ()))


def _table(
    groups: Usage, by: tuple[str, ...], measure: str | None, prices: "Prices | None", output: Output
) -> Finished:
    def title(name: str) -> str:
        return titled(name, output.zone) if name in TIMES else name

    if len(by) > 1:
        shown, periods = measure or (COST if prices else MEASURES[0]), groups.periods
        return cross_table(groups, by, shown, output.room, groups.total, title, periods, output.marks)
    marks = output.marks if by[0] in TIMES else ""
    measures = _shown(groups, measure, prices)
    table = simple_table(groups, by[0], measures, groups.total, drawn=measure or MEASURES[0], marks=marks)
    cost = f"{COST} ({printable(prices.currency)})" if prices else COST
    return table._replace(columns=[cost if name == COST else title(name) for name in table.columns])


def _priorities(columns: list[str], by: tuple[str, ...], measures: tuple[str, ...], measure: str | None) -> Priorities:
    """Names stay, and so does what was asked for; of the measures, those of calls and their cost stay longest."""
    if len(by) > 1:
        return Priorities(range(len(columns)), len(columns), dict.fromkeys(range(len(by) - 1), 0))
    cost = [name for name in columns if name.startswith(COST)]
    bars = [name for name in columns if name not in (*measures, *cost)]
    asked = [name for name in (measure, measures[0], *cost) if name]
    return Priorities.of(columns, (columns[0], *asked, *measures[:3], *bars), {columns[0]: 0})


def _others(names: list[str]) -> str:
    more = len(names) - _NAMED_OTHERS
    return f"others: {', '.join(names[:_NAMED_OTHERS])}{f' and {more:,} more' if more > 0 else ''}"

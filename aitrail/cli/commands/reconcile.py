"""`aitrail reconcile`: compares the calls of rows with CloudWatch's own counts of calls."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import click

from aitrail.cells import counted, name_text
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import (
    Asked,
    Command,
    all_conditions_but,
    comparisons_of,
    option,
    output_options,
    question_options,
)
from aitrail.cli.output import Cell, Output, Priorities, narrate
from aitrail.metering import AGREE, METRICS_MISSING, NOT_COMPARABLE, ROWS_MISSING, Comparison

_SECTION = "What to show"
_COLUMNS = (
    *("day", "account", "region", "service", "operation", "verdict", "rows", "failed", "metrics", "difference"),
    *("metric", "cause", "whatToDo"),
)
_SHOWN = ("day", "account", "region", "operation", "verdict", "rows", "failed", "metrics", "difference")
_WORDS = {
    AGREE: "agree",
    ROWS_MISSING: "lack calls that CloudWatch has counted",
    METRICS_MISSING: "have calls that CloudWatch has not counted",
    NOT_COMPARABLE: "cannot be compared",
}


@click.command(cls=Command)
@option(_SECTION, "--all", "everything", is_flag=True, help="In a table, also show what agrees or is not compared.")
@option(
    _SECTION,
    "--threshold",
    type=click.FloatRange(min=0),
    default=1.0,
    metavar="PERCENT",
    help="Exit with 4 if a difference is more than this percentage of the calls.  [default: 1]",
)
@question_options(*all_conditions_but("service", "account", "region"))
@output_options(of="the list of comparisons", shapes=True)
@click.pass_context
def reconcile(context: click.Context, *, asked: Asked, everything: bool, threshold: float, output: Output) -> None:
    """Compare calls with CloudWatch's own counts.

    CloudWatch counts calls whether or not CloudTrail records them. The command compares both for each operation, day,
    account and Region. rows-missing means that CloudWatch has counted more calls than there are rows, metrics-missing
    that it has counted fewer than succeeded; between the successful calls and all calls, they agree, as no page of AWS
    says which it counts. not-comparable means that CloudWatch has no count of the operation there. Each difference has
    its likely cause, and what to do.

    A table shows differences only. The window ends an hour ago at the latest, since CloudTrail delivers calls later
    than CloudWatch counts them, and consists of whole hours. Accounts and Regions are those of the rows in the window,
    and your own account in the Region of the stack, or in those of --in-region.

    What agrees is not proved: `aitrail verify` proves that all delivered log files became rows. docs/completeness.md
    says what each of them shows.

    Exits with 4 if a difference exceeds the threshold, or if some metrics cannot be read, and with 3 if none can.

    \b
    Examples:
      aitrail reconcile --since 7d
      aitrail reconcile --during yesterday --in-region eu-central-1 --threshold 0
      aitrail reconcile --from AWSLogs/ --since 30d -o json
    """
    notes: list[str] = []
    found, window = comparisons_of(asked, notes.append)
    if not output.is_table:
        output.write(list(map(_row, found)), table=_COLUMNS, csv=_COLUMNS)
    elif shown := found if everything else [each for each in found if each.difference]:
        output.write_table(_SHOWN, list(map(_cells, shown)), priorities=Priorities.of(_SHOWN, _order(_SHOWN)))
    if not found:
        asked.narrate_nothing("calls or metrics")
    else:
        _narrate(found)
        narrate(f"Compared {asked.text_of(window)}.")
    for note in notes:
        narrate(note)
    over = sum(each.exceeds(Decimal(str(threshold))) for each in found)
    if over:
        narrate(f"{counted(over, 'difference')} of more than {threshold:g} percent.")
    if over or notes:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _order(columns: Sequence[str]) -> Sequence[str]:
    return [columns[0], *columns[3:6], *columns[7:], *columns[1:3], columns[6]]


def _row(each: Comparison) -> dict[str, Any]:
    return {
        "day": each.day,
        "account": each.account,
        "region": each.region,
        "service": each.service,
        "operation": each.operation,
        "verdict": each.verdict,
        "rows": each.rows,
        "failed": each.failed,
        "metrics": each.metrics,
        "difference": each.difference if each.metrics is not None else None,
        "metric": each.metric,
        "cause": each.cause.cause if each.cause else None,
        "whatToDo": each.cause.what_to_do if each.cause else None,
    }


def _cells(each: Comparison) -> list[Cell]:
    row = _row(each)
    return [value if isinstance(value := row[name], int) else name_text(value or "") for name in _SHOWN]


def _narrate(found: Sequence[Comparison]) -> None:
    verdicts = Counter(each.verdict for each in found)
    counts = (f"{verdicts[name]:,} {words}" for name, words in _WORDS.items() if verdicts[name])
    narrate(f"Of {counted(len(found), 'operation')} on a day: {'; '.join(counts)}.")
    causes = Counter(each.cause for each in found if each.difference)
    for cause, number in causes.most_common():
        if cause:
            narrate(f"{number:,} x {cause.cause} {cause.what_to_do}")

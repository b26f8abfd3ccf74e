"""The bill for a question on the command line: where it is, which cost of it counts, and its costs by group."""

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aitrail.calendars import midnight
from aitrail.cells import counted
from aitrail.cli.options.aws import UnreachableError
from aitrail.cli.options.choice import OneOfKnown
from aitrail.cli.options.command import option
from aitrail.cli.options.metrics import estimates_of
from aitrail.cli.options.paths import BILL_PATH
from aitrail.cli.options.question import Asked
from aitrail.cli.options.window import clock_of
from aitrail.cli.output import progress_line
from aitrail.window import BEGINNING, LATEST, Window

if TYPE_CHECKING:
    from aitrail.billing import Answer, Bill, Days

_DAY = timedelta(days=1)


def _costs(_context: click.Context) -> tuple[str, ...]:
    from aitrail.billing import cost_names  # noqa: PLC0415 (only this option needs it)

    return cost_names()


class BillChoice(NamedTuple):
    """A bill on the command line: its path or URL, and the name of the cost that counts, None for the usual one.

    With `metrics`, CloudWatch's metrics tell the amounts of calls whose records do not.
    """

    path: str
    cost: str | None
    metrics: bool = False


def bill_options(section: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --bill and --bill-cost; the command gets a BillChoice as `bill`, None if no bill is given."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @option(
            section,
            "--bill",
            type=BILL_PATH,
            metavar="PATH",
            help="Divide the costs of a bill among calls: the folder or s3:// prefix of an AWS data export (CUR 2.0, "
            "FOCUS).",
        )
        @option(
            section,
            "--bill-cost",
            type=OneOfKnown(_costs),
            metavar="COST",
            help="With --bill: unblended, net, amortized or list.  [default: unblended; for FOCUS, net]",
        )
        @functools.wraps(command)
        def with_bill(*args: Any, bill: str | None, bill_cost: str | None, **options: Any) -> None:  # noqa: ANN401 (passed through)
            if bill is None and bill_cost is not None:
                raise click.UsageError("--bill-cost chooses a cost of a bill: name the bill with --bill.")
            command(*args, bill=None if bill is None else BillChoice(bill, bill_cost), **options)

        return with_bill

    return decorated


def billed_of(
    asked: Asked, chosen: BillChoice, by: Sequence[str], report: Callable[[str], None]
) -> "tuple[Answer, Bill]":
    """The costs of the question's calls by a bill and, if wanted, CloudWatch's metrics; and the bill.

    Raises BillError and UnreachableError.
    """
    from aitrail.billing import BillDeniedError, Question, billed_costs, folder_at, read_bill  # noqa: PLC0415 (as above)

    days = _days(asked)
    folder = folder_at(
        chosen.path, lambda: asked.place.access_of({}).client("s3"), clock_of(click.get_current_context())
    )
    read: list[str] = []

    def told(lines: int, files: int, of: int) -> None:
        read[:] = [f"the bill: {counted(lines, 'line')}, {files:,} of {counted(of, 'file')}"]

    try:
        with progress_line(lambda seconds: "".join(f"{seconds:,.0f} s: {text}" for text in read)):
            bill = read_bill(folder, days, cost=chosen.cost, report=report, progress=told)
    except BillDeniedError as error:
        raise UnreachableError(str(error)) from error
    estimates = estimates_of(asked, window_of_bill(bill), report) if chosen.metrics else None
    question = Question(
        by=by, services=asked.services, registry=asked.registry, naming=asked.naming, estimates=estimates
    )
    return billed_costs(question, bill, asked.store, report=report, **asked.conditions), bill


def window_of_bill(bill: "Bill") -> Window:
    """The days of a bill as a window."""
    since, until = (_midnight(day) for day in (bill.days.since, bill.days.until))
    return Window(since=since, until=until)


def _days(asked: Asked) -> "Days | None":
    """The UTC days that the window touches; None if it has no ends: then those of the bill. Raises UsageError."""
    from aitrail.billing import Days  # noqa: PLC0415 (as above)

    if asked.zone is not UTC:
        raise click.UsageError("A bill has days in UTC, which are not those of another zone: give --timezone UTC.")
    since, until = asked.window.since, asked.window.until
    if since <= BEGINNING and until >= LATEST:
        return None
    end = asked.now if until >= LATEST else until
    begin = max(since, BEGINNING).date()
    last = end.date() if end == _midnight(end.date()) else end.date() + _DAY
    return Days(since=begin, until=max(begin + _DAY, last))


def _midnight(day: date) -> datetime:
    return midnight(day, UTC)

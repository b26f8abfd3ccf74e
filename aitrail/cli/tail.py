"""`aitrail tail`: calls as their rows appear in the table."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from aitrail import tables
from aitrail.cli.aws import THROTTLING, Access, aws_options
from aitrail.cli.filters import filter_options
from aitrail.cli.output import ROW_COLUMNS, Output, narrate, output_options
from aitrail.cli.place import Deployed
from aitrail.cli.sections import Command, option
from aitrail.cli.window import Span
from aitrail.conditions import Conditions
from aitrail.filters import Filter

if TYPE_CHECKING:
    from aitrail.store import EventStore

_SERVER_ERROR = 500


def _positive(_context: click.Context, _parameter: click.Parameter, value: timedelta) -> timedelta:
    if not value:
        raise click.BadParameter("give at least 1s.")
    return value


@click.command(cls=Command)
@filter_options()
@option(
    "When",
    "--lookback",
    type=Span(),
    default="1h",
    show_default=True,
    callback=_positive,
    help="How old a call may be when it appears.",
)
@option(
    "When", "--interval", type=Span(), default="5s", show_default=True, callback=_positive, help="How often to ask."
)
@aws_options
@option("Where", "-v", "--verbose", is_flag=True, help="Tell what reading took, at the end.")
@output_options()
@click.pass_obj
def tail(
    sleep: Callable[[float], None] | None,
    *,
    conditions: Conditions,
    lookback: timedelta,
    interval: timedelta,
    access: Access,
    verbose: bool,
    output: Output,
) -> None:
    """Show calls as they appear in the table, until Ctrl-C.

    It begins with the calls of the last hour (--lookback), oldest first. A call appears when CloudTrail has delivered
    its log file, usually 5 to 15 minutes later. Each time it asks, all rows of the lookback are read from the index.

    Throttling and lost connections delay rows, and lose none. There is no -o json and no --query: the list has no end.

    \b
    Examples:
      aitrail tail
      aitrail tail --errors --service lex --lookback 30m
      aitrail tail --write-only -o jsonl | jq -r '[.principal, .operation, .userAgent] | @tsv'
    """
    if output.format == "json" or output.query:
        raise click.UsageError("A list without an end is no JSON document and cannot be asked: give -o jsonl.")
    Filter.of(**conditions)  # before anything is read

    from aitrail.store import EventStore  # noqa: PLC0415 (--help need not wait for what reads log files)

    place = Deployed(access)
    store = EventStore(place.source, sleep=sleep or time.sleep)
    try:
        _show(store, output, place, lookback=lookback, interval=interval, **conditions)
    finally:
        place.narrate(at_length=verbose)


def _show(store: "EventStore", output: Output, place: Deployed, **question: Any) -> None:  # noqa: ANN401 (of follow)
    polls = store.follow(whole=output.wants_whole_rows, report=narrate, is_temporary=_is_temporary, **question)
    writer = output.writer(table=ROW_COLUMNS, csv=tables.NARROW_COLUMNS)
    try:
        for number, rows in enumerate(polls):
            if rows:
                writer.add(rows)
            elif number == 0 and sys.stderr.isatty():
                narrate(
                    f"No calls in {place} yet; waiting. CloudTrail delivers log files 5 to 15 minutes after a call."
                )
            sys.stdout.flush()
    finally:
        writer.end()


def _is_temporary(error: Exception) -> bool:
    """Whether asking again may help: after throttling, an error of the server, a lost connection."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: PLC0415, A004 (imports much)

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or error.response.get("Error", {}).get("Code") in THROTTLING
    return isinstance(error, ConnectionError | HTTPClientError)

"""`aitrail tail`: shows calls as their rows appear in the table."""

import sys
from collections.abc import Iterable
from datetime import timedelta

import click

from aitrail.aws import is_temporary
from aitrail.cli.options import (
    Access,
    Command,
    Deployed,
    Span,
    asked_columns,
    clock_of,
    columns_option,
    filter_options,
    length_of,
    naming_of,
    only,
    option,
    output_options,
    registry_of,
    service_files_option,
    stacks_options,
    table_columns,
    timezone_option,
    verbose_option,
    with_conditions,
)
from aitrail.cli.output import Output, Writer, narrate
from aitrail.dynamodb import tables
from aitrail.questions import LONGEST_INTERVAL, WIDE_COLUMNS, Conditions, Row

# The list is endless, so it cannot be a JSON document.
_FORMATS = ("table", "jsonl", "csv")


def _positive(_context: click.Context, _parameter: click.Parameter, value: timedelta) -> timedelta:
    if not value:
        raise click.BadParameter("give at least 1s.")
    return value


def _interval(context: click.Context, parameter: click.Parameter, value: timedelta) -> timedelta:
    if value > LONGEST_INTERVAL:
        raise click.BadParameter(f"give at most {length_of(LONGEST_INTERVAL)}.")
    return _positive(context, parameter, value)


@click.command(cls=Command)
@filter_options()
@option(
    "When",
    "--lookback",
    type=Span(),
    default="1h",
    show_default=True,
    callback=_positive,
    help="How far back each poll looks: a call that is older when it appears is missed.",
)
@option(
    "When", "--interval", type=Span(), default="5s", show_default=True, callback=_interval, help="Time between polls."
)
@stacks_options
@service_files_option
@verbose_option("At the end, show how much was read.")
@timezone_option("Output", "tables")
@columns_option()
@output_options(formats=_FORMATS, shapes=True)
@click.pass_context
def tail(
    context: click.Context,
    *,
    conditions: Conditions,
    lookback: timedelta,
    interval: timedelta,
    accesses: tuple[Access, ...],
    verbose: bool,
    columns: tuple[str, ...] | None,
    output: Output,
) -> None:
    """Follow calls as they appear in the table, until Ctrl-C.

    Starts with the calls of the last hour (--lookback), oldest first. A call appears once CloudTrail has delivered its
    log file, usually 5 to 15 minutes later. Each poll reads all rows of the lookback from the index.

    Throttling and lost connections delay rows, but lose none.

    \b
    Examples:
      aitrail tail
      aitrail tail --errors --service lex --lookback 30m
      aitrail tail --write-only -o jsonl | jq -r '[.principal, .operation, .userAgent] | @tsv'
    """
    from aitrail.questions import EventStore  # noqa: PLC0415 (would slow down --help)

    registry = registry_of(context)
    place = Deployed(*accesses, registry=registry)
    store = EventStore(place.source, naming=naming_of(context), registry=registry, sleep=clock_of(context).sleep)
    polls = store.follow(
        lookback=lookback,
        interval=interval,
        whole=bool(set(columns) & set(WIDE_COLUMNS)) if columns else output.wants_whole_rows,
        report=narrate,
        is_temporary=is_temporary,
        **conditions,
    )
    nothing = (
        f"No calls{with_conditions(conditions)} in {place} within the last {length_of(lookback)}; waiting. To look "
        "further back, use --lookback. CloudTrail delivers log files 5 to 15 minutes after a call."
    )
    table, csv, is_usual = columns or table_columns(conditions), columns or tables.NARROW_COLUMNS, columns is None
    writer = output.writer(table=table, csv=csv, fit=is_usual, usual=is_usual, first=asked_columns(conditions))
    try:
        _show((list(only(rows, columns)) for rows in polls), writer, nothing)
    finally:
        place.narrate(at_length=verbose)


def _show(polls: Iterable[list[Row]], writer: Writer, nothing: str) -> None:
    """Writes rows as they appear; if there are none at first, shows people the text `nothing`."""
    try:
        for number, rows in enumerate(polls):
            if rows:
                writer.add(rows)
            elif number == 0 and sys.stderr.isatty():
                narrate(nothing)
            sys.stdout.flush()
    finally:
        writer.end()

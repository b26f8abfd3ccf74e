"""`aitrail who` and `aitrail what`: what happened to a resource, what a principal did, and what of it is new."""

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

import click

from aitrail.cells import counted
from aitrail.cli.options import (
    LIMIT,
    Asked,
    Command,
    Span,
    columns_option,
    length_of,
    newest,
    only,
    option,
    output_options,
    question_options,
)
from aitrail.cli.output import Output, narrate
from aitrail.dynamodb import tables
from aitrail.questions import ConditionError, Conditions, Summary, Timeline, checked, grouped
from aitrail.window import BEGINNING

_SECTION = "What to show"
_USUAL_LIMIT = 100
# New values of a column that are named.
_NAMED = 10
_MEASURES = ("calls", "errors", "denied", "operations", "sourceAddresses", "firstSeen", "lastSeen", "new")
_WORDS = {
    "principal": "principal",
    "resource": "resource",
    "sourceIPAddress": "source address",
    "operation": "operation",
}
# The command that an argument of the other kind belongs to.
_OTHER = {"resource": ("principal", "what"), "principal": ("resource", "who")}
_COLUMNS = (*tables.NARROW_COLUMNS, "new")

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """How much of a timeline is shown; `most` is None for everything."""

    baseline: timedelta
    summarized: bool
    most: int | None
    columns: tuple[str, ...] | None


def _argument(condition: str) -> _Decorator:
    """The argument that stands for the option of that condition, and takes what it takes."""

    def spelled(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        try:
            (text,) = checked({condition: value})[condition]  # type: ignore[misc] # the name of one of them
        except ConditionError as error:
            raise click.BadParameter(f"{error}{_other_command(condition, value)}") from error
        return str(text)

    return click.argument(condition, callback=spelled)


def _other_command(condition: str, text: str) -> str:
    other, command = _OTHER[condition]
    try:
        checked({other: text})  # type: ignore[misc] # as above
    except ConditionError:
        return ""
    return f" For a {other}: aitrail {command} {text}"


def _choice_options(group: str) -> _Decorator:
    """Add --baseline, --summary, --limit, --all and --columns; the command gets them as `choice`."""
    before = "What was not seen in this span before the window is new; 0d marks nothing."

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option(_SECTION, "--baseline", type=Span(), default="30d", show_default=True, help=before)
        @option(_SECTION, "--summary", "summarized", is_flag=True, help=f"Each {group} in one row, instead of calls.")
        @option("How many", "--limit", type=LIMIT, metavar="N", help="At most N.  [default: 100]")
        @option("How many", "--all", "everything", is_flag=True, help="All of them.")
        @columns_option(_COLUMNS, "Columns of the indexes, and new, to show, in this order.")
        @functools.wraps(command)
        def with_choice(
            *args: Any,  # noqa: ANN401 (passed through)
            baseline: timedelta,
            summarized: bool,
            limit: int | None,
            everything: bool,
            columns: tuple[str, ...] | None,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            if everything and limit:
                raise click.UsageError("--all shows everything: give it or --limit.")
            if columns and summarized:
                raise click.UsageError("--columns are those of calls: give it or --summary.")
            most = None if everything else min(limit or _USUAL_LIMIT, sys.maxsize)
            choice = _Choice(baseline=baseline, summarized=summarized, most=most, columns=columns)
            command(*args, choice=choice, **options)

        return with_choice

    return decorated


@click.command(cls=Command)
@_argument("resource")
@question_options("resource")
@_choice_options("principal")
@output_options()
def who(*, resource: str, asked: Asked, choice: _Choice, output: Output) -> None:
    """Show who touched a resource, newest first.

    RESOURCE is KIND/NAME (bot/ID, lexicon/NAME …), an ARN, or a pattern such as 'lexicon/*'. `aitrail services` lists
    the kinds.

    The column new names what is seen for the first time: principal, sourceIPAddress, operation. The options that say
    which calls hold for the time before the window as well. json and jsonl have the columns of the indexes;
    `aitrail events --resource` shows whole rows.

    \b
    Examples:
      aitrail who bot/K3X9QW7T2P --since 30d
      aitrail who 'lexicon/*' --write-only --since 24h
      aitrail who dataset-group/shop --summary --since 90d
    """
    columns = ("eventTime", "operation", "principal", "outcome", "sourceIPAddress", "awsRegion", "new")
    timeline = asked.store.who(resource, baseline=choice.baseline, **asked.question)
    _show(timeline, columns, choice, output)
    conditions = Conditions(resource=(resource,)) | asked.conditions
    _tell(timeline.summary, replace(asked, conditions=conditions), choice.baseline)


@click.command(cls=Command)
@_argument("principal")
@question_options("principal")
@_choice_options("resource")
@output_options()
def what(*, principal: str, asked: Asked, choice: _Choice, output: Output) -> None:
    """Show what a principal did, newest first.

    PRINCIPAL is user/NAME, role/NAME, sso/NAME, root …, an ARN, or a pattern such as 'sso/*'.

    The column new names what is seen for the first time: resource, sourceIPAddress, operation. The options that say
    which calls hold for the time before the window as well. json and jsonl have the columns of the indexes;
    `aitrail events --principal` shows whole rows.

    \b
    Examples:
      aitrail what user/alice --since 30d
      aitrail what arn:aws:iam::111122223333:role/Admin --errors
      aitrail what 'sso/*' --summary --since 24h
    """
    columns = ("eventTime", "service", "operation", "resource", "outcome", "sourceIPAddress", "awsRegion", "new")
    timeline = asked.store.what(principal, baseline=choice.baseline, **asked.question)
    _show(timeline, columns, choice, output)
    conditions = Conditions(principal=(principal,)) | asked.conditions
    _tell(timeline.summary, replace(asked, conditions=conditions), choice.baseline)


def _show(timeline: Timeline, columns: Sequence[str], choice: _Choice, output: Output) -> None:
    """Write rows, and read all others: the summary is that of the whole window."""
    columns, csv = choice.columns or columns, choice.columns or _COLUMNS
    if choice.summarized:
        columns = csv = (timeline.columns[0], *_MEASURES)
        rows: Iterator[dict[str, Any]] = iter(grouped(timeline))
    else:
        rows = iter(timeline)
    shown = only(islice(rows, choice.most), choice.columns)
    shown = shown if output.wants_whole_rows else map(_in_words, shown)
    output.write(shown, table=columns, csv=csv, fit=choice.columns is None)
    more = sum(1 for _ in rows)
    if more:
        thing = _WORDS[timeline.columns[0]] if choice.summarized else "call"
        there_are = "there is 1" if more == 1 else f"there are {more:,}"
        narrate(f"{newest(choice.most or 0, thing)}, and {there_are} more: raise --limit, or give --all.")


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"new": ", ".join(row["new"])} if isinstance(row.get("new"), list) else row


def _tell(summary: Summary, asked: Asked, baseline: timedelta) -> None:
    if not summary.calls:
        asked.narrate_nothing()
        if summary.last_seen:
            narrate(f"The last call before was at {summary.last_seen}.")
        return
    by, addresses, _ = summary.distinct
    counts = (
        counted(summary.calls, "call"),
        counted(summary.errors, "error"),
        *(counted(summary.distinct[name], _WORDS[name]) for name in (by, addresses)),
    )
    narrate(f"{', '.join(counts)}; first seen {summary.first_seen}, last seen {summary.last_seen}.")
    for line in _news(summary, asked, baseline):
        narrate(line)


def _news(summary: Summary, asked: Asked, baseline: timedelta) -> Iterator[str]:
    """What is new, or why nothing is marked."""
    if not baseline:
        return
    before = f"the {length_of(baseline)} before"
    if summary.baseline_calls is None and asked.window.since <= BEGINNING:
        yield "There is nothing before the window to compare with: --since makes it begin later."
    elif not summary.baseline_calls:
        yield f"Nothing is known from {before}, so nothing is marked as new."
    elif not any(summary.new.values()):
        yield f"Nothing is new, compared with {before}."
    for name, values in summary.new.items():
        if values:
            yield f"New, compared with {before}: {_WORDS[name]} {_listed(values)}."


def _listed(values: Sequence[str]) -> str:
    more = len(values) - _NAMED
    return f"{', '.join(values[:_NAMED])}{f' and {more:,} more' if more > 0 else ''}"

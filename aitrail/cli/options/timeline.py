"""The argument of `aitrail who` and `aitrail what`, and the options for the part of the timeline to show."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from aitrail.cli.options.columns import columns_option
from aitrail.cli.options.command import option
from aitrail.cli.options.limit import limit_options
from aitrail.cli.options.offering import OFFERS
from aitrail.cli.options.service_files import registry_of
from aitrail.cli.options.window import Span
from aitrail.dynamodb import tables
from aitrail.questions import ConditionError, checked
from aitrail.services import Registry

_SECTION = "What to show"
# Condition of the argument -> the other condition, and the command that takes it.
_OTHER = {"resource": ("principal", "what"), "principal": ("resource", "who")}
TIMELINE_COLUMNS = (*tables.NARROW_COLUMNS, "new", "recordType")

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineChoice:
    """The part of a timeline to show; `most` is None for everything."""

    baseline: timedelta
    summarized: bool
    most: int | None
    columns: tuple[str, ...] | None


def timeline_argument(condition: str) -> _Decorator:
    """The argument for a condition; it accepts the same values as the condition's option."""

    def spelled(context: click.Context, _parameter: click.Parameter, value: str) -> str:
        registry = registry_of(context)
        try:
            (text,) = checked({condition: value}, registry)[condition]  # type: ignore[misc] # a name of a condition
        except ConditionError as error:
            raise click.BadParameter(f"{error}{_other_command(condition, value, registry)}") from error
        # An ARN tells the account and the Region as well.
        return value if condition == "resource" and value.startswith("arn:") else str(text)

    return click.argument(condition, callback=spelled, shell_complete=OFFERS[f"--{condition}"])


def _other_command(condition: str, text: str, registry: Registry) -> str:
    other, command = _OTHER[condition]
    try:
        checked({other: text}, registry)  # type: ignore[misc] # as above
    except ConditionError:
        return ""
    return f" For a {other}: aitrail {command} {text}"


def timeline_options(group: str) -> _Decorator:
    """Adds --baseline, --summary, --limit, --all and --columns; the command gets them as `choice`."""
    before = "A value is new if it does not appear in this span before the window; 0d: mark nothing as new."

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option(_SECTION, "--baseline", type=Span(), default="30d", show_default=True, help=before)
        @option(
            _SECTION, "--summary", "summarized", is_flag=True, help=f"Show one row for each {group} instead of calls."
        )
        @limit_options
        @columns_option(
            TIMELINE_COLUMNS,
            "Columns to show, in this order: new, recordType, and the indexed columns (docs/rows.md lists them).",
        )
        @functools.wraps(command)
        def with_choice(
            *args: Any,  # noqa: ANN401 (passed through)
            baseline: timedelta,
            summarized: bool,
            most: int | None,
            columns: tuple[str, ...] | None,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            if columns and summarized:
                raise click.UsageError("--columns and --summary cannot be used together: give one of them.")
            choice = TimelineChoice(baseline=baseline, summarized=summarized, most=most, columns=columns)
            command(*args, choice=choice, **options)

        return with_choice

    return decorated

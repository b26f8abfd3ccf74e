"""Moments and spans of time on the command line."""

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from aitrail.cells import counted
from aitrail.cli.options.command import option
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.window import MomentError, moment_of, span_of, window_of, within_time

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))

# The key in ctx.meta of the current time, which is the same for all options of a command.
_NOW = "aitrail.now"


class Moment(click.ParamType[datetime]):
    """`now`, a span before now such as 7d, or an ISO-8601 date or time, in UTC if it has no time zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """A datetime in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return moment_of(value, now_of(ctx))
        except MomentError as error:
            self.fail(str(error), param, ctx)


class Span(click.ParamType[timedelta]):
    """A length of time such as 12h or 30d."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401
        """A timedelta."""
        if isinstance(value, timedelta):
            return value
        try:
            return span_of(value)
        except MomentError as error:
            self.fail(str(error), param, ctx)


def window_options(
    section: str, *, since: str | None, until: str = "now", without: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds --since and --until; the command gets them as one Window, `window`, limited to possible delivery times.

    `since` is the default. If it is None, `without` is the error message for a missing --since. `until` is what
    the help calls the default of --until: a command may end the window earlier than now.
    """
    begin = "Start: 12h, 7d, yesterday, 2026-11-01, 2026-11-01T08:30."
    end = f"End, exclusive; same formats.  [default: {until}]"

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option(section, "--since", type=Moment(), default=since, help=f"{begin}  [{_default(since)}]")
        @option(section, "--until", type=Moment(), default="now", help=end)
        @functools.wraps(command)
        def with_window(*args: Any, since: datetime | None, until: datetime, **options: Any) -> None:  # noqa: ANN401
            if since is None:
                raise click.UsageError(without)
            now = now_of(click.get_current_context())
            command(*args, window=within_time(window_of(since, until, now), now), **options)

        return with_window

    return decorated


def _default(since: str | None) -> str:
    return "required" if since is None else f"default: {since}"


def clock_of(ctx: click.Context | None) -> Clock:
    """The clock of the command: the object of its context, or else the system's clock."""
    return ctx.obj if ctx and isinstance(ctx.obj, Clock) else SYSTEM_CLOCK


def now_of(ctx: click.Context | None) -> datetime:
    """The current time of the command, in whole seconds."""
    now: datetime = (ctx.meta if ctx else {}).setdefault(_NOW, clock_of(ctx).now().replace(microsecond=0))
    return now


def length_of(span: timedelta) -> str:
    """The span in words: 1 hour, 90 seconds."""
    for name, unit in _UNITS:
        if span % unit == timedelta(0):
            return counted(span // unit, name)
    return counted(span // timedelta(seconds=1), "second")

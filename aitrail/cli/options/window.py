"""Moments, periods and spans of time on the command line, and the time zone that they are in."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import click
from click.core import ParameterSource

from aitrail.cells import counted
from aitrail.cli.options.command import option
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.moments import MomentError, moment_of, period_of, span_of, window_of, within_time
from aitrail.timezones import TimeZoneError, time_zone
from aitrail.window import Window

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))

WHEN = "When (in UTC or --timezone)"
VARIABLE = "AITRAIL_TIMEZONE"
# The key in ctx.meta of the current time, which is the same for all options of a command.
_NOW = "aitrail.now"
# And that of the time zone.
_ZONE = "aitrail.zone"
_ENDS = ("since", "until")
_DURING = "A whole period: yesterday, monday, this-week, last-month, 2026-11, 2026-W47; instead of --since, --until."

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]


class Moment(click.ParamType[datetime]):
    """`now`, a span before now such as 7d, a period, or an ISO-8601 time, in --timezone if it has no offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """A datetime in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return moment_of(value, now_of(ctx), zone_of(ctx))
        except MomentError as error:
            self.fail(str(error), param, ctx)


class Period(click.ParamType[Window]):
    """A whole day, week, month or year, in --timezone."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Window:  # noqa: ANN401
        """A Window."""
        if isinstance(value, Window):
            return value
        try:
            return period_of(value, now_of(ctx), zone_of(ctx))
        except MomentError as error:
            self.fail(str(error), param, ctx)


class TimeZone(click.ParamType[tzinfo]):
    """The name of a time zone, `local`, or `UTC`."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:  # noqa: ANN401
        """A tzinfo."""
        try:
            return time_zone(value)
        except TimeZoneError as error:
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


def timezone_option(section: str, of: str) -> _Decorator:
    """Adds --timezone, which `zone_of` returns; `of` says what is in that zone."""

    def remembered(context: click.Context, _parameter: click.Parameter, value: tzinfo) -> None:
        context.meta[_ZONE] = value

    return option(
        section,
        "--timezone",
        type=TimeZone(),
        default="UTC",
        show_default=True,
        envvar=VARIABLE,
        metavar="ZONE",
        is_eager=True,  # --since and --until are in this zone
        expose_value=False,
        callback=remembered,
        help=f"Time zone of {of}: Europe/Berlin, local, UTC.",
    )


def ends_options(section: str, *, since: str, until: str, of: str, defaults: dict[str, str]) -> _Decorator:
    """Adds --since, --until, --during and --timezone; the command gets the ends as `since` and `until`.

    `since` and `until` are the helps, `of` says what is in the time zone. Both ends are datetimes, or None if they are
    not among the `defaults` and not given.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option(section, "--since", type=Moment(), default=defaults.get("since"), help=since)
        @option(section, "--until", type=Moment(), default=defaults.get("until"), help=until)
        @option(section, "--during", type=Period(), metavar="PERIOD", help=_DURING)
        @timezone_option(section, of)
        @functools.wraps(command)
        def with_ends(*args: Any, during: Window | None, **options: Any) -> None:  # noqa: ANN401 (passed through)
            if during:
                context = click.get_current_context()
                if any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in _ENDS):
                    raise click.UsageError("--during is both ends of the window: leave out --since and --until.")
                options |= {"since": during.since, "until": during.until}
                for name in _ENDS:  # these are not the defaults
                    context.set_parameter_source(name, ParameterSource.COMMANDLINE)
            command(*args, **options)

        return with_ends

    return decorated


def window_options(section: str, *, since: str | None, until: str = "now", without: str = "") -> _Decorator:
    """Adds the options for a window; the command gets one Window, `window`, limited to possible delivery times.

    `since` is the default. If it is None, `without` is the error message for a missing --since. `until` is what
    the help calls the default of --until: a command may end the window earlier than now.
    """
    begin = f"Start: 12h, 7d, 3mo, yesterday, monday, 2026-11, 2026-11-01T08:30.  [{_default(since)}]"
    end = f"End, exclusive; same formats.  [default: {until}]"
    defaults = {"until": "now"} | ({"since": since} if since else {})

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @ends_options(section, since=begin, until=end, of="times without offset", defaults=defaults)
        @functools.wraps(command)
        def with_window(*args: Any, since: datetime | None, until: datetime, **options: Any) -> None:  # noqa: ANN401
            if since is None:
                raise click.UsageError(without)
            context = click.get_current_context()
            now = now_of(context)
            command(*args, window=within_time(window_of(since, until, now, zone_of(context)), now), **options)

        return with_window

    return decorated


def _default(since: str | None) -> str:
    return "required" if since is None else f"default: {since}"


def zone_of(ctx: click.Context | None) -> tzinfo:
    """The time zone of the command: that of --timezone, or UTC."""
    zone: tzinfo = (ctx.meta if ctx else {}).get(_ZONE, UTC)
    return zone


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

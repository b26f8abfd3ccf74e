"""--since and --until: a half-open window [since, until) in UTC."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
# One command has one now, however many of its options refer to it: the key of ctx.meta that holds it.
NOW = "aitrail.now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """since <= eventTime < until, both in UTC."""

    since: datetime
    until: datetime

    def __str__(self) -> str:
        return f"from {_shown(self.since)} until {_shown(self.until)}"


def _shown(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


class Moment(click.ParamType[datetime]):
    """`now`, a span before now such as 7d, or an ISO-8601 date or time, UTC where it names no zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """A datetime in UTC."""
        if isinstance(value, datetime):
            return value
        span = _SPAN.fullmatch("0s" if value == "now" else value)
        try:
            if span:
                return _now(ctx) - timedelta(**{_UNITS[span[2]]: int(span[1])})
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time: give now, a span before now (30m, 12h, 7d, 2w), or ISO-8601 "
                "(2026-11-01, 2026-11-01T08:30, 2026-11-01T08:30:00+01:00; UTC where no zone is named).",
                param,
                ctx,
            )


def _now(ctx: click.Context | None) -> datetime:
    now: datetime = (ctx.meta if ctx else {}).setdefault(NOW, datetime.now(UTC).replace(microsecond=0))
    return now


def window_options(since: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --since, with this default, and --until; the command gets them as one Window, `window`."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--since", type=Moment(), default=since, show_default=True, help="Begin: 12h, 7d, 2026-11-01T08:30."
        )
        @click.option("--until", type=Moment(), default="now", show_default=True, help="End, exclusive.")
        @functools.wraps(command)
        def with_window(*args: Any, since: datetime, until: datetime, **options: Any) -> None:  # noqa: ANN401
            if since >= until:
                raise click.UsageError(
                    f"The window is empty: --since {_shown(since)} is not before --until {_shown(until)}."
                )
            # Nothing has happened after tomorrow, wherever the clocks are: days that are empty need no query.
            tomorrow = _now(click.get_current_context()) + timedelta(days=1)
            window = Window(since=since, until=max(since, min(until, tomorrow)))
            command(*args, window=window, **options)

        return with_window

    return decorated

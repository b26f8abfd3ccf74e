"""--wait and --timeout of commands that announce log files."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from aitrail.cli.options.command import option
from aitrail.cli.options.window import Span, clock_of
from aitrail.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The choice to wait for the function; without a `timeout`, as long as necessary."""

    timeout: timedelta | None
    clock: Clock


def wait_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --wait and --timeout; the command gets them as one Wait, `wait`, or None if it should not wait."""

    @option("How", "--wait", "waits", is_flag=True, help="Wait until all files are processed, and show the outcomes.")
    @option(
        "How",
        "--timeout",
        type=Span(),
        help="With --wait: stop waiting after this time (30m, 2h), and show the outcomes.  [default: no limit]",
    )
    @functools.wraps(command)
    def with_wait(*args: Any, waits: bool, timeout: timedelta | None, **options: Any) -> None:  # noqa: ANN401 (passed through)
        if timeout is not None and not waits:
            raise click.UsageError("--timeout limits how long --wait waits: give both.")
        if waits and options.get("dry_run"):
            raise click.UsageError("--dry-run queues nothing that --wait could wait for: leave one out.")
        clock = clock_of(click.get_current_context())
        command(*args, wait=Wait(timeout=timeout, clock=clock) if waits else None, **options)

    return with_wait

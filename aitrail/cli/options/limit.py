"""--limit and --all choose how many results to show."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from aitrail.cli.options.command import option

_SECTION = "How many"
# More than fits on a screen, and fast to read.
_USUAL_LIMIT = 100


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --limit and --all; the command gets them as `most`, which is None for everything."""

    @option(_SECTION, "--limit", type=click.IntRange(min=1), metavar="N", help="Show at most N.  [default: 100]")
    @option(_SECTION, "--all", "everything", is_flag=True, help="Show all.")
    @functools.wraps(command)
    def with_most(*args: Any, limit: int | None, everything: bool, **options: Any) -> None:  # noqa: ANN401
        if everything and limit:
            raise click.UsageError("--all and --limit cannot be used together: give one of them.")
        most = None if everything else min(limit or _USUAL_LIMIT, sys.maxsize)
        command(*args, most=most, **options)

    return with_most

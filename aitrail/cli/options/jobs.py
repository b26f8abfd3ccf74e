"""--jobs: in how many processes local log files are read."""

import os
from collections.abc import Callable
from typing import Any

import click

from aitrail.cli.options.command import option

# More would wait for the one process that puts together what they find.
_MOST = 8


def jobs_option(section: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --jobs; the command gets it as `jobs`, at least 1."""
    return option(
        section,
        "--jobs",
        type=click.IntRange(min=1),
        default=_cores,
        envvar="AITRAIL_JOBS",
        metavar="N",
        help=f"Read local log files in up to N processes.  [default: one for each core, at most {_MOST}]",
    )


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST)

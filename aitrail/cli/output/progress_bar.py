"""Shows the progress of a command: a bar on terminals, occasional lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from aitrail.cli.output.live_line import end_progress_line
from aitrail.cli.output.output import narrate

# A log should show that something is happening, but not much more.
_SECONDS_BETWEEN_LINES = 60.0


class Show(Protocol):
    """Shows the current activity and, if `total` is given, how much of it is done."""

    def __call__(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Shows the activity until the next call."""
        ...


@contextmanager
def progress(clock: Callable[[], float] = time.monotonic) -> Iterator[Show]:
    """On a terminal, a bar and the remaining time, which disappear at the end; elsewhere, one line per minute."""
    if not sys.stderr.isatty():
        yield _lines(clock)
        return
    with ExitStack() as bars:
        shown: Show | None = None

        def show(text: str, done: int = 0, total: int | None = None) -> None:
            nonlocal shown
            shown = shown or _bar(bars)
            shown(text, done, total)

        yield show


def _bar(bars: ExitStack) -> Show:
    """Begins a bar, in the place of a line that told what was read before."""
    end_progress_line()
    from rich.console import Console  # noqa: PLC0415 (slow to import)
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeRemainingColumn())
    bar = bars.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    task = bar.add_task("", total=None)

    def show(text: str, done: int = 0, total: int | None = None) -> None:
        bar.update(task, description=text, completed=done, total=total)

    return show


def _lines(clock: Callable[[], float]) -> Show:
    last = clock()

    def show(text: str, done: int = 0, total: int | None = None) -> None:
        nonlocal last
        if clock() - last >= _SECONDS_BETWEEN_LINES:
            narrate(text if total is None else f"{text} ({done:,} of {total:,})")
            last = clock()

    return show


def rate_of(clock: Callable[[], float] = time.monotonic) -> Callable[[int], str]:
    """A function that returns the average rate per second since now, given a count."""
    begun = clock()

    def rate(count: int) -> str:
        return f"{count / max(clock() - begun, 1):,.0f}/s"

    return rate

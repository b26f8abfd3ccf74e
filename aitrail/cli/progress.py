"""How far a command is, on terminals."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Show(Protocol):
    """Shows what is being done, and how much of it is done where `total` says how much there is."""

    def __call__(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Show it until the next time."""
        ...


@contextmanager
def progress() -> Iterator[Show]:
    """A bar and the time that is left on a terminal, and only there; it vanishes in the end."""
    if not sys.stderr.isatty():
        yield _show_nothing
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import)
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(text: str, done: int = 0, total: int | None = None) -> None:
            bar.update(task, description=text, completed=done, total=total)

        yield show


def _show_nothing(text: str, done: int = 0, total: int | None = None) -> None:
    """See Show."""


def rate_of(clock: Callable[[], float] = time.monotonic) -> Callable[[int], str]:
    """What tells how many there have been in a second, on average since now."""
    begun = clock()

    def rate(count: int) -> str:
        return f"{count / max(clock() - begun, 1):,.0f}/s"

    return rate

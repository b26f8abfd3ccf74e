"""Reports the steps of the demo, their duration, and when it is being stopped."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from demo.processes import ENDING_SIGNALS


@contextmanager
def step(what: str) -> Iterator[None]:
    """Reports a step, and its duration when it has ended, successfully or not."""
    began = time.monotonic()
    tell(f"{what} ...", end=" ")
    try:
        yield
    except BaseException:
        tell(f"not finished after {time.monotonic() - began:.1f} s")
        raise
    tell(f"{time.monotonic() - began:.1f} s")


def tell(text: str = "", *, end: str = "\n") -> None:
    """Prints a text immediately, even to a pipe."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def stop_when_told() -> None:
    """Installs signal handlers that remove everything before the process ends, and say so."""
    for number in ENDING_SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Removal takes a moment, and a second Ctrl-C must not interrupt it.
    for each in ENDING_SIGNALS:
        signal.signal(each, lambda *_: None)
    tell("\nStopping and removing everything ...")
    sys.exit(128 + number)

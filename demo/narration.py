"""What the demo tells while it works: each step, how long it took, and that it stops."""

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
    """Announce a step, and tell its time when it has ended, well or not."""
    began = time.monotonic()
    tell(f"{what} ...", end=" ")
    try:
        yield
    except BaseException:
        tell(f"not finished after {time.monotonic() - began:.1f} s")
        raise
    tell(f"{time.monotonic() - began:.1f} s")


def tell(text: str = "", *, end: str = "\n") -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def stop_when_told() -> None:
    """From now on, a signal that ends this process removes everything first, and says so."""
    for number in ENDING_SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Removing takes a moment, and a second Ctrl-C must not interrupt it.
    for each in ENDING_SIGNALS:
        signal.signal(each, lambda *_: None)
    tell("\nStopping and removing everything ...")
    sys.exit(128 + number)

"""What the demo tells while it works: each step, and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step, and tell its time when it has ended, well or not."""
    began = time.monotonic()
    tell(f"{what} ...", end=" ")
    try:
        yield
    except BaseException:
        tell(f"not done after {time.monotonic() - began:.1f} s")
        raise
    tell(f"{time.monotonic() - began:.1f} s")


def tell(text: str = "", *, end: str = "\n") -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(text + end)
    sys.stdout.flush()

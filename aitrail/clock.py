"""The time, sleeping and random numbers in one object that is passed as a parameter, so that tests control them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct


def _random() -> float:
    from random import random  # noqa: PLC0415 (few commands wait, and it would slow down --help)

    return random()  # noqa: S311 (jitter, not cryptography)


class Clock(Struct, frozen=True, kw_only=True):
    """The current time, monotonic seconds, sleeping for seconds, and random numbers (0 to 1) for jitter."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = _random


SYSTEM_CLOCK = Clock()

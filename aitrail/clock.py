"""What time it is, and how to wait for a while: one small thing to hand on, so that tests decide about both."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _random() -> float:
    from random import random  # noqa: PLC0415 (few commands wait, and --help need not wait for it)

    return random()  # noqa: S311 (jitter, not cryptography)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time of day, seconds that never go back, sleeping for seconds, and chance (0 to 1) to vary pauses with."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = _random


SYSTEM_CLOCK = Clock()

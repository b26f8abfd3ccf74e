"""The state of a deployment's queues, as values. Pure."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The messages of a queue; `oldest` is the age of the oldest one, None if CloudWatch has no data."""

    waiting: int = 0
    in_flight: int = 0
    delayed: int = 0
    oldest: timedelta | None = None

    @property
    def messages(self) -> int:
        """The number of all messages."""
        return self.waiting + self.in_flight + self.delayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The queues of a deployment. `ages_refused` means that these credentials may not read CloudWatch."""

    deliveries: Queue
    backfill: Queue
    dead_letters: Queue
    ages_refused: bool = False

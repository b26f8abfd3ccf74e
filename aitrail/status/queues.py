"""What waits in the queues of a deployment, as values. Pure."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Messages; `oldest` is for how long the oldest has been there, None where CloudWatch does not say."""

    waiting: int = 0
    in_flight: int = 0
    delayed: int = 0
    oldest: timedelta | None = None

    @property
    def messages(self) -> int:
        """All of them."""
        return self.waiting + self.in_flight + self.delayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Those of a deployment. `ages_refused`: nobody may ask CloudWatch with these credentials."""

    deliveries: Queue
    backfill: Queue
    dead_letters: Queue
    ages_refused: bool = False

"""A discrete-event simulation of deliveries, the queue and the function: waiting times and failures.

Times are in seconds. A free function takes up to a batch of waiting deliveries, and processes them one after the other.
The same random numbers give the same outcome.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

# CloudTrail delivers about every five minutes for each account and Region.
PERIOD = 300.0
# The function reserves one of its five minutes to end cleanly.
_TIME_LEFT = 240.0
_TRIES = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 900.0


class Delivery(NamedTuple):
    """A log file announced at `arrived`, with `rows` rows of one service, all on the day `day`."""

    arrived: float
    rows: int = 0
    day: int = 0
    is_live: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The settings, and the time that one function needs for its work; docs/scale.md explains the defaults.

    `day_limit` is the number of index entries per second that one service-day accepts. No function starts before
    `opens`. While `is_down` returns True for the current time, every attempt fails after `seconds_to_fail`.
    """

    functions: int = 10
    batch: int = 10
    seconds_per_batch: float = 0.05
    seconds_per_file: float = 0.1
    seconds_per_row: float = 0.001
    day_limit: float = 1000.0
    opens: float = 0.0
    seconds_to_fail: float = 1.0
    is_down: Callable[[float], bool] = lambda _: False

    @property
    def rate(self) -> float:
        """Deliveries per second that the functions can process in full batches, if they do not have many rows."""
        return self.functions * self.batch / (self.seconds_per_batch + self.batch * self.seconds_per_file)


@dataclass(slots=True)
class Outcome:
    """The outcome: the time when each delivery was done, dead letters, failed attempts, and the time worked."""

    done: list[tuple[Delivery, float]] = field(default_factory=list)
    dead: list[Delivery] = field(default_factory=list)
    failed_tries: int = 0
    busy: float = 0.0
    ended: float = 0.0

    def delay(self, share: float, *, live: bool = True) -> float:
        """The delay from announcement to last row that this share of the deliveries does not exceed."""
        delays = sorted(at - delivery.arrived for delivery, at in self.done if delivery.is_live is live)
        return delays[min(int(share * len(delays)), len(delays) - 1)]

    def caught_up(self, delay: float) -> float:
        """The time when the last delivery with more than `delay` was done."""
        return max((at for delivery, at in self.done if at - delivery.arrived > delay), default=0.0)


def simulate(deliveries: Sequence[Delivery], pipeline: Pipeline, random: Random) -> Outcome:
    """Runs until every delivery is done or a dead letter; deliveries are given in order of arrival."""
    return _Simulation(pipeline, random).run(deliveries)


class _Try(NamedTuple):
    delivery: Delivery
    number: int


class _Simulation:
    def __init__(self, pipeline: Pipeline, random: Random) -> None:
        self._pipeline, self._random = pipeline, random
        self._free = pipeline.functions
        self._waiting = deque[_Try]()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._day_free: dict[int, float] = {}
        self._number = 0
        self.outcome = Outcome()

    def run(self, deliveries: Sequence[Delivery]) -> Outcome:
        self._at(self._pipeline.opens, self._start)
        coming = deque(deliveries)
        while coming or self._events:
            if coming and (not self._events or coming[0].arrived <= self._events[0][0]):
                arrived = coming.popleft()
                self._receive(arrived.arrived, _Try(arrived, 1))
            else:
                now, _, what = heappop(self._events)
                what(now)
        return self.outcome

    def _at(self, time: float, what: Callable[[float], None]) -> None:
        self._number += 1
        heappush(self._events, (time, self._number, what))

    def _receive(self, now: float, attempt: _Try) -> None:
        self._waiting.append(attempt)
        self._start(now)

    def _start(self, now: float) -> None:
        while self._free and self._waiting and now >= self._pipeline.opens:
            self._free -= 1
            batch = deque(self._waiting.popleft() for _ in range(min(self._pipeline.batch, len(self._waiting))))
            self._next(now + self._pipeline.seconds_per_batch, batch, started=now)

    def _next(self, now: float, batch: deque[_Try], *, started: float) -> None:
        """Processes the first delivery of the batch, then continues with the next."""
        if not batch:
            self._end(now, started)
            return
        attempt = batch.popleft()
        over, is_done = self._try(now, attempt.delivery, started + _TIME_LEFT)
        if is_done:
            self.outcome.done.append((attempt.delivery, over))
        else:
            self._fail(over, attempt)
        self._at(over, lambda time: self._next(time, batch, started=started))

    def _end(self, now: float, started: float) -> None:
        self.outcome.busy += now - started
        self.outcome.ended = now
        self._free += 1
        self._start(now)

    def _try(self, now: float, delivery: Delivery, deadline: float) -> tuple[float, bool]:
        """The end of the attempt, and whether everything was written. Writers to the same service-day take turns."""
        settings = self._pipeline
        if now >= deadline:
            return now, False
        if settings.is_down(now):
            return now + settings.seconds_to_fail, False
        work = now + settings.seconds_per_file
        if not delivery.rows:
            return min(work, deadline), work <= deadline
        turn = max(self._day_free.get(delivery.day, 0.0), work)
        written = turn + delivery.rows / settings.day_limit
        over = max(written, work + delivery.rows * settings.seconds_per_row)
        # The next attempt writes again what was written before the time ran out.
        self._day_free[delivery.day] = max(turn, min(written, deadline))
        return min(over, deadline), over <= deadline

    def _fail(self, now: float, attempt: _Try) -> None:
        self.outcome.failed_tries += 1
        if attempt.number == _TRIES:
            self.outcome.dead.append(attempt.delivery)
            return
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt.number - 1)) * self._random.uniform(0.5, 1)
        again = _Try(attempt.delivery, attempt.number + 1)
        self._at(now + pause, lambda time: self._receive(time, again))


def live(accounts: int, seconds: float, random: Random, *, spread: float = PERIOD, rows: int = 2) -> list[Delivery]:
    """A delivery in every period for four Regions of each account, at any time within its first `spread` seconds."""
    starts = range(0, int(seconds), int(PERIOD))
    times = sorted(start + random.random() * spread for start in starts for _ in range(4 * accounts))
    return [Delivery(time, rows) for time in times]


def old(days: int, files: int, *, rows: int, interleaved: bool) -> list[Delivery]:
    """Log files of several days, `files` per day, all announced at once: day by day, or from each day in turn."""
    pairs = ((day, file) for day in range(days) for file in range(files))
    ordered = sorted(pairs, key=lambda pair: pair[1]) if interleaved else pairs
    return [Delivery(0.0, rows, day + 1, is_live=False) for day, _ in ordered]

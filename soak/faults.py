"""Plans which requests fail, and how: drawn from a seed before the run, regardless of the order of requests."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

from soak.requests import LISTING, UPDATE, Request


class Fault(StrEnum):
    """A fault of one request; the values are the names in the report."""

    THROTTLED = "throttled by DynamoDB"
    UNPROCESSED = "items left unprocessed"
    SERVER_ERROR = "server errors"
    REFUSED = "connections closed before the work was done"
    LOST = "connections closed after the work was done"
    CUT = "contents of objects cut short"
    TIMEOUT = "timeouts"
    CRASH = "function killed"


class Likelihood(NamedTuple):
    """How many of 1,000 log files have a fault, in which operations, and for how many successive requests at most."""

    per_thousand: int
    operations: tuple[str, ...]
    most: int


_WRITES: Final = ("BatchWriteItem", UPDATE)
_READS: Final = ("GetItem", "GetObject")
# The client makes three attempts: three successive faults fail the message, which is then retried.
SHORT: Final[Mapping[Fault, Likelihood]] = {
    Fault.THROTTLED: Likelihood(20, ("GetItem", *_WRITES), 5),
    Fault.UNPROCESSED: Likelihood(20, ("BatchWriteItem",), 3),
    Fault.SERVER_ERROR: Likelihood(20, (*_READS, *_WRITES), 5),
    Fault.REFUSED: Likelihood(10, (*_READS, *_WRITES), 4),
    Fault.LOST: Likelihood(10, _WRITES, 3),
    Fault.CUT: Likelihood(10, ("GetObject",), 2),
}
# Each of these takes ten seconds or more.
LONG: Final[Mapping[Fault, Likelihood]] = {
    Fault.TIMEOUT: Likelihood(1, (*_READS, *_WRITES), 1),
    Fault.CRASH: Likelihood(1, ("GetObject", *_WRITES), 1),
}


# At most two in succession: a digest makes hundreds of these requests, and would never succeed if one of them failed.
OF_LISTINGS: Final[Mapping[Fault, Likelihood]] = {
    Fault.THROTTLED: Likelihood(10, (LISTING,), 2),
    Fault.SERVER_ERROR: Likelihood(10, (LISTING,), 2),
    Fault.LOST: Likelihood(10, (LISTING,), 2),
    Fault.CRASH: Likelihood(0, (LISTING,), 1),
}
# There are few digests: each of these faults occurs for one.
OF_DIGESTS: Final[Mapping[Fault, Likelihood]] = {
    Fault.THROTTLED: Likelihood(0, ("GetItem", UPDATE), 4),
    Fault.SERVER_ERROR: Likelihood(0, ("GetObject",), 4),
    Fault.LOST: Likelihood(0, (UPDATE,), 3),
    Fault.CUT: Likelihood(0, ("GetObject",), 2),
}


@dataclass(slots=True)
class _Planned:
    fault: Fault
    times: int


class Plan:
    """The planned faults by log file and operation; `injected` counts past ones. Threads may share it."""

    def __init__(self) -> None:
        self.injected = Counter[Fault]()
        self._planned: dict[tuple[str, str], _Planned] = {}
        self._lock = threading.Lock()

    def add(self, log_files: Sequence[str], likelihoods: Mapping[Fault, Likelihood], random: Random) -> None:
        """Draws faults for these log files: each kind at least once, and at most one for each file."""
        numbers = {fault: max(1, each.per_thousand * len(log_files) // 1000) for fault, each in likelihoods.items()}
        drawn = iter(random.sample(log_files, min(sum(numbers.values()), len(log_files))))
        planned = {}
        for fault, number in numbers.items():
            for log_file in _next(drawn, number):
                operation = random.choice(likelihoods[fault].operations)
                planned[log_file, operation] = _Planned(fault, random.randint(1, likelihoods[fault].most))
        with self._lock:
            self._planned |= planned

    def next(self, request: Request) -> Fault | None:
        """The fault for this request; None for most requests."""
        with self._lock:
            planned = self._planned.get((request.log_file or "", request.operation))
            if planned is None or not planned.times:
                return None
            planned.times -= 1
            self.injected[planned.fault] += 1
            return planned.fault

    def left(self) -> dict[Fault, list[str]]:
        """The log files with planned faults that have not occurred, by fault."""
        left = defaultdict(list)
        with self._lock:
            for (log_file, _), planned in self._planned.items():
                if planned.times:
                    left[planned.fault].append(log_file)
        return dict(left)


def _next(drawn: Iterable[str], number: int) -> Iterator[str]:
    return (log_file for _, log_file in zip(range(number), drawn, strict=False))

"""The values that occur most often among many, in memory that does not grow with the number of different ones. Pure."""

from collections import defaultdict

# With so many counters, a value that makes up more than one part in 10,000 is always found.
_CAPACITY = 10_000


class Leading:
    """Counts values, and forgets rare ones when there are too many different ones.

    The counts are exact up to twice `capacity` different values. From there on, none is too high, and none too low by
    more than the number of all values divided by the capacity (Misra and Gries, "Finding repeated elements", 1982; with
    several values at a time as in Agarwal et al., "Mergeable summaries", 2012).
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, value: str) -> None:
        """Counts a value."""
        self._counts[value] += 1
        if len(self._counts) > 2 * self._capacity:
            self._forget()

    def most(self, number: int) -> tuple[str, ...]:
        """The values with the highest counts, highest first; those with the same count by name."""
        return tuple(sorted(self._counts, key=lambda value: (-self._counts[value], value))[:number])

    def _forget(self) -> None:
        less = sorted(self._counts.values(), reverse=True)[self._capacity]
        left = {value: count - less for value, count in self._counts.items() if count > less}
        self._counts = defaultdict(int, left)

"""Which values of each dimension a report keeps; all others are summed. Pure.

The fewer values are kept, the fewer combinations of them there are, so that a report of any number of calls has a
limited size. What is kept is exact, and so are the sums of the rest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from aitrail.questions import NAMED, OTHERS, Key, Naming
from aitrail.window import Window

# Dimensions with few values, which are always kept.
WHOLE = ("service", "outcome", "credentials")
# Dimensions of which the values with the most calls are kept.
_FOLDED = ("operation", "principal", "resource", "source-ip", "region", "account", "engine")
# Often nearly every call has another value of these.
_VARIED = ("resource", "source-ip")
# The texts of hours begin with those of days, which begin with those of months.
_LENGTHS = {"hour": None, "day": len("2026-11-21"), "month": len("2026-11")}
# Of a longer time, hours would be too many to be told apart.
_MOST_WITH_HOURS = timedelta(days=62)


class Level(NamedTuple):
    """The unit of time that is kept, and the number of values of each dimension, and of the varied ones."""

    unit: str
    most: int
    most_varied: int


# Each level only sums what the one before it keeps apart: calls can be added while the level changes.
_HOURS = (Level("hour", 50, 50), Level("hour", 50, 20), Level("hour", 20, 20))
_DAYS = (Level("day", 50, 50), Level("day", 50, 20))
_FEWER = (
    *(Level("day", 20, 20), Level("day", 10, 10), Level("day", 5, 5), Level("day", 1, 1)),
    *(Level("month", 1, 1), Level("month", 0, 0)),
)


def dimensions_of(naming: Naming) -> tuple[str, ...]:
    """The dimensions of a report; teams and networks if they have names."""
    named = {"team": naming.teams, "network": naming.networks}
    return (*WHOLE, *_FOLDED, *(name for name in NAMED if named[name]))


def folded(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the dimensions whose values may be summed."""
    return tuple(name for name in names if name not in WHOLE)


class Folding:
    """Folds keys: a time, and the value of each of the dimensions `names`, of which the most frequent ones stay.

    `leading` has the values of each folded dimension, most calls first. `deepen` keeps fewer. `regroupings` counts the
    changes.
    """

    def __init__(self, names: Sequence[str], leading: Mapping[str, Sequence[str]], window: Window) -> None:
        self.names = tuple(names)
        self._leading = leading
        is_short = window.until - window.since <= _MOST_WITH_HOURS
        self._levels: Iterator[Level] = iter((*(_HOURS if is_short else _DAYS), *_FEWER))
        self.regroupings = -1
        self.deepen()

    def deepen(self) -> bool:
        """Keeps fewer values, or a longer unit of time; returns whether that was possible."""
        level = next(self._levels, None)
        if level is None:
            return False
        self.level = level
        self.kept = {name: tuple(values[: self._most(name)]) for name, values in self._leading.items()}
        self.fold = _fold(_LENGTHS[level.unit], [self._kept(name) for name in self.names])
        self.regroupings += 1
        return True

    def _most(self, name: str) -> int:
        return self.level.most_varied if name in _VARIED else self.level.most

    def _kept(self, name: str) -> frozenset[str | None] | None:
        return frozenset((None, *self.kept[name])) if name in self.kept else None


def _fold(length: int | None, kept: Sequence[frozenset[str | None] | None]) -> Callable[[Key], Key]:
    def fold(key: Key) -> Key:
        time, *values = key
        pairs = zip(values, kept, strict=True)
        return (
            time[:length] if time else time,
            *(value if own is None or value in own or value is OTHERS else OTHERS for value, own in pairs),
        )

    return fold

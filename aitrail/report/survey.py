"""The first reading of a window: which values are frequent, and which events are notable. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from aitrail.questions import Naming, Row, key_function
from aitrail.report.folding import folded
from aitrail.report.leading import Leading
from aitrail.report.notable import Notable

# The most values of a dimension that a report can keep.
_MOST = 50


class Survey:
    """What the records of a window have; `records` counts them, `first` and `last` are eventTimes."""

    def __init__(self, names: Sequence[str], zone: tzinfo, naming: Naming) -> None:
        self.notable = Notable(names, key_function(names, zone, naming))
        self.records = 0
        self.first = self.last = ""
        self._names = folded(names)
        self._leading = {name: Leading() for name in self._names}
        self._values_of = key_function(self._names, zone, naming)

    def add(self, row: Row) -> None:
        """Adds a record, in any order."""
        self.records += 1
        time = row["eventTime"]
        self.first, self.last = min(self.first or time, time), max(self.last, time)
        for leading, value in zip(self._leading.values(), self._values_of(row), strict=True):
            if value is not None:
                leading.add(value)
        self.notable.add(row)

    def leading(self) -> dict[str, tuple[str, ...]]:
        """The most frequent values of each dimension whose values may be summed, most frequent first."""
        return {name: leading.most(_MOST) for name, leading in self._leading.items()}

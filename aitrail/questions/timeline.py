"""Timelines of a resource or a principal: calls, newest first, marked where a value was not seen before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aitrail.questions.filters import Filter
from aitrail.questions.source import Order, Row, RowSource
from aitrail.window import BEGINNING, Window

# The columns whose values may be new; `grouped` uses the first one.
TOUCHED_BY = ("principal", "sourceIPAddress", "operation")
DONE_TO = ("resource", "sourceIPAddress", "operation")
# Resources with the same name are different ones in different accounts and Regions.
PLACES = ("recipientAccountId", "awsRegion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The summary of a timeline. Calls, errors and distinct values are those of the window.

    `baseline_calls` is None if nothing was compared: without a baseline, or if no time precedes the window. `new` maps
    columns to the values that are not in the baseline, newest calls first. `first_seen` and `last_seen` are the
    eventTimes of the oldest and the newest call in baseline and window, None if there are no calls. `accounts` and
    `regions` are those that were called in the window, sorted.
    """

    calls: int
    errors: int
    distinct: Mapping[str, int]
    new: Mapping[str, tuple[str, ...]]
    first_seen: str | None
    last_seen: str | None
    baseline_calls: int | None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Timeline:
    """The calls of a window, newest first: narrow rows, with the names of columns with unseen values in `new`.

    A value is unseen if it is not in the baseline, the span before the window. The baseline is read first, and only its
    distinct values are kept. Nothing is new if the baseline has no calls, or if there is no baseline: with a span of 0,
    or a window from the beginning on. Each iteration reads the source again, and raises the errors of reading.
    """

    def __init__(
        self, source: RowSource, wanted: Filter, window: Window, *, baseline: timedelta, columns: Sequence[str]
    ) -> None:
        self.columns = tuple(columns)
        self._source = source
        self._wanted = wanted
        self._window = window
        self._baseline = _before(window, baseline)
        self._summary: Summary | None = None

    def __iter__(self) -> Iterator[Row]:
        self._summary = None
        before, within = _Tally(self.columns), _Tally(self.columns)
        if self._baseline:
            for row in self._source.rows(self._wanted, self._baseline, order=Order.ANY):
                before.add(row)
        for row in self._source.rows(self._wanted, self._window):
            within.add(row)
            yield row | {"new": [name for name, value in _values(row, self.columns) if before.lacks(name, value)]}
        self._summary = self._summary_of(before, within)

    @property
    def summary(self) -> Summary:
        """The summary of all calls. Raises RuntimeError until the last one has been read."""
        if self._summary is None:
            raise RuntimeError("the summary is complete when the timeline has been read to its end")
        return self._summary

    def _summary_of(self, before: "_Tally", within: "_Tally") -> Summary:
        times = sorted(filter(None, (before.first, before.last, within.first, within.last)))
        return Summary(
            calls=within.calls,
            errors=within.errors,
            distinct={name: len(values) for name, values in within.values.items()},
            new={
                name: tuple(value for value in values if before.lacks(name, value))
                for name, values in within.values.items()
            },
            first_seen=times[0] if times else None,
            last_seen=times[-1] if times else None,
            baseline_calls=before.calls if self._baseline else None,
            accounts=tuple(sorted(within.places["recipientAccountId"])),
            regions=tuple(sorted(within.places["awsRegion"])),
        )


def _before(window: Window, span: timedelta) -> Window | None:
    # Not just since - span, which may be before the year 1.
    begin = window.since - min(span, window.since - BEGINNING)
    return Window(since=begin, until=window.since) if begin < window.since else None


def _values(row: Row, columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    # The sourceIPAddress of a record may be null or any other value.
    return ((name, row[name]) for name in columns if isinstance(row.get(name), str))


class _Tally:
    """A tally of calls: distinct values in order of occurrence, counts, and the first and the last time."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.values: dict[str, dict[str, None]] = {name: {} for name in columns}
        self.places: dict[str, set[str]] = {name: set() for name in PLACES}
        self.calls = self.errors = 0
        self.first = self.last = ""

    def add(self, row: Row) -> None:
        self.calls += 1
        self.errors += row["outcome"] != "ok"
        self.first = min(self.first or row["eventTime"], row["eventTime"])
        self.last = max(self.last, row["eventTime"])
        for name, value in _values(row, self.values):
            self.values[name][value] = None
        for name, value in _values(row, PLACES):
            self.places[name].add(value)

    def lacks(self, name: str, value: str) -> bool:
        """Whether there are calls but none has the value."""
        return self.calls > 0 and value not in self.values[name]


@dataclass(slots=True, kw_only=True)
class _Group:
    last_seen: str
    first_seen: str = ""
    new: bool = False
    calls: int = 0
    errors: int = 0
    denied: int = 0
    operations: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    def add(self, row: Row, *, new: bool) -> None:
        self.first_seen = row["eventTime"]
        self.new = new
        self.calls += 1
        self.errors += row["outcome"] != "ok"
        self.denied += row["outcome"] == "denied"
        self.operations.update(value for _, value in _values(row, ("operation",)))
        self.addresses.update(value for _, value in _values(row, ("sourceIPAddress",)))

    def row(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "errors": self.errors,
            "denied": self.denied,
            "operations": len(self.operations),
            "sourceAddresses": len(self.addresses),
            "firstSeen": self.first_seen,
            "lastSeen": self.last_seen,
            "new": self.new,
        }


def grouped(timeline: Timeline) -> list[dict[str, Any]]:
    """The calls of a timeline, grouped by its first column: one row for each value, newest calls first.

    Calls without a value form one group, whose row does not have the column. `operations` and `sourceAddresses` count
    distinct values; `firstSeen` and `lastSeen` are within the window.
    """
    by = timeline.columns[0]
    groups: dict[str | None, _Group] = {}
    for row in timeline:
        group = groups.setdefault(row.get(by), _Group(last_seen=row["eventTime"]))
        group.add(row, new=by in row["new"])
    return [({} if value is None else {by: value}) | group.row() for value, group in groups.items()]

"""Timelines of a resource or a principal: records, newest first, marked where a value was not seen before."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from aitrail.questions.amounts import Amounts
from aitrail.questions.counting import Count, Reading, record_kind
from aitrail.questions.dimensions import key_function
from aitrail.questions.filters import Filter
from aitrail.questions.source import Order, Row, RowSource
from aitrail.questions.tally import Key, Tally
from aitrail.window import BEGINNING, Window

# The columns whose values may be new; `grouped` uses the first one.
TOUCHED_BY = ("principal", "sourceIPAddress", "operation")
DONE_TO = ("resource", "sourceIPAddress", "operation")
# In the place of a resource or a principal: any, or none.
ANYTHING = "*"
# Resources with the same name are different ones in different accounts and Regions.
PLACES = ("recipientAccountId", "awsRegion")


class Summary(Struct, frozen=True, kw_only=True):
    """The summary of a timeline. Calls, records and distinct values are those of the window.

    `calls` and `errors` count each call once, as `usage` does; `records` are the rows of the timeline.
    `baseline_records` is None if nothing was compared: without a baseline, or if no time precedes the window. `new`
    maps columns to the values that are not in the baseline, newest records first. `first_seen` and `last_seen` are the
    eventTimes of the oldest and the newest record in baseline and window, None if there are none. `accounts` and
    `regions` are those that were called in the window, sorted.
    """

    calls: int
    errors: int
    records: int
    distinct: Mapping[str, int]
    new: Mapping[str, tuple[str, ...]]
    first_seen: str | None
    last_seen: str | None
    baseline_records: int | None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Timeline:
    """The records of a window, newest first: narrow rows with two more attributes.

    `new` has the names of columns with unseen values. A value is unseen if it is not in the baseline, the span before
    the window. The baseline is read first, and only its distinct values are kept. Nothing is new if the baseline has no
    records, or if there is no baseline: with a span of 0, or a window from the beginning on.

    `record` is one of RECORD_KINDS; it is absent if the row is just the record of a call. A timeline shows every record
    that matches, but counts each call once, like `usage`, with what is known of it at the time `now`.

    Each iteration reads the source again, and raises the errors of reading.
    """

    def __init__(  # noqa: PLR0913 (each is a separate part of the question)
        self,
        source: RowSource,
        wanted: Filter,
        window: Window,
        *,
        baseline: timedelta,
        columns: Sequence[str],
        now: datetime,
    ) -> None:
        self.columns = tuple(columns)
        self._source = source
        self._wanted = wanted
        self._window = window
        self.baseline = _before(window, baseline)
        self._now = now
        self._found: tuple[Summary, list[dict[str, Any]]] | None = None

    def __iter__(self) -> Iterator[Row]:
        self._found = None
        tally = Tally(key_function(self.columns[:1]), None)
        count = Count(tally, Reading.of(self._source, self._wanted, self._window, self._now))
        before, within = _Seen(self.columns), _Groups(self.columns)
        if self.baseline:
            for row in self._source.rows(self._wanted, self.baseline, order=Order.ANY):
                before.add(row)
        for row in self._source.rows(self._wanted.of_indexes(), self._window):
            if count.add(row):
                within.add(row)
                new = [name for name, value in _values(row, self.columns) if before.lacks(name, value)]
                kind = record_kind(row)
                yield row | {"new": new} | ({"recordType": kind} if kind else {})
        for call in count.finish():
            within.add(call, records=0)
        self._found = self._summary_of(before, within.all, tally), within.rows(before, tally.by_group())

    @property
    def summary(self) -> Summary:
        """The summary of all records. Raises RuntimeError until the last one has been read."""
        return self._at_the_end[0]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The summary of each group; see `grouped`. Raises RuntimeError until the last record has been read."""
        return self._at_the_end[1]

    @property
    def _at_the_end(self) -> tuple[Summary, list[dict[str, Any]]]:
        if self._found is None:
            raise RuntimeError("the summary is complete when the timeline has been read to its end")
        return self._found

    def _summary_of(self, before: "_Seen", within: "_Seen", tally: Tally) -> Summary:
        times = sorted(filter(None, (before.first, before.last, within.first, within.last)))
        total = tally.sum_of(tally.by_group())
        return Summary(
            calls=total.calls,
            errors=total.errors,
            records=within.records,
            distinct={name: len(within.values[name]) for name in self.columns},
            new={
                name: tuple(value for value in within.values[name] if before.lacks(name, value))
                for name in self.columns
            },
            first_seen=times[0] if times else None,
            last_seen=times[-1] if times else None,
            baseline_records=before.records if self.baseline else None,
            accounts=tuple(sorted(within.values["recipientAccountId"])),
            regions=tuple(sorted(within.values["awsRegion"])),
        )


def _before(window: Window, span: timedelta) -> Window | None:
    # Not just since - span, which may be before the year 1.
    begin = window.since - min(span, window.since - BEGINNING)
    return Window(since=begin, until=window.since) if begin < window.since else None


def _values(row: Row, columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    # The sourceIPAddress of a record may be null or any other value.
    return ((name, row[name]) for name in columns if isinstance(row.get(name), str))


class _Seen:
    """What some records have: distinct values in order of occurrence, the first and the last time, their number."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.values: dict[str, dict[str, None]] = {name: {} for name in columns}
        self.records = 0
        self.first = self.last = ""

    def add(self, row: Row, *, records: int = 1) -> None:
        """Adds a row, which is that many records."""
        self.records += records
        self.first = min(self.first or row["eventTime"], row["eventTime"])
        self.last = max(self.last, row["eventTime"])
        for name, value in _values(row, self.values):
            self.values[name][value] = None

    def lacks(self, name: str, value: str) -> bool:
        """Whether there are records but none has the value."""
        return self.records > 0 and value not in self.values[name]


class _Groups:
    """What the records of a window have: all of them, and those of each value of the first column."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.all = _Seen((*columns, *PLACES))
        self._by = columns[0]
        self._key_of = key_function(columns[:1])
        self._groups: defaultdict[Key, _Seen] = defaultdict(lambda: _Seen(columns[1:]))

    def add(self, row: Row, *, records: int = 1) -> None:
        """Adds a row, which is that many records."""
        self.all.add(row, records=records)
        self._groups[self._key_of(row)].add(row, records=records)

    def rows(self, before: _Seen, calls: Mapping[Key, Amounts]) -> list[dict[str, Any]]:
        """The groups as `grouped` returns them."""
        newest_first = sorted(self._groups.items(), key=lambda group: group[1].last, reverse=True)
        return [self._row(key, seen, calls.get(key, Amounts()), before) for key, seen in newest_first]

    def _row(self, key: Key, seen: _Seen, calls: Amounts, before: _Seen) -> dict[str, Any]:
        (value,) = key
        return ({} if value is None else {self._by: value}) | {
            "calls": calls.calls,
            "errors": calls.errors,
            "denied": calls.denied,
            "records": seen.records,
            "operations": len(seen.values["operation"]),
            "sourceAddresses": len(seen.values["sourceIPAddress"]),
            "firstSeen": seen.first,
            "lastSeen": seen.last,
            "new": None if not before.records else value is not None and before.lacks(self._by, value),
        }


def grouped(timeline: Timeline) -> list[dict[str, Any]]:
    """The records of a timeline, grouped by its first column: one row for each value, newest records first.

    Records without a value form one group, whose row does not have the column. `calls`, `errors` and `denied` count
    each call once, like `usage`; they are 0 if no record of the group is a call of its own. `records` counts the rows
    of the timeline, `operations` and `sourceAddresses` distinct values; `firstSeen` and `lastSeen` are within the
    window. `new` is None if there is nothing before the window to compare with.
    """
    deque(timeline, maxlen=0)
    return timeline.groups

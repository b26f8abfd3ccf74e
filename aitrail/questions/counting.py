"""Counts calls while rows are read: each call once, whatever number of records CloudTrail has written of it. Pure.

What belongs together is found in any order of rows. `usage` and timelines count in this way.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from aitrail.questions.amounts import Amounts, add_groups, is_call, is_network_activity
from aitrail.questions.corrections import Corrections, is_correction
from aitrail.questions.filters import Filter
from aitrail.questions.source import NotStraightError, Order, Row, RowSource, StraightSource
from aitrail.questions.streams import LONGEST
from aitrail.questions.subtotals import Subtotal, Subtotals
from aitrail.questions.tally import Key, Tally
from aitrail.questions.usage_members import shared_event_id
from aitrail.rows import Columns
from aitrail.window import Window

# A record that a VPC endpoint wrote of a call that it refused: it is a call, unlike its records of other calls.
ENDPOINT_REFUSAL = "endpoint-refusal"
RECORD_KINDS = ("correction", "stream-end", "endpoint-copy", ENDPOINT_REFUSAL, "shared")


def record_kind(row: Row) -> str | None:
    """One of RECORD_KINDS, or None if a row is the record of a call by its service, and no other account has one."""
    if is_correction(row):
        return "correction"
    if is_network_activity(row):
        return ENDPOINT_REFUSAL if is_call(row) else "endpoint-copy"
    if not is_call(row):
        return "stream-end"
    return "shared" if shared_event_id(row) is not None else None


class Reading(Struct, frozen=True, kw_only=True):
    """What counting needs to know of the question whose rows it counts.

    `matches` tells whether a row that was read meets the conditions: a correction may, although the corrected record
    does not. `is_read` tells whether a row that was found by its eventID is among those that meet them. `is_within`
    tells whether an eventTime is in the window. `find` returns the rows with these eventIDs, of any time, as far as
    they exist. `later` has the rows of the hours after the window, which may correct or end what is in it; `earlier`
    has those of the hours before, which may begin what is corrected in it. `groups` has the amounts of further calls
    of the window, which were added up where their rows were read. `again` reads the rows of the window once more, which
    the exact times of first and last calls may need.
    """

    matches: Callable[[Row], bool] = lambda _row: True
    is_read: Callable[[Row], bool] = lambda _row: True
    is_within: Callable[[str], bool] = lambda _time: True
    find: Callable[[Sequence[str]], Iterable[Row]] = lambda _ids: ()
    later: Iterable[Row] = ()
    earlier: Iterable[Row] = ()
    groups: Mapping[Key, Amounts] = {}
    again: Callable[[], Iterable[Row]] | None = None

    @classmethod
    def of(cls, source: RowSource, wanted: Filter, window: Window, now: datetime, *, with_times: bool = False) -> Self:
        """What counts the rows that a source has for `wanted.of_indexes()` in the window, once.

        What has been corrected, or ends a stream, need not meet the conditions: what no index needs is tested later.
        `with_times` makes the times of first and last calls exact.
        """
        first, last = window.bounds
        read = wanted.of_indexes()
        return cls(
            matches=replace(wanted, user_agent=()).matcher(),  # user agents are selected where rows are read
            is_read=wanted.matcher(),  # rows that are found are whole
            is_within=lambda event_time: first <= event_time <= last,
            find=lambda event_ids: source.whole({"eventID": each} for each in event_ids),
            later=_rows_after(source, read, window, now),
            earlier=_rows_before(source, read, window),
            again=partial(source.rows, read, window, order=Order.ANY) if with_times else None,
        )


def _rows_after(source: RowSource, wanted: Filter, window: Window, now: datetime) -> Iterator[Row]:
    """The rows of the time after a window in which what began in it may end."""
    after = _after(window, now)
    if after.since < after.until:
        yield from source.rows(wanted, after, order=Order.ANY)


def _after(window: Window, now: datetime) -> Window:
    until = min(window.until, now)
    return Window(since=until, until=until + max(timedelta(), min(LONGEST, now - until)))


def _rows_before(source: RowSource, wanted: Filter, window: Window) -> Iterator[Row]:
    """The rows of the time before a window in which a call that is corrected in it may have begun."""
    before = window.before(LONGEST)
    if before.since < before.until:
        yield from source.rows(wanted, before, order=Order.ANY)


class Straight:
    """The rows of a window, straight from a source, and what counting them needs to know of the question.

    `columns` are those that the question needs. The conditions must not need whole rows. The source may add up rows
    with `subtotals`.
    """

    def __init__(  # noqa: PLR0913 (each is a separate choice)
        self,
        source: StraightSource,
        columns: Columns,
        wanted: Filter,
        window: Window,
        *,
        now: datetime,
        subtotals: Subtotals | None = None,
    ) -> None:
        self._source, self._columns, self._wanted = source, columns, wanted
        self._window, self._after = window, _after(window, now)
        self._subtotals = subtotals if subtotals and subtotals.can_be_sent else None
        self._ends: list[Row] = []
        self._groups: dict[Key, Amounts] = {}
        # Without corrections, nothing is looked for.
        self.reading = Reading(matches=wanted.matcher(), later=self._ends, groups=self._groups)

    def rows(self) -> Generator[Row, None, None]:
        """The rows that are to be counted; after them, `reading` knows what else is. Raises NotStraightError."""
        matches = self._wanted.of_indexes().matcher()
        (first, last), (since, until) = self._window.bounds, self._after.bounds
        both = Window(since=self._window.since, until=max(self._window.until, self._after.until))
        for row in self._source.straight(self._columns, replace(self._wanted.needed, window=both), self._subtotals):
            if isinstance(row, Subtotal):
                add_groups(self._groups, row.groups)
                continue
            if is_correction(row):
                raise NotStraightError("A record corrects another one.")
            event_time = row["eventTime"]
            if first <= event_time <= last:
                if matches(row):
                    yield row
            elif since <= event_time <= until and not is_call(row) and matches(row):
                self._ends.append(row)


class Count:
    """Adds the calls of a window to a tally: first all rows of the window, then what other rows tell of them."""

    def __init__(self, tally: Tally, reading: Reading) -> None:
        self._tally = tally
        self._reading = reading
        self._corrections = Corrections()

    def add(self, row: Row) -> bool:
        """Adds a row of the window. Returns whether it meets the conditions, which a row need not."""
        matches = self._reading.matches(row)
        if self._corrections.take(row):
            return matches
        if matches:
            self._tally.add(row)
        else:  # the end of a stream belongs to its begin, whatever it meets
            self._tally.end_stream(row)
        return matches

    def finish(self) -> list[Row]:
        """Completes the tally. Returns the corrected calls as they count: the newest record, at the time of the first.

        They may be in no row of the window that meets the conditions.
        """
        tally, reading, corrections = self._tally, self._reading, self._corrections
        tally.add_groups(reading.groups)
        for row in reading.later:
            if not corrections.take_later(row):
                tally.end_stream(row)
        resolved = [*corrections.resolved(reading.find, reading.is_within, reading.earlier)]
        gone = {row["eventID"]: row for row, *_ in resolved if row is not None and reading.is_read(row)}
        right = [row for _, row, _ in resolved if reading.matches(row)]
        for row in gone.values():
            tally.remove(row)
        for row in right:
            tally.add(row)
        tally.finish()
        if reading.again and tally.unsettled:
            again = (row for row in reading.again() if row["eventID"] not in gone and not is_correction(row))
            tally.settle(chain(filter(reading.matches, again), right))
        return right

"""Adds up calls by group, each call once, whatever number of rows it has. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from typing import NamedTuple

from aitrail.costs import Prices
from aitrail.questions.amounts import Amounts, amounts_of, is_call, is_network_activity
from aitrail.questions.dimensions import key_function
from aitrail.questions.naming import NOTHING_NAMED, Naming
from aitrail.questions.source import Row
from aitrail.questions.streams import Streams
from aitrail.questions.usage_members import usage_member

# The values of the dimensions of a group.
Key = tuple[str | None, ...]


class _Call(NamedTuple):
    """A call: where it counts, and the order among the rows of one action, of which the first counts."""

    is_network: bool
    event_id: str
    key: Key
    shared: str | None
    amounts: Amounts


class Tally:
    """The amounts of calls by the values of dimensions; with `prices`, amounts have prices. Times are those of `zone`.

    If CloudTrail delivered one action to several accounts, its rows have the same sharedEventID: the action counts in
    the group of each account, but once in each group, and once in each sum of groups.
    """

    def __init__(
        self, names: Iterable[str], prices: Prices | None, zone: tzinfo = UTC, naming: Naming = NOTHING_NAMED
    ) -> None:
        self._key_of = key_function(tuple(names), zone, naming)
        self._prices = prices
        self._groups: defaultdict[Key, Amounts] = defaultdict(Amounts)
        self._copies: defaultdict[str, list[_Call]] = defaultdict(list)
        self._streams: Streams[_Call] = Streams()
        # The eventTimes of the first and the last call.
        self.first = self.last = ""

    def add(self, row: Row) -> None:
        """Adds a row, or the end of a stream."""
        if not is_call(row):
            self._streams.end(row)
            return
        call, time = self._call(row), row["eventTime"]
        if time:
            self.first, self.last = min(self.first or time, time), max(self.last, time)
        if not self._streams.begin(row, call):
            self._put(call)

    def end_stream(self, row: Row) -> None:
        """Adds a row of the time after the window, which may end a stream of the window."""
        self._streams.end(row)

    def remove(self, row: Row) -> None:
        """Takes away a row that was added."""
        if not is_call(row) or self._streams.forget(row):
            return
        call = self._call(row)
        if call.shared is None:
            self._groups[call.key].add(call.amounts, times=-1)
        else:
            copies = self._copies[call.shared]
            copies[:] = [copy for copy in copies if copy.event_id != call.event_id]

    def finish(self) -> None:
        """Adds the streams, after all rows."""
        for call, seconds in self._streams.lengths():
            call.amounts.stream_seconds = seconds or 0
            call.amounts.unknown_streams = int(seconds is None)
            self._put(call)

    def by_group(self) -> dict[Key, Amounts]:
        """The amounts of each group with calls."""
        shared = (call.key for calls in self._copies.values() for call in calls)
        own = (key for key, amounts in self._groups.items() if amounts.calls)
        found = {key: self._sum_of_own({key}) for key in {*own, *shared}}
        for calls in self._copies.values():
            by_key: defaultdict[Key, list[_Call]] = defaultdict(list)
            for call in calls:
                by_key[call.key].append(call)
            for key, copies in by_key.items():
                found[key].add(min(copies, key=_order).amounts)
        return found

    def sum_of(self, keys: Iterable[Key]) -> Amounts:
        """The amounts of these groups together."""
        chosen = set(keys)
        amounts = self._sum_of_own(chosen)
        for call in self._first_copies(chosen):
            amounts.add(call.amounts)
        return amounts

    def _sum_of_own(self, keys: set[Key]) -> Amounts:
        amounts = Amounts()
        for key in keys & self._groups.keys():
            amounts.add(self._groups[key])
        return amounts

    def _first_copies(self, keys: set[Key]) -> Iterator[_Call]:
        for calls in self._copies.values():
            if copies := [call for call in calls if call.key in keys]:
                yield min(copies, key=_order)

    def _call(self, row: Row) -> _Call:
        shared = usage_member(row, "sharedEventID")
        return _Call(
            is_network=is_network_activity(row),
            event_id=row.get("eventID", ""),
            key=self._key_of(row),
            shared=shared if isinstance(shared, str) else None,
            amounts=amounts_of(row, self._prices),
        )

    def _put(self, call: _Call) -> None:
        if call.shared is None:
            self._groups[call.key].add(call.amounts)
        else:
            self._copies[call.shared].append(call)


def _order(call: _Call) -> tuple[bool, str]:
    return call.is_network, call.event_id

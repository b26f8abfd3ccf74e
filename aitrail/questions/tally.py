"""Adds up calls by group, each call once, whatever number of rows it has. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from aitrail.questions.amounts import Amounts, add_groups, amounts_of, is_call, is_network_activity
from aitrail.questions.source import Row
from aitrail.questions.streams import Streams
from aitrail.questions.usage_members import shared_event_id
from aitrail.services import Registry, load

if TYPE_CHECKING:
    from aitrail.costs import Prices

# The values of the dimensions of a group.
Key = tuple[str | None, ...]
_Sum = TypeVar("_Sum")


class _Call(NamedTuple):
    """A call: where it counts, and the order among the rows of one action, of which the first counts."""

    is_network: bool
    event_id: str
    key: Key
    shared: str | None
    amounts: Amounts


class Tally:
    """The amounts of calls by the values of dimensions, which `key_of` tells; with `prices`, amounts have prices.

    The `registry` tells what has an amount.

    If CloudTrail delivered one action to several accounts, its rows have the same sharedEventID: the action counts in
    the group of each account, but once in each group, and once in each sum of groups.
    """

    def __init__(self, key_of: Callable[[Row], Key], prices: "Prices | None", registry: Registry | None = None) -> None:
        self._key_of = key_of
        self._prices = prices
        self.registry = registry or load()
        self._groups: defaultdict[Key, Amounts] = defaultdict(Amounts)
        self._copies: defaultdict[str, list[_Call]] = defaultdict(list)
        self._streams: Streams[_Call] = Streams()
        # The groups and eventTimes of calls that were taken away: they may have been the first or the last ones.
        self._taken: set[tuple[Key, str]] = set()

    def add(self, row: Row) -> None:
        """Adds a row, or the end of a stream."""
        if not is_call(row):
            self._streams.end(row)
            return
        call = self._call(row)
        if not self._streams.begin(row, call):
            self._put(call)

    def add_groups(self, groups: Mapping[Key, Amounts]) -> None:
        """Adds calls that have one row each, by group; see `amounts.add_groups`."""
        add_groups(self._groups, groups)

    def end_stream(self, row: Row) -> None:
        """Adds a row of the time after the window, which may end a stream of the window."""
        self._streams.end(row)

    def remove(self, row: Row) -> None:
        """Takes away a row that was added."""
        if not is_call(row) or self._streams.forget(row):
            return
        call = self._call(row)
        if call.shared is None:
            self._take(call)
        else:
            copies = self._copies[call.shared]
            copies[:] = [copy for copy in copies if copy.event_id != call.event_id]

    def _take(self, call: _Call) -> None:
        own = self._groups[call.key]
        own.add(call.amounts, times=-1)
        self._taken.add((call.key, call.amounts.first))
        if not own.calls:
            del self._groups[call.key]

    def finish(self) -> None:
        """Adds the streams, after all rows."""
        for call, seconds in self._streams.lengths():
            call.amounts.stream_seconds = seconds or 0
            call.amounts.unknown_streams = int(seconds is None)
            self._put(call)

    @property
    def unsettled(self) -> set[Key]:
        """The groups whose first or last call was taken away, so that another one has to be found."""
        times = {key: (own.first, own.last) for key, own in self._groups.items()}
        return {key for key, time in self._taken if time in times.get(key, ())}

    def settle(self, rows: Iterable[Row]) -> None:
        """Finds the first and the last call of unsettled groups among all rows that count."""
        unsettled = self.unsettled
        for key in unsettled:
            self._groups[key].first = self._groups[key].last = ""
        for call in map(self._call, filter(is_call, rows)):
            if call.shared is None and call.key in unsettled:
                self._groups[call.key].extend(call.amounts)
        self._taken.clear()

    def __len__(self) -> int:
        """The number of groups so far, without those of calls that are in several accounts, or began streams."""
        return len(self._groups)

    def regroup(self, key_of_key: Callable[[Key], Key]) -> None:
        """Puts groups together: those for which the function returns the same key become one."""
        old, self._groups = self._groups, defaultdict(Amounts)
        for key, amounts in old.items():
            self._groups[key_of_key(key)].add(amounts)
        for calls in self._copies.values():
            calls[:] = [call._replace(key=key_of_key(call.key)) for call in calls]

    def alone(self) -> Mapping[Key, Amounts]:
        """The amounts of each group, without calls that CloudTrail recorded for several accounts."""
        return self._groups

    def shared(self) -> Iterator[tuple[tuple[Key, Amounts], ...]]:
        """For each call that CloudTrail recorded for several accounts: its group and amounts in each of them.

        In any sum of groups, the first one that is part of it counts.
        """
        for calls in self._copies.values():
            if calls:
                yield tuple((call.key, call.amounts) for call in sorted(calls, key=_order))

    def by_group(self) -> dict[Key, Amounts]:
        """The amounts of each group with calls."""
        shared = {call.key for calls in self._copies.values() for call in calls}
        return self.sums({key: key for key in shared | self._groups.keys()})

    def sum_of(self, keys: Iterable[Key]) -> Amounts:
        """The amounts of these groups together."""
        return self.sums(dict.fromkeys(keys, "all")).get("all", Amounts())

    def sums(self, sum_of: Mapping[Key, _Sum]) -> dict[_Sum, Amounts]:
        """Sums of groups; `sum_of` tells for each group the sum that it is part of."""
        found: defaultdict[_Sum, Amounts] = defaultdict(Amounts)
        for key in sum_of.keys() & self._groups.keys():
            found[sum_of[key]].add(self._groups[key])
        for calls in self._copies.values():
            copies = sorted((call for call in calls if call.key in sum_of), key=_order, reverse=True)
            firsts = {sum_of[copy.key]: copy for copy in copies}  # the first one comes last, and stays
            for name, copy in firsts.items():
                found[name].add(copy.amounts)
        return dict(found)

    def _call(self, row: Row) -> _Call:
        return _Call(
            is_network=is_network_activity(row),
            event_id=row.get("eventID", ""),
            key=self._key_of(row),
            shared=shared_event_id(row),
            amounts=amounts_of(row, self._prices, self.registry),
        )

    def _put(self, call: _Call) -> None:
        if call.shared is None:
            self._groups[call.key].add(call.amounts)
            if self._taken:
                self._taken.discard((call.key, call.amounts.first))
        else:
            self._copies[call.shared].append(call)


def _order(call: _Call) -> tuple[bool, str]:
    return call.is_network, call.event_id

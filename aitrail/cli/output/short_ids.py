"""Beginnings of IDs that tell the IDs of a table apart, as they are shown one after another."""

from bisect import bisect_left
from itertools import takewhile

# Of a random UUID, these tell apart tens of thousands of calls nearly always.
_SHORTEST = 8


class ShortIds:
    """Gives every ID the shortest beginning, of at least eight characters, that no other ID given so far begins with.

    An ID that another one begins with is given whole.
    """

    def __init__(self) -> None:
        # The sorted IDs that begin with the same eight characters; nearly always, that is one.
        self._ids: dict[str, list[str]] = {}

    def add(self, event_id: str) -> None:
        """Makes an ID known, so that the beginnings of others tell it apart."""
        alike = self._ids.setdefault(event_id[:_SHORTEST], [])
        place = bisect_left(alike, event_id)
        if alike[place : place + 1] != [event_id]:
            alike.insert(place, event_id)

    def of(self, event_id: str) -> str:
        """The beginning of an ID that has been added."""
        alike = self._ids[event_id[:_SHORTEST]]
        place = bisect_left(alike, event_id)
        neighbours = [*alike[max(place - 1, 0) : place], *alike[place + 1 : place + 2]]
        shared = max((_shared(event_id, each) for each in neighbours), default=0)
        return event_id[: max(_SHORTEST, shared + 1)]


def _shared(one: str, other: str) -> int:
    """The number of characters with which both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

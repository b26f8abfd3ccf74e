"""Streams, of which one record tells the begin and another one the end. Pure.

Both rows have the same key (`usage.stream`). The time between them is an upper bound of what was streamed.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Generic, NamedTuple, TypeVar

from aitrail.questions.source import Row
from aitrail.questions.usage_members import usage_member
from aitrail.window import parse_time

_T = TypeVar("_T")
_Key = tuple[str, ...]
# The longest stream that a service accepts (Amazon Transcribe Developer Guide, "Guidelines and quotas").
LONGEST = timedelta(hours=4)


class _Begin(NamedTuple, Generic[_T]):
    event_time: str
    event_id: str
    of: _T


class Streams(Generic[_T]):
    """The begins and ends of streams, in any order; each begin has a value of the caller's."""

    def __init__(self) -> None:
        self._begins: defaultdict[_Key, list[_Begin[_T]]] = defaultdict(list)
        self._ends: defaultdict[_Key, list[str]] = defaultdict(list)

    def begin(self, row: Row, of: _T) -> bool:
        """Keeps a row that begins a stream; returns whether it does."""
        key = _key(row)
        if key is None or usage_member(row, "streamEnd") is True or row["outcome"] != "ok":
            return False
        self._begins[key].append(_Begin(row["eventTime"], row["eventID"], of))
        return True

    def end(self, row: Row) -> None:
        """Keeps a row if it ends a stream."""
        key = _key(row)
        if key is not None and usage_member(row, "streamEnd") is True:
            self._ends[key].append(row["eventTime"])

    def forget(self, row: Row) -> bool:
        """Forgets a row that begins a stream; returns whether it was there."""
        begins = self._begins.get(_key(row) or (), [])
        left = [each for each in begins if each.event_id != row["eventID"]]
        is_there = len(left) < len(begins)
        begins[:] = left
        return is_there

    def lengths(self) -> Iterator[tuple[_T, int | None]]:
        """The value of each begin with the seconds until its end; None if that is not known.

        A stream ends with the first end after its begin, and before the next begin with the same key.
        """
        for key, begins in self._begins.items():
            ends = iter(sorted(self._ends.get(key, ())))
            end = next(ends, None)
            ordered = sorted(begins, key=lambda each: (each.event_time, each.event_id))
            for begin, after in zip(ordered, [*ordered, None][1:], strict=True):
                while end is not None and end < begin.event_time:
                    end = next(ends, None)
                is_its_own = end is not None and (after is None or end <= after.event_time)
                yield begin.of, _seconds(begin.event_time, end) if is_its_own and end is not None else None
                end = next(ends, None) if is_its_own else end


def _key(row: Row) -> _Key | None:
    stream = usage_member(row, "stream")
    if not isinstance(stream, str):
        return None
    # The caller chooses the key of a stream: it must not reach the streams of others.
    names = ("service", "recipientAccountId", "awsRegion", "principal")
    return *(str(row.get(name)) for name in names), stream


def _seconds(begin: str, end: str) -> int | None:
    seconds = (parse_time(end) - parse_time(begin)).total_seconds()
    return int(seconds) if seconds <= LONGEST.total_seconds() else None

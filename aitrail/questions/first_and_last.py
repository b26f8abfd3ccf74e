"""When groups of calls were first and last seen: which are new in a window, and which have fallen silent. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from aitrail.cells import counted
from aitrail.questions.amounts import Amounts
from aitrail.questions.source import BeyondSourceError, RowSource, answerable
from aitrail.questions.tally import Key
from aitrail.questions.usage import Usage
from aitrail.window import BEGINNING, Window

COUNTS = ("calls", "errors", "denied")
SEEN = ("firstSeen", "lastSeen")
_NOTHING = Amounts()
_DAY = timedelta(days=1)
_NOT_NEW = "Nothing is marked as new, as {}."


class Lookback(Struct, frozen=True, kw_only=True):
    """A window, and the time before it that is read as well; None if nothing precedes the window.

    `why_not_new` is a line for people that says why it cannot be told what is new; None if it can.
    """

    window: Window
    before: Window | None
    why_not_new: str | None = None

    @classmethod
    def of(cls, source: RowSource, window: Window, span: timedelta) -> Self:
        """The time of that length before the window; its rows must not have expired if anything is to be new."""
        if window.since <= BEGINNING or not span:
            reason = "the window has no start" if span else "there is no lookback"
            return cls(window=window, before=None, why_not_new=_NOT_NEW.format(reason))
        before = window.before(span)
        try:
            answerable(source, before)
        except BeyondSourceError as error:
            return cls(window=window, before=None, why_not_new=_NOT_NEW.format(str(error).rstrip(".")))
        kept = source.kept_since
        if kept and before.since < kept:
            days = counted(max(window.since - kept, timedelta(0)) // _DAY, "day")
            reason = f"rows have expired: the lookback can be at most {days}"
            return cls(window=window, before=before, why_not_new=_NOT_NEW.format(reason))
        return cls(window=window, before=before)

    @property
    def since(self) -> datetime:
        """The start of all that is read."""
        return (self.before or self.window).since

    def without_calls(self, source: RowSource) -> Self:
        """The same, if there are no calls before the window: the source may have been created in that time."""
        if self.why_not_new or source.filled_since is None or source.filled_since <= self.since:
            return self
        return replace(self, why_not_new=_NOT_NEW.format("there are no calls before the window"))


class FirstAndLast(list[dict[str, Any]]):
    """The groups of a window and of its lookback.

    A group has the values of dimensions; `calls`, `errors` and `denied` of the window; `firstSeen` and `lastSeen`, the
    eventTimes of its first and last call in window and lookback; `new`, whether it is not in the lookback, None if that
    cannot be told; and `silent`, whether it is only in the lookback.

    Groups are sorted by lastSeen, newest first: those that are silent are at the end.
    """

    def __init__(self, now: Usage, earlier: Usage | None, *, names: Sequence[str], lookback: Lookback) -> None:
        self.lookback = lookback
        self._names = tuple(names)
        present, past = now.by_group(), earlier.by_group() if earlier is not None else {}
        self[:] = [self._group(key, present.get(key), past.get(key)) for key in present.keys() | past.keys()]
        self.sorted_by("lastSeen")

    def sorted_by(self, name: str) -> Self:
        """The same groups, by one of SEEN, newest first, or by one of COUNTS, most first; then by calls and name."""
        self.sort(key=lambda group: [((value := group[each]) is None, value) for each in self._names])
        self.sort(key=lambda group: (group[name] or "" if name in SEEN else group[name], group["calls"]), reverse=True)
        return self

    def _group(self, key: Key, now: Amounts | None, earlier: Amounts | None) -> dict[str, Any]:
        counts, seen = now or _NOTHING, Amounts()
        for each in (earlier, now):
            seen.extend(each or _NOTHING)
        return {
            **dict(zip(self._names, key, strict=True)),
            **{name: getattr(counts, name) for name in COUNTS},
            "firstSeen": seen.first or None,
            "lastSeen": seen.last or None,
            "new": None if self.lookback.why_not_new else earlier is None,
            "silent": now is None,
        }

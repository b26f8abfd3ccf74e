"""Compares the usage of a window with that of another one: differences, and who is new or silent. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo
from decimal import Decimal
from typing import Any

from aitrail.calendars import first_day, midnight, next_first_day
from aitrail.questions.usage import Usage
from aitrail.timezones import zoned
from aitrail.window import BEGINNING, Window

_UNITS = ("year", "month", "week", "day")
_PER_CENT = 100
# What a group without calls has for a value of that type.
_NOTHING: dict[type, Any] = {int: 0, bool: False}
Group = dict[str, Any]


def preceding(window: Window, zone: tzinfo) -> Window:
    """The year, month, week or day before, if the window is one; otherwise as much time before it."""
    day = zoned(window.since, zone).date()
    for unit in _UNITS:
        first = first_day(unit, day)
        if window == Window(since=midnight(first, zone), until=midnight(next_first_day(unit, first), zone)):
            before = first_day(unit, first - timedelta(days=1))
            return Window(since=midnight(before, zone), until=window.since)
    since = window.since - min(window.until - window.since, window.since - min(BEGINNING, window.since))
    return Window(since=since, until=window.since)


class Comparison(list[Group]):
    """A group for each combination of the dimensions `names` in the usage of either window, with the most first.

    Each has the measure, and the same `before`; `difference` is how much more it is, None if one of the two is not
    known; `percent` is that in percent, with one decimal, None also if there was nothing before. A group that one of
    the windows lacks has nothing there.
    """

    def __init__(  # noqa: PLR0913 (all that is compared)
        self,
        *,
        now: Usage,
        before: Usage,
        window: Window,
        window_before: Window,
        names: Sequence[str],
        measure: str,
    ) -> None:
        self.window, self.window_before, self._measure = window, window_before, measure
        self._now, self._before = now, before
        then = {_key(group, names): group for group in before}
        present = {_key(group, names): group for group in now}

        def order(key: tuple[str | None, ...]) -> tuple[Any, ...]:
            sizes = [-(_number(groups.get(key), measure) or 0) for groups in (present, then)]
            return *sizes, [(value is None, value) for value in key]

        for key in sorted(present.keys() | then.keys(), key=order):
            numbers = difference(present.get(key), then.get(key), measure)
            self.append(dict(zip(names, key, strict=True)) | numbers)

    def total(self) -> Group:
        """The same for all groups together."""
        return difference(self._now.total(), self._before.total(), self._measure)


def difference(now: Group | None, before: Group | None, measure: str) -> Group:
    """The measure of a group, or of a total, beside the one before; see Comparison."""
    new, old = _number(now, measure), _number(before, measure)
    is_known = new is not None and old is not None
    more = new - old if new is not None and old is not None else None
    percent = round(_PER_CENT * Decimal(more) / Decimal(old), 1) if is_known and more is not None and old else None
    return {measure: new, "before": old, "difference": more, "percent": percent}


def seen(now: Usage, before: Usage, names: Sequence[str]) -> Iterator[Group]:
    """The groups of a window with `firstSeen`, `lastSeen` (eventTime), `isNew` and `isSilent`, most calls first.

    `before` is the usage of the time before the window: a group is new if it is not there. Groups that are only there
    are silent, the last one to fall silent first; they have no calls in the window.
    """
    earlier = {_key(group, names): group for group in before}
    for group, (first, last) in zip(now, now.times(), strict=True):
        key = _key(group, names)
        known = before.times_of(earlier[key]) if key in earlier else None
        yield group | {
            "firstSeen": min(known[0], first) if known else first,
            "lastSeen": last,
            "isNew": known is None,
            "isSilent": False,
        }
    present = {_key(group, names) for group in now}
    silent = [(before.times_of(group), key, group) for key, group in earlier.items() if key not in present]
    for (first, last), _, group in sorted(silent, key=lambda each: (each[0][1], each[0][0]), reverse=True):
        nothing = {name: _NOTHING.get(type(value)) for name, value in group.items() if name not in names}
        yield {
            **{name: group[name] for name in names},
            **nothing,
            "firstSeen": first,
            "lastSeen": last,
            "isNew": False,
            "isSilent": True,
        }


def _key(group: Group, names: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(group[name] for name in names)


def _number(group: Group | None, measure: str) -> Any:  # noqa: ANN401 (int, or Decimal for a cost)
    return 0 if group is None else group[measure]

"""The two windows of a comparison: one, and the time before it or another period. Pure."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple, Self

from aitrail.calendars import first_day, in_utc, midnight, next_first_day
from aitrail.moments import MomentError, period_of, within_time
from aitrail.questions.source import RowSource
from aitrail.timezones import zoned
from aitrail.window import BEGINNING, Window

# The time before the window: a calendar period, the same part of one, or as much time.
PREVIOUS = "previous"
_UNITS = ("day", "week", "month", "year")


class ComparedWindows(NamedTuple):
    """A window and the one that it is compared with, neither of them longer than until now.

    `relation` tells what the second one is, as text for people: `the month before`; empty for a given period.
    """

    window: Window
    before: Window
    relation: str = ""

    @property
    def since(self) -> datetime:
        """The start of the earlier one."""
        return min(self.window.since, self.before.since)

    @classmethod
    def of(cls, window: Window, to: str | date, now: datetime, zone: tzinfo = UTC) -> Self:
        """The two windows; `to` is PREVIOUS, or a period (see `aitrail.moments.period_of`). Raises MomentError.

        PREVIOUS is the day, week, month or year before, if the window is one in the zone. If the window is not over
        yet, it is compared with the same part of that period: the time from its start, as clocks show it. That also
        applies to a window from the start of such a period until now, of which the shortest counts. For any other
        window, it is as much time directly before.
        """
        if window.since >= now:
            raise MomentError("The window is in the future: there is nothing to compare.")
        if to == PREVIOUS:
            try:
                return cls(*_with_previous(window, now, zone))
            except (OverflowError, ValueError):  # before the year 1
                raise MomentError("There is no time before the window to compare it with: start it later.") from None
        try:
            before = period_of(to, now, zone)
        except MomentError as error:
            raise MomentError(f"{error} Or give {PREVIOUS}, for the time before the window.") from None
        if window.since < now <= before.since:
            raise MomentError(f"The period {to} is in the future: there is nothing to compare with.")
        if before.since >= window.until:
            raise MomentError(f"The period {to} begins after the window: swap them.")
        windows = cls(_until_now(window, now), _until_now(before, now))
        try:
            return windows._replace(relation=_lengths(windows, now, zone))
        except (OverflowError, ValueError):  # after the year 9999
            return windows

    def readable_in(self, source: RowSource, now: datetime) -> Self:
        """The parts that a source is asked for: of one by day, those `within_time`. Raises MomentError."""
        return self.within_time(now, source.kept_since) if source.by_day else self

    def within_time(self, now: datetime, kept_since: datetime | None) -> Self:
        """The parts in which CloudTrail can have recorded anything. Raises MomentError if one has none, or no rows."""
        window, before = within_time(self.window, now), within_time(self.before, now)
        for each in (window, before):
            if kept_since and each.until <= kept_since:
                raise MomentError(f"There is nothing to compare with: the rows {each} have expired.")
        return self._replace(window=window, before=before)


def _with_previous(window: Window, now: datetime, zone: tzinfo) -> ComparedWindows:
    if window.since <= BEGINNING:
        raise MomentError("The window has no start, so there is no time before it to compare it with: give its start.")
    begun = _until_now(window, now)
    periods = [(unit, each) for unit in _UNITS if (each := _period(unit, window.since, zone)).since == window.since]
    whole = [(unit, each) for unit, each in periods if each == window]
    begun_with = [(unit, each) for unit, each in periods if window.since < now <= window.until and now <= each.until]
    for unit, period in (*whole, *begun_with):
        return _in_period_before(unit, begun, period, zone)
    length = begun.until - begun.since
    return ComparedWindows(begun, begun.before(length), "as much time directly before")


def _in_period_before(unit: str, begun: Window, period: Window, zone: tzinfo) -> ComparedWindows:
    before = _period(unit, period.since - timedelta(microseconds=1), zone)
    if begun == period:
        return ComparedWindows(begun, before, f"the {unit} before")
    # What clocks show: a day may have 23 hours.
    start, until, new_start = (
        zoned(each, zone).replace(tzinfo=None) for each in (begun.since, begun.until, before.since)
    )
    end = min(in_utc((new_start + (until - start)).replace(tzinfo=zone)), before.until)
    return ComparedWindows(begun, Window(since=before.since, until=end), f"the same part of the {unit} before")


def _period(unit: str, moment: datetime, zone: tzinfo) -> Window:
    """The day, week, month or year of a moment."""
    first = first_day(unit, zoned(moment, zone).date())
    return Window(since=midnight(first, zone), until=midnight(next_first_day(unit, first), zone))


def _until_now(window: Window, now: datetime) -> Window:
    """The part of a window until now; all of one that is in the future."""
    return Window(since=window.since, until=min(window.until, now)) if window.since < now else window


def _lengths(windows: ComparedWindows, now: datetime, zone: tzinfo) -> str:
    """The lengths of two windows if they differ, unless both are days, weeks, months or years."""
    both = windows.window, windows.before
    first, second = (each.until - each.since for each in both)
    if first == second or any(all(each == _period(unit, each.since, zone) for each in both) for unit in _UNITS):
        return ""
    texts = [
        f"{str(each.until - each.since).removesuffix(', 0:00:00')}{' until now' if each.until == now else ''}"
        for each in both
    ]
    return f"not equally long: {' and '.join(texts)}"

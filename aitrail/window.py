"""Windows of time, and parsing of the forms in which people enter them: 7d, 2026-11-01, now."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from aitrail.errors import AitrailError

# Before anything that CloudTrail recorded: AWS launched it in November of that year.
BEGINNING = datetime(2013, 1, 1, tzinfo=UTC)
# Before and after any time that a log file may contain.
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC)

_SECOND = timedelta(seconds=1)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS_AGO = {"today": timedelta(0), "yesterday": timedelta(days=1)}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")


class MomentError(AitrailError):
    """A text that is not a moment or a span of time, or a window that is empty."""


class Day(NamedTuple):
    """A UTC day (YYYY-MM-DD), and the first and last eventTime on it that are in the window, both inclusive."""

    day: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open range of time: since <= time < until; both are aware.

    The time is the eventTime in queries and imports, the time of delivery in status, verify and backfill.
    """

    since: datetime
    until: datetime

    def __str__(self) -> str:
        begin = "" if self.since <= BEGINNING else f"from {event_time(self.since)}"
        end = "" if self.until >= LATEST else f"until {event_time(self.until)}"
        return f"{begin} {end}".strip()

    @property
    def bounds(self) -> tuple[str, str]:
        """The first and last eventTime of the window, both inclusive; if the window is empty, the first is later."""
        # eventTime has no fractions of a second.
        return event_time(_whole_second(self.since)), event_time(_whole_second(self.until) - _SECOND)

    def clamped(self, now: datetime) -> "Window":
        """The part of the window that is worth dividing into days.

        Nothing was recorded before BEGINNING, and no event is later than tomorrow, even with a wrong clock.
        """
        begin = max(self.since, BEGINNING)
        return Window(since=begin, until=max(begin, min(self.until, now + timedelta(days=1))))

    def days(self) -> list[Day]:
        """The window divided into days, newest first."""
        days = []
        begin, end = _whole_second(self.since), _whole_second(self.until)
        while begin < end:
            last = end - _SECOND
            end = max(begin, last.replace(hour=0, minute=0, second=0))
            days.append(Day(end.date().isoformat(), event_time(end), event_time(last)))
        return days

    def without(self, others: "Iterable[Window]") -> "list[Window]":
        """The parts of the window that are in none of the others, newest first."""
        rest, until = [], self.until
        for other in [*reversed(joined(others)), Window(since=EARLIEST, until=self.since)]:
            if max(other.until, self.since) < until:
                rest.append(Window(since=max(other.until, self.since), until=until))
            until = min(until, other.since)
        return rest


def joined(windows: Iterable[Window]) -> list[Window]:
    """The windows, merged into as few as possible, oldest first."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda each: each.since):
        if found and window.since <= found[-1].until:
            found[-1] = Window(since=found[-1].since, until=max(found[-1].until, window.until))
        elif window.since < window.until:
            found.append(window)
    return found


def days_between(since: datetime, until: datetime) -> Iterator[str]:
    """The UTC days (YYYY-MM-DD) from the day of `since` to the day of `until`, both inclusive, oldest first."""
    first, last = (moment.astimezone(UTC).date() for moment in (since, until))
    return ((first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1))


def _whole_second(moment: datetime) -> datetime:
    """The first whole second at or after the moment."""
    moment = moment.astimezone(UTC)
    return moment if moment.microsecond == 0 else moment.replace(microsecond=0) + _SECOND


def event_time(moment: datetime) -> str:
    """The moment as CloudTrail writes it, in UTC: 2026-11-21T08:30:00Z."""
    # Not strftime: it writes the year 1 without leading zeros on some platforms.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def format_time(moment: datetime) -> str:
    """The moment as ledger entries store it: as CloudTrail writes it, without fractions of a second."""
    return event_time(moment.replace(microsecond=0))


def parse_time(text: str) -> datetime:
    """The moment in a text that CloudTrail or `format_time` wrote."""
    return datetime.fromisoformat(text)  # strptime takes fifty times as long


def span_of(text: str | timedelta) -> timedelta:
    """The length of a span: 30s, 90m, 12h, 7d, 2w, or a timedelta, which is returned as it is. Raises MomentError."""
    if isinstance(text, timedelta):
        if text < timedelta(0):
            raise MomentError(f"{text} is not a span of time: it is negative.")
        return text
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise MomentError(f"{text!r} is not a span of time: give a number and a unit, such as 30s, 90m, 12h, 7d, 2w.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that a text specifies, in UTC. Raises MomentError.

    The text is `now`, `today` or `yesterday` (the start of that day), a span before now (7d), or an ISO-8601 date or
    time.
    """
    try:
        if text in _DAYS_AGO:
            return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - _DAYS_AGO[text]
        if text == "now":
            return now
        if _SPAN.fullmatch(text):
            return now - span_of(text)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MomentError(
            f"{text!r} is not a time: give now, today, yesterday, a span before now (30m, 12h, 7d, 2w), or ISO-8601 "
            "(2026-11-01, 2026-11-01T08:30, 2026-11-01T08:30:00+01:00; UTC if it has no time zone)."
        ) from None


def window_of(since: str | date | timedelta, until: str | date | timedelta, now: datetime) -> Window:
    """The window between two moments; naive times and dates are in UTC, timedeltas are before now.

    Raises MomentError, also if the window is empty.
    """
    begin, end = _moment("since", since, now), _moment("until", until, now)
    if begin >= end:
        raise MomentError(
            f"The window is empty: the start {event_time(begin)} is not before the end {event_time(end)}."
            + (_whole_day(begin) if begin == end <= now else "")
        )
    return Window(since=min(begin, LATEST), until=min(end, LATEST))


def within_time(window: Window, now: datetime) -> Window:
    """The part of a window in which CloudTrail can have delivered anything. Raises MomentError if there is none."""
    possible = window.clamped(now)
    if possible.since < possible.until:
        return possible
    reason = (
        f"CloudTrail has recorded nothing before {BEGINNING.year}"
        if window.until <= BEGINNING
        else f"since {event_time(window.since)} is in the future"
    )
    raise MomentError(f"There is nothing in the window: {reason}.")


def _moment(name: str, given: str | date | timedelta, now: datetime) -> datetime:
    if isinstance(given, timedelta):
        try:
            return now - given
        except OverflowError:
            raise MomentError(f"{name} is {given}, which is before the earliest possible date.") from None
    if not isinstance(given, str | date):
        raise MomentError(
            f"{name} is {given!r}: give a string such as 7d or 2026-11-01, a datetime, date or timedelta."
        )
    return moment_of(given if isinstance(given, str) else given.isoformat(), now)


def _whole_day(moment: datetime) -> str:
    """Advice for the error message if the same day was given as start and as end."""
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        return ""
    return f" The end is exclusive: give {(moment + timedelta(days=1)).date()} to include {moment.date()}."

"""Windows of time, cut into the UTC days of the tables, and the form in which CloudTrail writes moments."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

# Before anything that CloudTrail recorded: AWS launched it in November of that year.
BEGINNING = datetime(2013, 1, 1, tzinfo=UTC)
# Before and after any time that a log file may contain.
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC)

_SECOND = timedelta(seconds=1)


class Day(NamedTuple):
    """A UTC day (YYYY-MM-DD), and the first and last eventTime on it that are in the window, both inclusive."""

    day: str
    first: str
    last: str


class Window(Struct, frozen=True, kw_only=True):
    """A half-open range of time: since <= time < until; both are aware.

    The time is the eventTime in queries and imports, the time of delivery in status, verify and backfill.
    """

    since: datetime
    until: datetime

    def __str__(self) -> str:
        return self.text()

    def text(self, shown: "Callable[[datetime], str] | None" = None) -> str:
        """The ends of the window as text that can follow a noun; `shown` writes a moment, by default as CloudTrail."""
        shown = shown or event_time
        begin = "" if self.since <= BEGINNING else f"from {shown(self.since)}"
        end = "" if self.until >= LATEST else f"until {shown(self.until)}"
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

    def before(self, span: timedelta) -> "Window":
        """The time of that length directly before the window; shorter, or empty, where time begins (EARLIEST)."""
        return Window(since=self.since - min(span, self.since - EARLIEST), until=self.since)

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


ALWAYS = Window(since=EARLIEST, until=LATEST)


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

"""Moments, spans and periods of time, parsed from the forms in which people enter them: 7d, 2026-11, last-week, now."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

from aitrail.calendars import first_day, in_utc, local_time, midnight, months_before, next_first_day
from aitrail.errors import AitrailError
from aitrail.timezones import zoned
from aitrail.window import BEGINNING, LATEST, Window, event_time

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_MONTHS = re.compile(r"([0-9]{1,6})mo")
_DAYS_AGO = {"today": timedelta(0), "yesterday": timedelta(days=1)}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RELATIVE = re.compile(r"(this|last)-(week|month|year)")
_OF_CALENDAR = {
    "year": re.compile(r"[0-9]{4}"),
    "month": re.compile(r"[0-9]{4}-[0-9]{2}"),
    "week": re.compile(r"[0-9]{4}-?W[0-9]{2}"),
}
# Words for periods, to complete and to explain.
PERIODS = (
    *_DAYS_AGO,
    *(f"{which}-{unit}" for unit in ("week", "month", "year") for which in ("this", "last")),
    *_WEEKDAYS,
)
# How many of the latest periods are worth offering, of each unit.
_LATEST = {"year": 2, "month": 12, "week": 8, "day": 7}


class MomentError(AitrailError):
    """A text that is not a moment, a span or a period of time, or a window that is empty."""


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


def moment_of(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """The moment that a text specifies, in UTC. Raises MomentError.

    The text is `now`, a span before now (7d, or 3mo: three calendar months), a period (see `period_of`), which stands
    for its start, or an ISO-8601 time, which is in `zone` if it has no offset.
    """
    try:
        return _moment_of(text, now, zone)
    except (ValueError, OverflowError):
        raise MomentError(
            f"{text!r} is not a time: give now, today, yesterday, monday, this-week, last-month, a span before now "
            "(30m, 12h, 7d, 2w, 3mo), or ISO-8601 (2026, 2026-11, 2026-11-01, 2026-11-01T08:30, "
            f"2026-11-01T08:30:00+01:00; {zone} if it has no time zone)."
        ) from None


def _moment_of(text: str, now: datetime, zone: tzinfo) -> datetime:
    if text.lower() == "now":
        return now
    if _SPAN.fullmatch(text):
        return now - span_of(text)
    if found := _MONTHS.fullmatch(text):
        return in_utc(months_before(zoned(now, zone), int(found[1])))
    if period := _period(text, zoned(now, zone).date()):
        return midnight(period[1], zone)
    moment = datetime.fromisoformat(text)
    return in_utc(moment.replace(tzinfo=zone)) if moment.tzinfo is None else moment.astimezone(UTC)


def period_of(text: str | date, now: datetime, zone: tzinfo = UTC) -> Window:
    """The whole period that a text specifies, or a day that is given as a date. Raises MomentError.

    The text is `today`, `yesterday`, `this-week`, `last-week` (weeks begin on Monday), `this-month`, `last-month`,
    `this-year`, `last-year`, `monday` to `sunday` (the latest one, which may be today), or a day, week, month or year
    as in ISO 8601: 2026-11-21, 2026-W47, 2026-11, 2026.
    """
    period = None
    try:
        if isinstance(text, str):
            period = _period(text, zoned(now, zone).date())
        elif isinstance(text, date) and not isinstance(text, datetime):
            period = "day", text
    except (ValueError, OverflowError):
        pass
    if period is None:
        raise MomentError(
            f"{text!r} is not a period of time: give {', '.join(PERIODS)}, or a day, week, month or year such as "
            "2026-11-21, 2026-W47, 2026-11, 2026."
        )
    return Window(since=midnight(period[1], zone), until=_end(*period, zone))


def latest_periods(now: datetime, zone: tzinfo = UTC) -> Iterator[str]:
    """The latest years, months, weeks and days as `period_of` takes them, of each the current one first."""
    for unit, count in _LATEST.items():
        first = first_day(unit, zoned(now, zone).date())
        for _ in range(count):
            yield _iso(unit, first)
            first = first_day(unit, first - timedelta(days=1))


def _iso(unit: str, first: date) -> str:
    """The period that begins on this day as ISO 8601 writes it."""
    if unit == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    return first.isoformat()[: {"year": 4, "month": 7, "day": 10}[unit]]


def _period(text: str, today: date) -> tuple[str, date] | None:
    """The unit and the first day of a period; None if the text may be a time. Raises ValueError and OverflowError."""
    word = text.lower()
    if word in _DAYS_AGO:
        return "day", today - _DAYS_AGO[word]
    if word in _WEEKDAYS:
        return "day", today - timedelta(days=(today.weekday() - _WEEKDAYS.index(word)) % 7)
    if found := _RELATIVE.fullmatch(word):
        first = first_day(found[2], today)
        return found[2], first if found[1] == "this" else first_day(found[2], first - timedelta(days=1))
    for unit, pattern in _OF_CALENDAR.items():
        if pattern.fullmatch(text):
            return unit, date.fromisoformat(text + {"year": "-01-01", "month": "-01"}.get(unit, ""))
    try:
        return "day", date.fromisoformat(text)
    except ValueError:
        return None


def _end(unit: str, first: date, zone: tzinfo) -> datetime:
    try:
        return midnight(next_first_day(unit, first), zone)
    except OverflowError:
        return LATEST


def window_of(
    since: str | date | timedelta, until: str | date | timedelta, now: datetime, zone: tzinfo = UTC
) -> Window:
    """The window between two moments; naive times and dates are in the zone, timedeltas are before now.

    Raises MomentError, also if the window is empty.
    """
    begin, end = _given("since", since, now, zone), _given("until", until, now, zone)
    if begin >= end:
        raise MomentError(
            f"The window is empty: the start {local_time(begin, zone)} is not before the end {local_time(end, zone)}."
            + (_whole_period(until, begin, now, zone) if begin == end <= now else "")
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


def _given(name: str, given: str | date | timedelta, now: datetime, zone: tzinfo) -> datetime:
    if isinstance(given, timedelta):
        try:
            return now - given
        except OverflowError:
            raise MomentError(f"{name} is {given}, which is before the earliest possible date.") from None
    if isinstance(given, datetime) and given.tzinfo is None:
        return in_utc(given.replace(tzinfo=zone))
    if not isinstance(given, str | date):
        raise MomentError(
            f"{name} is {given!r}: give a string such as 7d or 2026-11-01, a datetime, date or timedelta."
        )
    return moment_of(given if isinstance(given, str) else given.isoformat(), now, zone)


def _whole_period(until: str | date | timedelta, begin: datetime, now: datetime, zone: tzinfo) -> str:
    """Advice for the error message if the same period was given as start and as end."""
    day = zoned(begin, zone).date()
    if begin != midnight(day, zone):
        return ""
    unit, name = "day", str(day)
    if isinstance(until, str) and (period := _period(until, zoned(now, zone).date())) and period[0] != "day":
        unit, name = period[0], until
    return f" The end is exclusive: give {next_first_day(unit, day)} to include {name}."

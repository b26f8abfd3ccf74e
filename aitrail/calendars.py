"""The calendar of a time zone: the days, weeks, months and years that begin at its midnights. Pure."""

from datetime import UTC, date, datetime, timedelta, tzinfo

from aitrail.timezones import zoned
from aitrail.window import EARLIEST, LATEST, event_time

# At least the length of each unit, and less than that of two.
_LENGTHS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31), "year": timedelta(366)}


def first_day(unit: str, day: date) -> date:
    """The first day of the day, week (from Monday, as in ISO 8601), month or year that the day is in."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def next_first_day(unit: str, first: date) -> date:
    """The first day of the next day, week, month or year. Raises OverflowError after the year 9999."""
    return first_day(unit, first + _LENGTHS[unit])


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time some months before, or the last day of that month if it has no such day.

    Raises ValueError before the year 1.
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    first = moment.replace(year=year, month=month + 1, day=1, fold=0)
    days = (next_first_day("month", first.date()) - first.date()).days
    return first.replace(day=min(moment.day, days))


def in_utc(local: datetime) -> datetime:
    """An aware moment in UTC; the earliest or latest one if its date would be before the year 1 or after 9999.

    A local time that occurs twice is the first one, without `fold`. One that does not occur is as much later as the
    clocks were set forward.
    """
    try:
        return local.astimezone(UTC)
    except OverflowError:
        return EARLIEST if local.year == EARLIEST.year else LATEST


def midnight(day: date, zone: tzinfo) -> datetime:
    """The beginning of a day in a zone, in UTC."""
    return in_utc(datetime(day.year, day.month, day.day, tzinfo=zone))


def local_time(moment: datetime, zone: tzinfo) -> str:
    """The moment in a zone with its offset, such as 2026-11-21T09:30:00+01:00; with Z in UTC."""
    local = zoned(moment, zone)
    return event_time(local) if local.tzinfo is UTC else local.isoformat()

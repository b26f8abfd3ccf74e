"""The months, weeks, days, hours, minutes and seconds of a time zone in which calls were made. Pure."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

from aitrail.calendars import first_day, local_time, midnight, next_first_day
from aitrail.questions.source import Row
from aitrail.timezones import zoned
from aitrail.window import EARLIEST, parse_time

# Period -> the length of the text that names it, without an offset: those of the calendar need none.
_OF_CALENDAR = {"month": len("2026-11"), "week": len("2026-11-16"), "day": len("2026-11-21")}
_OF_CLOCK = {"hour": len("2026-11-21T08"), "minute": len("2026-11-21T08:30"), "second": len("2026-11-21T08:30:15")}
PERIODS = (*_OF_CALENDAR, *_OF_CLOCK)
_UNITS = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}
_EVENT_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def period_of(name: str, zone: tzinfo = UTC) -> Callable[[Row], str | None]:
    """A function that names the period of PERIODS, in a zone, in which a call was made; None without an eventTime.

    2026-11 is a month, 2026-11-16 a day or the week that begins on that Monday. Hours, minutes and seconds have their
    offset, so that those that occur twice when clocks are set back are told apart: 2026-10-25T02:00+02:00, or
    2026-10-25T01:00Z in UTC. A time whose date in the zone would be before the year 1 or after 9999 is in UTC.
    """

    def period(row: Row) -> str | None:
        time = row.get("eventTime")
        if not isinstance(time, str) or not _EVENT_TIME.fullmatch(time):
            return None
        try:
            moment = parse_time(time)
        except ValueError:  # no real date
            return None
        return _name(name, time if zone is UTC else local_time(moment, zone))

    return period


def periods_between(name: str, since: datetime, until: datetime, zone: tzinfo = UTC) -> Iterator[str]:
    """The names of all periods that have a part in since <= time < until, oldest first, as `period_of` names them.

    There are as many seconds as that: limit the window to the time of interest.
    """
    moment, previous = since.astimezone(UTC).replace(microsecond=0), None
    next_one = _next_of_clock if name in _OF_CLOCK else _next_of_calendar
    while moment < until:
        period = _name(name, local_time(moment, zone))
        if period != previous:
            yield period
        previous = period
        try:
            moment = next_one(name, moment, zone)
        except OverflowError:  # the year 9999 is the last one
            return


def chronological(period: str | None) -> tuple[bool, str | timedelta]:
    """The sort key of a period among those with the same name, which are not in the order of their texts; None is last.

    For 02:00+02:00 is before 02:00+01:00.
    """
    is_of_clock = period is not None and "T" in period
    return period is None, datetime.fromisoformat(period) - EARLIEST if period and is_of_clock else period or ""


def _name(name: str, time: str) -> str:
    """The name of the period of a time with its offset, such as 2026-11-21T09:30:15+01:00."""
    if name == "week":
        return first_day(name, date.fromisoformat(time[: _OF_CALENDAR["day"]])).isoformat()
    if name in _OF_CALENDAR:
        return time[: _OF_CALENDAR[name]]
    return f"{time[: _OF_CLOCK[name]]}{':00' if name == 'hour' else ''}{time[_OF_CLOCK['second'] :]}"


def _next_of_calendar(name: str, moment: datetime, zone: tzinfo) -> datetime:
    first = first_day(name, zoned(moment, zone).date())
    return midnight(next_first_day(name, first), zone)


def _next_of_clock(name: str, moment: datetime, zone: tzinfo) -> datetime:
    """The beginning of the next hour, minute or second of the zone, or the change of its offset before."""
    local = zoned(moment, zone)
    elapsed = timedelta(minutes=local.minute, seconds=local.second) % _UNITS[name]
    end = moment + _UNITS[name] - elapsed
    offset = local.utcoffset()
    if zoned(end, zone).utcoffset() == offset:
        return end
    unchanged = moment
    while end - unchanged > _UNITS["second"]:
        middle = unchanged + (end - unchanged) // _UNITS["second"] // 2 * _UNITS["second"]
        if zoned(middle, zone).utcoffset() == offset:
            unchanged = middle
        else:
            end = middle
    return end

"""Moments, spans and periods, as people write them, in any time zone."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.calendars import local_time
from aitrail.moments import MomentError, latest_periods, moment_of, period_of, span_of, window_of, within_time
from aitrail.window import BEGINNING, EARLIEST, LATEST, Window

LAW = settings(derandomize=True, database=None, deadline=None)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def window(since, until):
    return Window(since=since, until=until)


@pytest.mark.parametrize(
    ("text", "seconds"),
    {"0s": 0, "30s": 30, "90m": 5400, "12h": 43_200, "7d": 604_800, "2w": 1_209_600}.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_span_is_a_number_and_a_unit(text, seconds):
    assert span_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "7", "d", "7x", "-7d", "1.5h", "7d12h", "7 d", "1000000s", "7d\n"], ids=ascii)
def test_no_span_is_refused_with_what_is_valid(text):
    with pytest.raises(MomentError) as refused:
        span_of(text)

    assert str(refused.value) == (
        f"{text!r} is not a span of time: give a number and a unit, such as 30s, 90m, 12h, 7d, 2w."
    )


def test_a_moment_is_in_utc_whatever_its_zone():
    assert moment_of("2026-03-01T00:30:00+01:00", NOW).isoformat() == "2026-02-28T23:30:00+00:00"


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30", "999999w", "0001-01-01T00:00+14:00"], ids=ascii)
def test_no_moment_is_refused_with_what_is_valid(text):
    with pytest.raises(MomentError) as refused:
        moment_of(text, NOW)

    assert str(refused.value) == (
        f"{text!r} is not a time: give now, today, yesterday, monday, this-week, last-month, a span before now (30m, "
        "12h, 7d, 2w, 3mo), or ISO-8601 (2026, 2026-11, 2026-11-01, 2026-11-01T08:30, 2026-11-01T08:30:00+01:00; UTC "
        "if it has no time zone)."
    )


WINDOWS = {
    "texts": ("7d", "now", utc(2026, 3, 7, 9, 26, 53), NOW),
    "days": ("yesterday", "today", utc(2026, 3, 13), utc(2026, 3, 14)),
    "spans before now": (
        timedelta(days=2),
        timedelta(hours=1),
        utc(2026, 3, 12, 9, 26, 53),
        utc(2026, 3, 14, 8, 26, 53),
    ),
    "naive moments": (datetime(2026, 3, 1), datetime(2026, 3, 2), utc(2026, 3, 1), utc(2026, 3, 2)),  # noqa: DTZ001
    "moments of another zone": (
        datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1))),
        "now",
        utc(2026, 2, 28, 23),
        NOW,
    ),
    "parts of a second": (utc(2026, 3, 1, 0, 0, 0, 7), "now", utc(2026, 3, 1, 0, 0, 0, 7), NOW),
    "a date": (date(2026, 3, 1), "now", utc(2026, 3, 1), NOW),
    "an end after tomorrow": ("1d", "9999-12-31", utc(2026, 3, 13, 9, 26, 53), utc(9999, 12, 31)),
    "the greatest end": (
        "1d",
        datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
        utc(2026, 3, 13, 9, 26, 53),
        LATEST,
    ),
    "the last part of a second": (
        datetime(9999, 12, 31, 23, 59, 59, 999_998),  # noqa: DTZ001
        datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
        LATEST,
        LATEST,
    ),
    "the smallest begin": (datetime(1, 1, 1), "now", EARLIEST, NOW),  # noqa: DTZ001
}


@pytest.mark.parametrize(("since", "until", "begin", "end"), WINDOWS.values(), ids=WINDOWS)
def test_a_window_is_in_utc_and_has_bounds(since, until, begin, end):
    found = window_of(since, until, NOW)

    assert found == window(begin, end)
    assert found.bounds == window(begin, end).bounds


EMPTY = {
    "end before begin": ("2026-03-02", "2026-03-01", "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
    "end at begin": ("3d", "3d", "2026-03-11T09:26:53Z", "2026-03-11T09:26:53Z"),
    "begin in the future": ("2027-01-01", "now", "2027-01-01T00:00:00Z", "2026-03-14T09:26:53Z"),
}


@pytest.mark.parametrize(("since", "until", "begin", "end"), EMPTY.values(), ids=EMPTY)
def test_an_empty_window_is_refused_with_both_ends(since, until, begin, end):
    with pytest.raises(MomentError) as refused:
        window_of(since, until, NOW)

    assert str(refused.value) == f"The window is empty: the start {begin} is not before the end {end}."


WHOLE_DAYS = {
    "a date": ("2026-03-01", "2026-03-01", "2026-03-02", "2026-03-01"),
    "a day in words": ("today", date(2026, 3, 14), "2026-03-15", "2026-03-14"),
}


@pytest.mark.parametrize(("since", "until", "end", "day"), WHOLE_DAYS.values(), ids=WHOLE_DAYS)
def test_a_day_that_ends_where_it_begins_is_refused_with_its_end(since, until, end, day):
    with pytest.raises(MomentError, match=rf" The end is exclusive: give {end} to include {day}\.$"):
        window_of(since, until, NOW)


@pytest.mark.parametrize("day", ["9999-12-31", "2026-03-15"])
def test_a_day_to_come_is_refused_without_more(day):
    with pytest.raises(MomentError, match=rf"is not before the end {day}T00:00:00Z\.$"):
        window_of(day, day, NOW)


def test_today_begins_at_midnight_in_utc_whatever_the_zone_of_now():
    now = datetime(2026, 3, 15, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert moment_of("today", now) == utc(2026, 3, 14)


NO_MOMENTS = {
    "a number": (7, "since is 7: give a string such as 7d or 2026-11-01, a datetime, date or timedelta."),
    "nothing": (None, "since is None: give a string such as 7d or 2026-11-01, a datetime, date or timedelta."),
    "more days than there are": (timedelta(days=10**6), "since is 1000000 days, 0:00:00, which is before the"),
}


@pytest.mark.parametrize(("since", "message"), NO_MOMENTS.values(), ids=NO_MOMENTS)
def test_what_is_no_moment_is_refused_with_its_name(since, message):
    with pytest.raises(MomentError) as refused:
        window_of(since, "now", NOW)

    assert str(refused.value).startswith(message)


def test_a_timedelta_is_a_span():
    assert span_of(timedelta(hours=3)) == timedelta(hours=3)
    with pytest.raises(MomentError, match="3 is not a span of time"):
        span_of(3)


def test_a_moment_that_utc_cannot_name_is_refused():
    with pytest.raises(MomentError, match=r"^'0001-01-01T00:00:00\+14:00' is not a time: give now"):
        window_of(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "now", NOW)


def test_window_is_cut_to_the_time_that_something_can_be_of():
    assert within_time(window(EARLIEST, LATEST), NOW) == window(BEGINNING, NOW + timedelta(days=1))
    assert within_time(window(utc(2026, 3, 1), utc(2026, 3, 2)), NOW) == window(utc(2026, 3, 1), utc(2026, 3, 2))


NEVER = {
    "too early": (EARLIEST, BEGINNING, "There is nothing in the window: CloudTrail has recorded nothing before 2013."),
    "too late": (
        utc(9999, 12, 30),
        LATEST,
        "There is nothing in the window: since 9999-12-30T00:00:00Z is in the future.",
    ),
}


@pytest.mark.parametrize(("since", "until", "message"), NEVER.values(), ids=NEVER)
def test_window_of_a_time_without_anything_is_refused(since, until, message):
    with pytest.raises(MomentError, match=message):
        within_time(window(since, until), NOW)


BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")  # thirteen hours ahead: there, it is already Monday
SUNDAY = utc(2026, 3, 15, 12)
# Form -> the local time that it stands for at noon of Sunday, 15 March 2026, in UTC.
STARTS = {
    "now": (2026, 3, 15, 12),
    "NOW": (2026, 3, 15, 12),
    "90m": (2026, 3, 15, 10, 30),
    "today": (2026, 3, 15),
    "Yesterday": (2026, 3, 14),
    "sunday": (2026, 3, 15),
    "saturday": (2026, 3, 14),
    "friday": (2026, 3, 13),
    "thursday": (2026, 3, 12),
    "wednesday": (2026, 3, 11),
    "tuesday": (2026, 3, 10),
    "Monday": (2026, 3, 9),
    "this-week": (2026, 3, 9),
    "last-week": (2026, 3, 2),
    "this-month": (2026, 3, 1),
    "last-month": (2026, 2, 1),
    "this-year": (2026, 1, 1),
    "last-year": (2025, 1, 1),
    "0mo": (2026, 3, 15, 12),
    "1mo": (2026, 2, 15, 12),
    "3mo": (2025, 12, 15, 12),
    "27mo": (2023, 12, 15, 12),
    "2026": (2026, 1, 1),
    "0001": (1, 1, 1),
    "9999": (9999, 1, 1),
    "2026-11": (2026, 11, 1),
    "2026-W11": (2026, 3, 9),
    "2026W11": (2026, 3, 9),
    "2026-W11-3": (2026, 3, 11),
    "2026-03-01": (2026, 3, 1),
    "20260301": (2026, 3, 1),
    "2026-03-01T08": (2026, 3, 1, 8),
    "2026-03-01T08:30": (2026, 3, 1, 8, 30),
}


@pytest.mark.parametrize(("text", "expected"), STARTS.items(), ids=STARTS)
def test_every_form_of_a_moment_is_its_start(text, expected):
    assert moment_of(text, SUNDAY) == utc(*expected)


@pytest.mark.parametrize("text", ["1mo", "12mo"])
def test_months_before_a_day_that_a_month_lacks_end_with_its_last_day(text):
    assert moment_of(text, utc(2028, 3, 31, 8)) == utc(*{"1mo": (2028, 2, 29, 8), "12mo": (2027, 3, 31, 8)}[text])


def test_days_and_months_are_those_of_the_time_zone():
    assert moment_of("today", SUNDAY, APIA) == utc(2026, 3, 15, 11)
    assert moment_of("monday", SUNDAY, APIA) == utc(2026, 3, 15, 11)
    assert moment_of("last-week", SUNDAY, APIA) == utc(2026, 3, 8, 11)
    assert moment_of("2026-07", SUNDAY, BERLIN) == utc(2026, 6, 30, 22)
    assert moment_of("8mo", SUNDAY, BERLIN) == utc(2025, 7, 15, 11)
    assert moment_of("7d", SUNDAY, BERLIN) == utc(2026, 3, 8, 12)


LOCAL = {
    "winter": ("2026-01-15T08:30", utc(2026, 1, 15, 7, 30)),
    "summer": ("2026-07-15T08:30", utc(2026, 7, 15, 6, 30)),
    "with an offset": ("2026-07-15T08:30Z", utc(2026, 7, 15, 8, 30)),
    "twice: the first one": ("2026-10-25T02:30", utc(2026, 10, 25, 0, 30)),
    "twice: the second one by its offset": ("2026-10-25T02:30+01:00", utc(2026, 10, 25, 1, 30)),
    "never": ("2026-03-29T02:30", utc(2026, 3, 29, 1, 30)),
    "the first year": ("0001-01-01", EARLIEST),
}


@pytest.mark.parametrize(("text", "expected"), LOCAL.values(), ids=LOCAL)
def test_time_without_offset_is_in_the_time_zone(text, expected):
    assert moment_of(text, NOW, BERLIN) == expected


def test_naive_moments_are_in_the_time_zone_and_keep_which_of_two():
    second = datetime(2026, 10, 25, 2, 30, fold=1)  # noqa: DTZ001
    found = window_of(second, date(2026, 10, 26), utc(2026, 11, 1), BERLIN)

    assert found == window(utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 23))


def test_an_empty_window_is_refused_in_its_time_zone():
    with pytest.raises(MomentError) as refused:
        window_of("2026-02", "2026-02", NOW, BERLIN)

    assert str(refused.value) == (
        "The window is empty: the start 2026-02-01T00:00:00+01:00 is not before the end 2026-02-01T00:00:00+01:00. "
        "The end is exclusive: give 2026-03-01 to include 2026-02."
    )


PERIODS_IN_BERLIN = {
    "a day": ("2026-03-13", "2026-03-13", "2026-03-14"),
    "a date": (date(2026, 3, 13), "2026-03-13", "2026-03-14"),
    "the day of 23 hours": ("2026-03-29", "2026-03-29", "2026-03-30"),
    "a week": ("2026-W01", "2025-12-29", "2026-01-05"),
    "a month": ("2026-02", "2026-02-01", "2026-03-01"),
    "a year": ("2026", "2026-01-01", "2027-01-01"),
    "this week": ("this-week", "2026-03-09", "2026-03-16"),
    "last week": ("last-week", "2026-03-02", "2026-03-09"),
    "last month": ("last-month", "2026-02-01", "2026-03-01"),
    "last year": ("last-year", "2025-01-01", "2026-01-01"),
    "yesterday": ("yesterday", "2026-03-13", "2026-03-14"),
    "a weekday that is today": ("saturday", "2026-03-14", "2026-03-15"),
    "a weekday": ("sunday", "2026-03-08", "2026-03-09"),
}


@pytest.mark.parametrize(("text", "since", "until"), PERIODS_IN_BERLIN.values(), ids=PERIODS_IN_BERLIN)
def test_a_period_is_all_of_it(text, since, until):
    assert period_of(text, NOW, BERLIN) == window_of(since, until, NOW, BERLIN)


def test_the_last_period_ends_with_all_time():
    assert period_of("9999", NOW, BERLIN).until == period_of("9999-12", NOW).until == LATEST
    assert period_of("0001", NOW, BERLIN).since == EARLIEST


@pytest.mark.parametrize(
    "text", ["", "7d", "3mo", "now", "2026-13", "0000", "2026-W60", "2026-03-01T08:30", "next-week", 7, NOW, None]
)
def test_what_is_no_period_is_refused_with_those_that_are(text):
    with pytest.raises(MomentError, match=r" is not a period of time: give today, yesterday, this-week, .* 2026\.$"):
        period_of(text, NOW)


ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana", "Africa/Cairo"),
        *("Asia/Kolkata", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Etc/GMT+12"),
    ]
).map(lambda name: UTC if name == "UTC" else ZoneInfo(name))
ALL_TIME = st.datetimes(timezones=st.just(UTC))
SINCE_2013 = st.datetimes(datetime(2013, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WORDS = st.sampled_from(
    [
        *("now", "today", "yesterday", "monday", "sunday", "this-week", "last-week", "this-month", "last-month"),
        *("this-year", "last-year", "1mo", "999999mo", "1s", "999999w", "0001", "9999", "0001-01", "9999-12"),
        *("0001-01-01", "9999-12-31", "9999-12-31T23:59:59", "0001-01-01T00:00"),
    ]
)


@given(text=WORDS, now=st.one_of(ALL_TIME, st.sampled_from([EARLIEST, LATEST])), zone=ZONES)
@LAW
def test_no_year_is_too_early_or_too_late_for_an_answer(text, now, zone):
    for parsed in (moment_of, period_of):
        try:
            parsed(text, now, zone)
        except MomentError as refused:
            assert repr(text) in str(refused)  # noqa: PT017 (it may also be accepted)


@given(moment=SINCE_2013, zone=ZONES, unit=st.sampled_from(["%Y-%m-%d", "%G-W%V", "%Y-%m", "%Y"]))
@LAW
def test_a_moment_is_in_exactly_the_period_that_it_is_called_by(moment, zone, unit):
    local = moment.astimezone(zone)

    period = period_of(local.strftime(unit), NOW, zone)

    assert period.since <= moment < period.until
    assert moment_of(local.strftime(unit), NOW, zone) == period.since
    inside = (period.since, period.until - timedelta(microseconds=1))
    assert {each.astimezone(zone).strftime(unit) for each in inside} == {local.strftime(unit)}
    outside = (period.since - timedelta(microseconds=1), period.until)
    assert local.strftime(unit) not in {each.astimezone(zone).strftime(unit) for each in outside}


@given(moment=SINCE_2013.map(lambda each: each.replace(microsecond=0)), zone=ZONES)
@LAW
def test_a_time_that_is_shown_in_a_zone_is_the_same_when_it_is_given(moment, zone):
    shown = local_time(moment, zone)

    assert moment_of(shown, NOW, BERLIN) == moment
    assert len(shown) == len("2026-11-21T08:30:15Z" if zone is UTC else "2026-11-21T08:30:15+01:00")


LENGTHS = {"2026-03-28": 24, "2026-03-29": 23, "2026-10-24": 24, "2026-10-25": 25}


@pytest.mark.parametrize(("day", "hours"), LENGTHS.items(), ids=LENGTHS)
def test_a_local_day_has_the_hours_that_its_clocks_have_and_reads_the_utc_days_that_it_touches(day, hours):
    found = period_of(day, NOW, BERLIN)

    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert found.until - found.since == timedelta(hours=hours)
    assert [each.day for each in found.days()] == [day, before]


@pytest.mark.parametrize("now", ["2026-01-01T00:30:00+00:00", "2026-11-30T12:00:00+00:00", "2024-02-29T23:30:00+00:00"])
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Pacific/Kiritimati")], ids=str)
def test_latest_periods_are_those_before_each_other_up_to_the_current_one(now, zone):
    now = datetime.fromisoformat(now)

    names = list(latest_periods(now, zone))

    for unit, count in {r"\d{4}": 2, r"\d{4}-\d\d": 12, r"\d{4}-W\d\d": 8, r"\d{4}-\d\d-\d\d": 7}.items():
        windows = [period_of(name, now, zone) for name in names if re.fullmatch(unit, name)]
        assert len(windows) == count
        assert windows[0].since <= now < windows[0].until
        assert [each.since for each in windows[:-1]] == [each.until for each in windows[1:]]

"""Windows: half-open, in UTC, in whole seconds, divided into days without gaps."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.window import (
    BEGINNING,
    EARLIEST,
    LATEST,
    Day,
    MomentError,
    Window,
    days_between,
    event_time,
    joined,
    moment_of,
    span_of,
    window_of,
    within_time,
)

LAW = settings(derandomize=True, database=None, deadline=None)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def window(since, until):
    return Window(since=since, until=until)


BOUNDS = {
    "a day": (utc(2026, 3, 1), utc(2026, 3, 2), ("2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z")),
    "a second": (utc(2026, 3, 1), utc(2026, 3, 1, 0, 0, 1), ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z")),
    "parts of seconds": (
        utc(2026, 3, 1, 0, 0, 0, 1),
        utc(2026, 3, 1, 0, 0, 5, 1),
        ("2026-03-01T00:00:01Z", "2026-03-01T00:00:05Z"),
    ),
    "parts of a second without its begin": (
        utc(2026, 3, 1, 0, 0, 0, 1),
        utc(2026, 3, 1, 0, 0, 1),
        ("2026-03-01T00:00:01Z", "2026-03-01T00:00:00Z"),
    ),
    "another zone": (
        datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=-1))),
        ("2026-02-28T23:00:00Z", "2026-03-02T00:59:59Z"),
    ),
    "empty": (utc(2026, 3, 1), utc(2026, 3, 1), ("2026-03-01T00:00:00Z", "2026-02-28T23:59:59Z")),
}


@pytest.mark.parametrize(("since", "until", "expected"), BOUNDS.values(), ids=BOUNDS)
def test_bounds_are_the_first_and_the_last_second_that_count(since, until, expected):
    assert window(since, until).bounds == expected


DAYS = {
    "within a day": (
        utc(2026, 3, 1, 8),
        utc(2026, 3, 1, 9),
        [Day("2026-03-01", "2026-03-01T08:00:00Z", "2026-03-01T08:59:59Z")],
    ),
    "over midnight": (
        utc(2026, 2, 28, 23, 59, 58),
        utc(2026, 3, 2, 0, 0, 1),
        [
            Day("2026-03-02", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"),
            Day("2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z"),
            Day("2026-02-28", "2026-02-28T23:59:58Z", "2026-02-28T23:59:59Z"),
        ],
    ),
    "from just before midnight": (
        utc(2026, 2, 28, 23, 59, 59, 1),
        utc(2026, 3, 1, 0, 0, 0, 1),
        [Day("2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z")],
    ),
    "another zone": (
        datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 3, 2, 2, tzinfo=timezone(timedelta(hours=2))),
        [Day("2026-03-01", "2026-03-01T22:00:00Z", "2026-03-01T23:59:59Z")],
    ),
    "no second": (utc(2026, 3, 1, 0, 0, 0, 1), utc(2026, 3, 1, 0, 0, 0, 2), []),
    "empty": (utc(2026, 3, 1), utc(2026, 3, 1), []),
}


@pytest.mark.parametrize(("since", "until", "expected"), DAYS.values(), ids=DAYS)
def test_days_are_those_of_utc_newest_first(since, until, expected):
    assert window(since, until).days() == expected


MOMENTS = st.datetimes(utc(2026, 2, 26).replace(tzinfo=None), utc(2026, 3, 3).replace(tzinfo=None)).flatmap(
    lambda moment: st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    )
)


@given(moments=st.tuples(MOMENTS, MOMENTS).map(sorted))
@LAW
def test_days_are_exactly_the_seconds_of_the_window(moments):
    since, until = moments

    days = window(since, until).days()

    pieces = [(datetime.fromisoformat(day.first), datetime.fromisoformat(day.last)) for day in days]
    assert all(first <= last for first, last in pieces)
    assert all(day.first[:10] == day.last[:10] == day.day for day in days)
    assert all(older[1] + SECOND == newer[0] for newer, older in pairwise(pieces))
    if pieces:
        assert pieces[-1][0] - SECOND < since <= pieces[-1][0]
        assert pieces[0][1] < until <= pieces[0][1] + SECOND
        assert window(since, until).bounds == (days[-1].first, days[0].last)
    else:
        first, last = window(since, until).bounds
        assert first > last


TEXTS = {
    "bounds": (utc(2026, 3, 1), NOW, "from 2026-03-01T00:00:00Z until 2026-03-14T09:26:53Z"),
    "no begin": (BEGINNING, NOW, "until 2026-03-14T09:26:53Z"),
    "before the beginning": (utc(1, 1, 1), NOW, "until 2026-03-14T09:26:53Z"),
    "no end": (utc(2026, 3, 1), LATEST, "from 2026-03-01T00:00:00Z"),
    "parts of a second": (utc(2026, 3, 1, 0, 0, 0, 500_000), NOW, "from 2026-03-01T00:00:00.500000Z until 2026-03-14T"),
}


@pytest.mark.parametrize(("since", "until", "expected"), TEXTS.values(), ids=TEXTS)
def test_a_window_says_its_ends(since, until, expected):
    assert str(window(since, until)).startswith(expected)


def test_years_have_four_digits():
    assert event_time(utc(1, 2, 3)) == "0001-02-03T00:00:00Z"


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
        f"{text!r} is not a time: give now, today, yesterday, a span before now (30m, 12h, 7d, 2w), or ISO-8601 "
        "(2026-11-01, 2026-11-01T08:30, 2026-11-01T08:30:00+01:00; UTC if it has no time zone)."
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


TOMORROW = NOW + timedelta(days=1)
OF_DAYS = {
    "nothing but days": (utc(2026, 3, 1), NOW, utc(2026, 3, 1), NOW),
    "everything": (EARLIEST, LATEST, BEGINNING, TOMORROW),
    "nothing but before everything": (utc(1, 1, 1), utc(2000, 1, 1), BEGINNING, BEGINNING),
    "nothing but after tomorrow": (utc(9998, 1, 1), utc(9999, 1, 1), utc(9998, 1, 1), utc(9998, 1, 1)),
}


@pytest.mark.parametrize(("since", "until", "begin", "end"), OF_DAYS.values(), ids=OF_DAYS)
def test_a_window_has_a_part_that_is_worth_cutting_into_days(since, until, begin, end):
    assert window(since, until).clamped(NOW) == window(begin, end)


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


HOURS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(
    lambda ends: window(utc(2026, 3, 1, min(ends)), utc(2026, 3, 1, max(ends)))
)


def hours_of(windows):
    return sorted(hour for each in windows for hour in range(each.since.hour, each.until.hour))


@LAW
@given(HOURS, st.lists(HOURS, max_size=5))
def test_what_is_without_others_is_the_rest_newest_first_each_part_once(whole, others):
    rest = whole.without(others)

    assert hours_of(rest) == sorted(set(hours_of([whole])) - set(hours_of(others)))
    assert all(each.since < each.until for each in rest)
    assert all(newer.since > older.until for newer, older in pairwise(rest))


@LAW
@given(st.lists(HOURS, max_size=6))
def test_joined_windows_are_the_same_time_in_as_few_as_possible_oldest_first(windows):
    found = joined(windows)

    assert hours_of(found) == sorted(set(hours_of(windows)))
    assert all(each.since < each.until for each in found)
    assert all(older.until < newer.since for older, newer in pairwise(found))


BETWEEN = {
    "one day": (utc(2026, 2, 28, 1), utc(2026, 2, 28, 23), ["2026-02-28"]),
    "over midnight": (utc(2026, 2, 28, 23, 59), utc(2026, 3, 1), ["2026-02-28", "2026-03-01"]),
    "none": (utc(2026, 3, 1), utc(2026, 2, 28), []),
    "the first ones": (EARLIEST, utc(1, 1, 2), ["0001-01-01", "0001-01-02"]),
    "the last ones": (utc(9999, 12, 30), LATEST, ["9999-12-30", "9999-12-31"]),
    "of another zone": (
        datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))),
        utc(2026, 3, 1),
        ["2026-02-28", "2026-03-01"],
    ),
}


@pytest.mark.parametrize(("since", "until", "days"), BETWEEN.values(), ids=BETWEEN)
def test_days_between_two_moments_are_those_of_both_and_all_between(since, until, days):
    assert list(days_between(since, until)) == days


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

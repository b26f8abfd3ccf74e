"""Windows: half-open, in UTC, in whole seconds, divided into days without gaps."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.window import (
    BEGINNING,
    EARLIEST,
    LATEST,
    Day,
    Window,
    days_between,
    event_time,
    joined,
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


@pytest.mark.parametrize(
    ("since", "begin"),
    [
        (datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 14, tzinfo=UTC)),
        (EARLIEST + timedelta(days=1), EARLIEST),
    ],
    ids=["usual", "where time begins"],
)
def test_time_before_a_window_ends_where_it_begins(since, begin):
    window = Window(since=since, until=since + timedelta(days=1))

    assert window.before(timedelta(days=7)) == Window(since=begin, until=since)

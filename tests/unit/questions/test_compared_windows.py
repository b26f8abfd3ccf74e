"""The window before a window: a calendar period, the same part of one, or as much time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.calendars import local_time
from aitrail.moments import MomentError, period_of, window_of
from aitrail.questions.compared_windows import ComparedWindows
from aitrail.window import EARLIEST, LATEST, Window

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=300)
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 19, 10, 30, tzinfo=UTC)  # a Thursday


def during(period, zone=UTC):
    return period_of(period, NOW, zone)


def since(begin, until="now", zone=UTC):
    return window_of(begin, until, NOW, zone)


def shown(window, zone=UTC):
    return tuple(local_time(each, zone)[:16] for each in (window.since, window.until))


WHOLE = {
    "day": (during("2026-11-01"), ("2026-10-31T00:00", "2026-11-01T00:00"), "day"),
    "week": (during("2026-W46"), ("2026-11-02T00:00", "2026-11-09T00:00"), "week"),
    "month": (during("2026-03"), ("2026-02-01T00:00", "2026-03-01T00:00"), "month"),
    "year": (during("2025"), ("2024-01-01T00:00", "2025-01-01T00:00"), "year"),
    "since and until": (since("2026-10", "2026-11"), ("2026-09-01T00:00", "2026-10-01T00:00"), "month"),
    "month that begins a week": (during("2026-06"), ("2026-05-01T00:00", "2026-06-01T00:00"), "month"),
}


@pytest.mark.parametrize(("window", "expected", "unit"), WHOLE.values(), ids=WHOLE)
def test_before_a_whole_period_is_the_whole_period_before(window, expected, unit):
    found = ComparedWindows.of(window, "previous", NOW)

    assert found.window == window
    assert (shown(found.before), found.relation) == (expected, f"the {unit} before")


PARTS = {
    "this-month": (during("this-month"), ("2026-10-01T00:00", "2026-10-19T10:30"), "month"),
    "since this-month": (since("this-month"), ("2026-10-01T00:00", "2026-10-19T10:30"), "month"),
    "this-week": (since("this-week"), ("2026-11-09T00:00", "2026-11-12T10:30"), "week"),
    "today": (since("today"), ("2026-11-18T00:00", "2026-11-18T10:30"), "day"),
    "this-year": (during("this-year"), ("2025-01-01T00:00", "2025-11-19T10:30"), "year"),
    "until later in the month": (since("2026-11", "2026-11-25"), ("2026-10-01T00:00", "2026-10-19T10:30"), "month"),
}


@pytest.mark.parametrize(("window", "expected", "unit"), PARTS.values(), ids=PARTS)
def test_period_that_is_not_over_is_compared_until_now_with_the_same_part_of_the_one_before(window, expected, unit):
    found = ComparedWindows.of(window, "previous", NOW)

    assert found.window == Window(since=window.since, until=NOW)
    assert (shown(found.before), found.relation) == (expected, f"the same part of the {unit} before")


def test_same_part_of_a_shorter_month_ends_with_it():
    now = datetime(2026, 3, 30, 12, tzinfo=UTC)

    found = ComparedWindows.of(window_of("2026-03", "now", now), "previous", now)

    assert shown(found.before) == ("2026-02-01T00:00", "2026-03-01T00:00")


def test_month_that_is_not_over_is_a_month_although_a_week_begins_with_it():
    now = datetime(2026, 6, 3, 12, tzinfo=UTC)

    of_month = ComparedWindows.of(period_of("2026-06", now), "previous", now)
    of_either = ComparedWindows.of(window_of("2026-06", "now", now), "previous", now)

    assert shown(of_month.before) == ("2026-05-01T00:00", "2026-05-03T12:00")
    assert shown(of_either.before) == ("2026-05-25T00:00", "2026-05-27T12:00")


def test_periods_and_their_parts_are_those_of_the_time_zone_whose_days_differ_in_length():
    now = datetime(2026, 10, 26, 11, tzinfo=UTC)  # the day after clocks were set back

    day = ComparedWindows.of(period_of("2026-10-25", now, BERLIN), "previous", now, BERLIN)
    part = ComparedWindows.of(window_of("today", "now", now, BERLIN), "previous", now, BERLIN)

    assert day.window.until - day.window.since == timedelta(hours=25)
    assert shown(day.before, BERLIN) == ("2026-10-24T00:00", "2026-10-25T00:00")
    assert shown(part.before, BERLIN) == ("2026-10-25T00:00", "2026-10-25T12:00")
    assert part.before.until - part.before.since == timedelta(hours=13)


OTHERS = {
    "7d": (since("7d"), ("2026-11-05T10:30", "2026-11-12T10:30")),
    "days that are over": (since("2026-11-01", "2026-11-10"), ("2026-10-23T00:00", "2026-11-01T00:00")),
    "two months": (since("2026-09", "2026-11"), ("2026-07-02T00:00", "2026-09-01T00:00")),
    "until later": (since("2026-11-10", "2026-12-24"), ("2026-10-31T13:30", "2026-11-10T00:00")),
    "without an end": (
        Window(since=during("2026-11-10").since, until=LATEST),
        ("2026-10-31T13:30", "2026-11-10T00:00"),
    ),
}


@pytest.mark.parametrize(("window", "expected"), OTHERS.values(), ids=OTHERS)
def test_before_any_other_window_is_as_much_time(window, expected):
    found = ComparedWindows.of(window, "previous", NOW)

    assert shown(found.before) == expected
    assert found.relation == "as much time directly before"


def test_month_of_utc_is_no_month_elsewhere():
    found = ComparedWindows.of(during("2026-10"), "previous", NOW, BERLIN)

    assert found.relation == "as much time directly before"


PERIODS = {
    "as long": (during("2026-11-10"), "2026-11-03", ""),
    "months": (during("2026-10"), "2025-09", ""),
    "not over": (during("this-month"), "last-month", "not equally long: 18 days, 10:30:00 until now and 31 days"),
    "inside": (during("last-week"), "2026-11-04", "not equally long: 7 days and 1 day"),
    "of another kind": (during("last-week"), "2026-10-01", "not equally long: 7 days and 1 day"),
}


@pytest.mark.parametrize(("window", "to", "relation"), PERIODS.values(), ids=PERIODS)
def test_given_period_is_taken_until_now_and_other_lengths_are_told(window, to, relation):
    found = ComparedWindows.of(window, to, NOW)

    assert found.before == Window(since=during(to).since, until=min(during(to).until, NOW))
    assert found.window == Window(since=window.since, until=min(window.until, NOW))
    assert found.relation == relation


REFUSED = {
    "no period": (since("7d"), "prev", "Or give previous, for the time before the window."),
    "after the window": (during("last-week"), "this-week", "The period this-week begins after the window: swap them."),
    "window in the future": (during("2027-01"), "previous", "The window is in the future"),
    "end of time": (Window(since=LATEST, until=LATEST), "last-month", "The window is in the future"),
    "future": (since("7d"), "2027-01", "The period 2027-01 is in the future"),
    "no start": (Window(since=EARLIEST, until=LATEST), "previous", "The window has no start"),
}


@pytest.mark.parametrize(("window", "to", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_compared_is_refused(window, to, message):
    with pytest.raises(MomentError, match=message):
        ComparedWindows.of(window, to, NOW)


@pytest.mark.parametrize("number", [0, 1])
def test_window_of_which_no_rows_are_left_is_refused_and_one_of_which_some_are_is_not(number):
    found = ComparedWindows.of(during("2026-10"), "2026-09", NOW)
    kept_since = found.before.until - timedelta(days=number)

    if number:
        assert found.within_time(NOW, kept_since) == found
    else:
        with pytest.raises(MomentError, match="the rows from 2026-09-01T00:00:00Z until 2026-10-01T00:00:00Z have exp"):
            found.within_time(NOW, kept_since)


@given(
    begin=st.datetimes(datetime(2014, 1, 1), datetime(2026, 11, 11), timezones=st.just(UTC)),  # noqa: DTZ001 (UTC)
    hours=st.integers(1, 10_000),
    midnight=st.booleans(),
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Africa/Casablanca")]),
)
@LAW
def test_time_before_ends_where_the_window_begins_or_earlier_and_neither_is_empty(begin, hours, midnight, zone):
    begin = begin.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0) if midnight else begin
    window = Window(since=begin.astimezone(UTC), until=begin.astimezone(UTC) + timedelta(hours=hours))

    found = ComparedWindows.of(window, "previous", NOW, zone)

    assert found.window.since == window.since < found.window.until <= window.until
    assert found.before.since < found.before.until <= window.since

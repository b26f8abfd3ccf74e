"""Periods in which calls were made: named in a time zone, and all of those between two moments."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.questions import EventStore
from aitrail.questions.periods import PERIODS, chronological, period_of, periods_between
from aitrail.window import EARLIEST, LATEST, event_time

LAW = settings(derandomize=True, database=None, deadline=None)
BERLIN = ZoneInfo("Europe/Berlin")
# Of these, one changes its offset by half an hour, one did within an hour, others at midnight; one has 45 minutes.
ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana", "Africa/Cairo"),
        *(
            "Asia/Kathmandu",
            "America/St_Johns",
            "Asia/Beirut",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Pacific/Kiritimati",
            "Etc/GMT+12",
        ),
    ]
).map(lambda name: UTC if name == "UTC" else ZoneInfo(name))
SECOND = timedelta(seconds=1)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def named(name, moment, zone=UTC):
    return period_of(name, zone)({"eventTime": event_time(moment)})


BY_NAME = {
    "month": ("2026-11", "2026-12"),
    "week": ("2026-11-30", "2026-11-30"),
    "day": ("2026-11-30", "2026-12-01"),
    "hour": ("2026-11-30T23:00Z", "2026-12-01T00:00+01:00"),
    "minute": ("2026-11-30T23:05Z", "2026-12-01T00:05+01:00"),
    "second": ("2026-11-30T23:05:07Z", "2026-12-01T00:05:07+01:00"),
}


@pytest.mark.parametrize("name", PERIODS)
def test_a_call_is_made_in_a_period_of_the_time_zone(name):
    moment = utc(2026, 11, 30, 23, 5, 7)

    assert (named(name, moment), named(name, moment, BERLIN)) == BY_NAME[name]


@pytest.mark.parametrize(
    "time", [None, 7, "", "2026-11-30", "2026-02-30T00:00:00Z", "2026-11-30T23:05:07", "2026-11-30T23:05:07Z\n"]
)
def test_a_row_without_a_time_is_in_no_period(time):
    assert {period_of(name, zone)({"eventTime": time}) for name in PERIODS for zone in (UTC, BERLIN)} == {None}
    assert period_of("hour")({}) is None


@pytest.mark.parametrize("name", PERIODS)
def test_the_first_and_the_last_second_are_in_periods_of_every_zone(name):
    for zone in (BERLIN, ZoneInfo("America/New_York")):
        assert named(name, EARLIEST, zone).startswith("0001-01")
        assert named(name, LATEST, zone).startswith("9999-12")
        assert list(periods_between(name, LATEST - 3 * SECOND, LATEST, zone))[-1].startswith("9999-12")
        assert next(periods_between(name, EARLIEST, LATEST, zone)).startswith("0001-01")


CHANGES = {
    "back": (
        (2026, 10, 25),
        ["2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"],
    ),
    "forward": ((2026, 3, 29), ["2026-03-29T00:00+01:00", "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]),
}


@pytest.mark.parametrize(("day", "hours"), CHANGES.values(), ids=CHANGES)
def test_an_hour_that_occurs_twice_is_two_and_one_that_does_not_is_none(day, hours):
    begin = utc(*day) - timedelta(hours=1)

    assert list(periods_between("hour", begin, begin + timedelta(hours=len(hours)), BERLIN)) == hours
    assert [named("hour", begin + timedelta(hours=number), BERLIN) for number in range(len(hours))] == hours
    assert sorted(sorted(hours), key=chronological) == hours


def test_local_days_have_their_hours():
    days = {"2026-03-29": 23, "2026-10-24": 24, "2026-10-25": 25}
    found = list(periods_between("hour", utc(2026, 3, 1), utc(2026, 12, 1), BERLIN))

    assert {day: sum(hour.startswith(day) for hour in found) for day in days} == days
    assert len(found) == len(set(found)) == (utc(2026, 12, 1) - utc(2026, 3, 1)) // timedelta(hours=1)


def test_a_day_that_never_was_is_no_period():
    apia = ZoneInfo("Pacific/Apia")  # on the other side of the date line since then

    days = list(periods_between("day", utc(2011, 12, 29, 12), utc(2011, 12, 31, 12), apia))

    assert days == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_nothing_is_between_a_moment_and_itself():
    assert list(periods_between("hour", utc(2026, 1, 1), utc(2026, 1, 1))) == []


TIMES = st.datetimes(datetime(2013, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
# Close to a change of the offset in one of the zones, where random moments seldom are.
CHANGING = st.builds(
    lambda moment, minutes: moment + timedelta(minutes=minutes),
    st.sampled_from(
        [
            *(utc(2026, 3, 29, 1), utc(2026, 10, 25, 1), utc(2026, 4, 4, 15), utc(2026, 10, 3, 15, 30)),
            *(utc(2026, 3, 28, 22), utc(2026, 10, 24, 21), utc(2026, 4, 5, 3), utc(2026, 9, 6, 4)),
            *(utc(2010, 11, 7, 2, 31), utc(2010, 11, 7, 2, 31), utc(2010, 3, 14, 3, 31)),
            *(utc(2026, 3, 8, 5), utc(2026, 11, 1, 5), utc(2026, 4, 23, 22), utc(2026, 10, 29, 21)),
        ]
    ),
    st.integers(-150, 150),
)
LONGEST = {"second": 300, "minute": 10_000, "hour": 400_000, "day": 10**7, "week": 10**8, "month": 10**8}


@given(
    name=st.sampled_from(PERIODS),
    since=st.one_of(TIMES, CHANGING),
    part=st.floats(0, 1),
    zone=ZONES,
    data=st.data(),
)
@LAW
def test_the_periods_between_two_moments_are_those_of_all_calls_in_order(name, since, part, zone, data):
    until = since + max(1, int(part * LONGEST[name])) * SECOND

    found = list(periods_between(name, since, until, zone))

    assert found[0] == named(name, since, zone)
    assert found[-1] == named(name, until - SECOND, zone)
    assert all(chronological(earlier) < chronological(later) for earlier, later in pairwise(found))
    assert named(name, data.draw(st.integers(0, (until - since) // SECOND - 1)) * SECOND + since, zone) in found


@given(since=CHANGING, zone=ZONES, name=st.sampled_from(["day", "hour", "minute"]))
@LAW
def test_the_periods_between_two_moments_are_what_asking_every_minute_gives(since, zone, name):
    minutes = 200
    every = [named(name, since + number * timedelta(minutes=1), zone) for number in range(minutes)]

    found = list(periods_between(name, since, since + minutes * timedelta(minutes=1), zone))

    assert found == list(dict.fromkeys(every))


@given(
    local=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001
    zone=ZONES,
)
@LAW
def test_periods_of_every_second_are_what_its_local_time_says(local, zone):
    moment = local.replace(microsecond=0, tzinfo=UTC)
    local = moment.astimezone(zone)
    clock = local.replace(tzinfo=None).isoformat()
    offset = "Z" if zone is UTC else local.isoformat().removeprefix(clock)

    assert {name: named(name, moment, zone) for name in PERIODS} == {
        "month": clock[:7],
        "week": str(local.date() - timedelta(days=local.weekday())),
        "day": str(local.date()),
        "hour": f"{clock[:13]}:00{offset}",
        "minute": f"{clock[:16]}{offset}",
        "second": f"{clock}{offset}",
    }


class Rows:
    """A source of rows that reads what is in a window, as a table does."""

    by_day = True

    def __init__(self, moments):
        self.all = [{"eventTime": event_time(each), "service": "polly", "outcome": "ok"} for each in moments]

    def rows(self, _wanted, window, **_):
        days = {day.day: day for day in window.days()}
        for row in self.all:
            day = days.get(row["eventTime"][:10])
            if day and day.first <= row["eventTime"] <= day.last:
                yield row


@given(
    moments=st.lists(CHANGING, max_size=20),
    day=st.sampled_from(["2026-03-28", "2026-03-29", "2026-10-25", "2026-04-05", "2026-11-01", "2026-W43", "2026-10"]),
    zone=ZONES,
    name=st.sampled_from(["hour", "day"]),
)
@LAW
def test_calls_of_a_local_period_are_those_whose_local_time_is_in_it(moments, day, zone, name):
    forms = {10: "%Y-%m-%d", 8: "%G-W%V", 7: "%Y-%m"}
    store = EventStore(Rows(moments), timezone=zone, now=lambda: utc(2027, 1, 1))

    groups = store.usage(by=[name], **store.during(day))

    wanted = [each for each in sorted(moments) if each.astimezone(zone).strftime(forms[len(day)]) == day]
    assert {group[name]: group["calls"] for group in groups} == Counter(named(name, each, zone) for each in wanted)
    assert [group[name] for group in groups] == list(dict.fromkeys(named(name, each, zone) for each in wanted))

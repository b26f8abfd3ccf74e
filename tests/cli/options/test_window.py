from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cli.options import question_options, window_options
from aitrail.cli.options.window import Moment, Period, Span
from aitrail.clock import Clock

LAW = settings(derandomize=True, database=None, deadline=None)
CLOCK = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def converted(text, kind=Moment):
    context = click.Context(click.Command("test"), obj=Clock(now=lambda: CLOCK))
    return kind().convert(text, None, context)


@click.command()
@question_options()
def windowed(asked):
    """Shows its window, and asks nothing."""
    window = asked.window
    click.echo(f"{window.since.isoformat()} {window.until.isoformat()} {window}")


@click.command()
@window_options("When", since=None, without="Name the start.")
def delivered(window):
    """Shows its window of deliveries."""
    click.echo(f"{window}")


def invoked(command, *arguments, **options):
    return CliRunner(catch_exceptions=False).invoke(command, arguments, obj=Clock(now=lambda: CLOCK), **options)


MOMENTS = {
    "now": (2026, 3, 14, 9, 26, 53),
    "today": (2026, 3, 14),
    "yesterday": (2026, 3, 13),
    "0s": (2026, 3, 14, 9, 26, 53),
    "90s": (2026, 3, 14, 9, 25, 23),
    "30m": (2026, 3, 14, 8, 56, 53),
    "12h": (2026, 3, 13, 21, 26, 53),
    "7d": (2026, 3, 7, 9, 26, 53),
    "2w": (2026, 2, 28, 9, 26, 53),
    "2026-03-01": (2026, 3, 1),
    "20260301": (2026, 3, 1),
    "2026-03-01T08:30": (2026, 3, 1, 8, 30),
    "2026-03-01 08:30:15": (2026, 3, 1, 8, 30, 15),
    "2026-03-01T08:30:15Z": (2026, 3, 1, 8, 30, 15),
    "2026-03-01T00:30:00+01:00": (2026, 2, 28, 23, 30),
    "2026-03-01T00:00:00.5Z": (2026, 3, 1, 0, 0, 0, 500_000),
}


@pytest.mark.parametrize(("text", "expected"), MOMENTS.items(), ids=MOMENTS)
def test_time_is_now_or_a_span_before_it_or_iso_8601_and_always_utc(text, expected):
    moment = converted(text)

    assert moment == datetime(*expected, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(0)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SECONDS = st.integers(0, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(moment=st.builds(datetime.astimezone, SECONDS, OFFSETS), separator=st.sampled_from("T "))
@LAW
def test_every_time_with_a_zone_is_taken_as_it_is(moment, separator):
    assert converted(moment.isoformat(separator)) == moment


NO_TIMES = (
    *("", "7", "7x", "7 d", "-7d", "+7d", "7D", "1.5h", "7d12h", "\u0667d", "tomorrow", "2026-13-01", "2026-02-30"),
    *("08:30", "1700000000", "999999w", "1000000s", "0001-01-01T00:00+14:00"),
)


@pytest.mark.parametrize("text", NO_TIMES, ids=ascii)
def test_anything_else_is_refused_with_what_is_valid(text):
    with pytest.raises(click.BadParameter) as refused:
        converted(text)

    assert str(refused.value).startswith(f"{text!r} is not a time: give now, today, yesterday, monday, this-week")
    assert "2026-11-01T08:30:00+01:00" in str(refused.value)


@pytest.mark.parametrize(("kind", "text"), [(Moment, "12h"), (Span, "12h"), (Period, "2026-03")])
def test_what_is_converted_already_stays(kind, text):
    value = converted(text, kind)

    assert converted(value, kind) is value


def test_span_is_a_number_and_a_unit():
    assert converted("90m", Span) == timedelta(minutes=90)


@pytest.mark.parametrize("text", ["now", "2026-03-01", "", "7"], ids=ascii)
def test_no_span_is_refused_with_what_is_valid(text):
    with pytest.raises(click.BadParameter, match="give a number and a unit, such as 30s, 90m, 12h, 7d, 2w"):
        converted(text, Span)


def test_window_ends_now_and_has_exactly_the_default_length():
    before = datetime.now(UTC).replace(microsecond=0)

    ended = CliRunner().invoke(windowed, [])

    since, until = map(datetime.fromisoformat, ended.stdout.split()[:2])
    assert until - since == timedelta(days=7)
    assert before <= until <= datetime.now(UTC)


def test_window_of_log_files_reaches_back_to_the_beginning(tmp_path):
    ended = CliRunner().invoke(windowed, ["--from", str(tmp_path), "--until", "2026-03-01"])

    assert ended.stdout == "0001-01-01T00:00:00+00:00 2026-03-01T00:00:00+00:00 until 2026-03-01T00:00:00Z\n"


def test_window_says_its_bounds_in_utc():
    ended = CliRunner().invoke(windowed, ["--since", "2026-03-01", "--until", "2026-03-14T10:00+01:00"])

    assert ended.stdout.split(maxsplit=2)[2] == "from 2026-03-01T00:00:00Z until 2026-03-14T09:00:00Z\n"


def test_one_command_has_one_now(monkeypatch):
    class Clock(datetime):
        ticks = count()

        @classmethod
        def now(cls, zone):
            return datetime(2026, 3, 14, second=next(cls.ticks), tzinfo=zone)

    monkeypatch.setattr("aitrail.cli.options.window.datetime", Clock)

    ended = CliRunner().invoke(windowed, ["--since", "90s", "--until", "30s"])

    since, until = map(datetime.fromisoformat, ended.stdout.split()[:2])
    assert until - since == timedelta(minutes=1)


EMPTY = {
    "end before begin": (["--since", "2026-03-02", "--until", "2026-03-01"], "2026-03-02T00:00:00Z", "2026-03-01T00"),
    "end at begin": (["--since", "2026-03-01T01:00+01:00", "--until", "2026-03-01"], "2026-03-01T00:00:00Z", "2026-03"),
    "begin now": (["--since", "now"], "20", "20"),
    "the same span": (["--since", "3d", "--until", "3d"], "20", "20"),
    "begin in the future": (["--since", "9999-12-31"], "9999-12-31T00:00:00Z", "20"),
}


@pytest.mark.parametrize(("arguments", "since", "until"), EMPTY.values(), ids=EMPTY)
def test_empty_window_is_refused_with_both_ends(arguments, since, until):
    ended = CliRunner().invoke(windowed, arguments)

    assert ended.exit_code == 2
    assert f"The window is empty: the start {since}" in ended.stderr
    assert f"is not before the end {until}" in ended.stderr


def test_end_is_refused_before_the_default_begin():
    ended = CliRunner().invoke(windowed, ["--until", "8d"])

    assert ended.exit_code == 2
    assert "The window is empty" in ended.stderr


def test_window_of_log_files_has_no_end(tmp_path):
    ended = CliRunner().invoke(windowed, ["--from", str(tmp_path), "--since", "2026-03-01"])

    assert ended.stdout == "2026-03-01T00:00:00+00:00 9999-12-31T23:59:59+00:00 from 2026-03-01T00:00:00Z\n"


BERLIN = ("--timezone", "Europe/Berlin")
SINCE_MONTH = ("--since", "2026-02")
IN_ZONES = {
    "UTC": (SINCE_MONTH, {}, "from 2026-02-01T00:00:00Z until 2026-03-14T09:26:53Z"),
    "option": ((*BERLIN, *SINCE_MONTH), {}, "from 2026-01-31T23:00:00Z until 2026-03-14T09:26:53Z"),
    "option after the times": ((*SINCE_MONTH, *BERLIN), {}, "from 2026-01-31T23:00:00Z until 2026-03-14T09:26:53Z"),
    "environment": (
        SINCE_MONTH,
        {"AITRAIL_TIMEZONE": "Asia/Tokyo"},
        "from 2026-01-31T15:00:00Z until 2026-03-14T09:26:53Z",
    ),
    "option before the environment": (
        (*SINCE_MONTH, "--timezone", "utc"),
        {"AITRAIL_TIMEZONE": "Asia/Tokyo"},
        "from 2026-02-01T00:00:00Z until 2026-03-14T09:26:53Z",
    ),
    "this computer": (
        ("--during", "yesterday", "--timezone", "local"),
        {"TZ": "Asia/Tokyo"},
        "from 2026-03-12T15:00:00Z until 2026-03-13T15:00:00Z",
    ),
    "a month": (("--during", "2026-02"), {}, "from 2026-02-01T00:00:00Z until 2026-03-01T00:00:00Z"),
    "last month": (("--during", "Last-Month"), {}, "from 2026-02-01T00:00:00Z until 2026-03-01T00:00:00Z"),
    "a month there": (("--during", "2026-02", *BERLIN), {}, "from 2026-01-31T23:00:00Z until 2026-02-28T23:00:00Z"),
}


@pytest.mark.parametrize("command", [windowed, delivered], ids=["calls", "deliveries"])
@pytest.mark.parametrize(("arguments", "environment", "expected"), IN_ZONES.values(), ids=IN_ZONES)
def test_window_is_in_the_time_zone(command, arguments, environment, expected):
    ended = invoked(command, *arguments, env=environment)

    assert ended.stderr == ""
    assert ended.stdout.endswith(f"{expected}\n")


WRONG = {
    "both ends and one": (("--during", "2026-02", "--until", "now"), "leave out --since and --until"),
    "both ends and the default": (("--during", "2026-02", "--since", "7d"), "leave out --since and --until"),
    "no period": (("--during", "7d"), "'--during': '7d' is not a period of time: give today, "),
    "no zone": (
        ("--timezone", "Berlin"),
        "'--timezone': 'Berlin' is not a time zone: did you mean Europe/Berlin?",
    ),
    "no moment there": (("--since", "x", *BERLIN), "Europe/Berlin if it has no time zone)."),
}


@pytest.mark.parametrize("command", [windowed, delivered], ids=["calls", "deliveries"])
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_window_is_refused(command, arguments, message):
    ended = invoked(command, *arguments)

    assert ended.exit_code == 2
    assert message in ended.stderr


def test_missing_start_of_deliveries_is_refused():
    assert "Name the start." in invoked(delivered).stderr

"""Times in tables: in a time zone, which the title of their column says."""

import os
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from aitrail.cli.output import shown_time, titled

TOKYO = ZoneInfo("Asia/Tokyo")
TIMES = {
    "a time": ("2026-11-21T08:30:15Z", "2026-11-21T17:30:15+09:00"),
    "the last time": ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    "no time": ("2026-02-30T08:30:15Z", "2026-02-30T08:30:15Z"),
    "no offset": ("2026-11-21T08:30:15", "2026-11-21T08:30:15"),
    "nothing": ("", ""),
    "hostile": ("\x1b[2J", "\x1b[2J"),
}


@pytest.mark.parametrize(("text", "expected"), TIMES.values(), ids=TIMES)
def test_a_time_is_shown_in_the_zone_and_another_text_unchanged(text, expected):
    assert shown_time(text, TOKYO) == expected
    assert shown_time(text, UTC) == text


def test_a_title_says_the_zone():
    assert (titled("day", UTC), titled("day", TOKYO)) == ("day (UTC)", "day (Asia/Tokyo)")


FORMATS = {
    "table": (("-o", "table"), "eventTime (Asia/Tokyo)\n2026-03-14T09:00:00+09:00\n"),
    "csv": (("-o", "csv"), "eventTime\n2026-03-14T00:00:00Z\n"),
    "jsonl": (("-o", "jsonl"), '{"eventTime": "2026-03-14T00:00:00Z"}\n'),
    "query": (("--query", "[]", "-o", "table"), "eventTime\n2026-03-14T00:00:00Z\n"),
}


@pytest.mark.parametrize(("options", "expected"), FORMATS.values(), ids=FORMATS)
def test_tables_show_calls_in_the_time_zone_and_nothing_else_does(aitrail, log_file, record, options, expected):
    path = log_file("a.json", record())

    ended = aitrail("events", "--from", path, "--columns", "eventTime", "--timezone", "Asia/Tokyo", *options)

    assert (ended.stdout, ended.stderr) == (expected, "")


def test_tables_of_log_files_and_followed_calls_are_in_the_time_zone(aitrail, log_file, record, recorded):
    recorded(record(eventTime="2026-03-14T00:00:00Z"))
    zone = {"env": {"AITRAIL_TIMEZONE": "Asia/Tokyo"}}

    def stop(_seconds):
        raise KeyboardInterrupt

    scanned = aitrail("scan", log_file("a.json", record()), "-o", "table", **zone)
    followed = aitrail("tail", "--lookback", "50000d", "-o", "table", sleep=stop, **zone)

    for shown in (scanned, followed):
        assert shown.stdout.startswith("eventTime (Asia/Tokyo)     operation")
        assert "\n2026-03-14T09:00:00+09:00  " in shown.stdout


def test_header_is_found_on_a_terminal(on_terminal, log_file, record):
    shown, _ = on_terminal("events", "--from", log_file("a.json", record()), "--no-color", AITRAIL_TIMEZONE="UTC")

    assert shown.startswith("eventTime (UTC)       operation")
    assert os.environ.get("AITRAIL_TIMEZONE") is None

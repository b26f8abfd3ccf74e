from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from aitrail.report import Question, report_of
from aitrail.window import EARLIEST, LATEST
from tests.shared.call_rows import NOW, START, call_row
from tests.shared.reports import Complete, document, question_of, report

HOUR = timedelta(hours=1)


def test_the_window_and_the_time_before_it_are_read_twice_and_once():
    source = Complete(call_row("x"), kept_since=None)

    report([], source=source, lookback="9h")

    assert [(each.since, each.until) for each in source.asked[:2]] == [
        (START, START + 7 * HOUR),
        (START - 9 * HOUR, START + 7 * HOUR),
    ]


def test_progress_tells_what_is_read_and_how_much():
    rows, told = [call_row(f"{number}") for number in range(12_000)], []

    question = question_of(rows, since=EARLIEST, until=LATEST)
    report_of(question, lambda *what: told.append(what))

    assert told == [
        ("Looking for what is frequent", 5_000, None),
        ("Looking for what is frequent", 10_000, None),
        ("Counting calls", 5_000, 12_000),
        ("Counting calls", 10_000, 12_000),
    ]


def test_a_window_without_ends_is_shown_from_the_first_to_the_last_call():
    rows = [call_row("1", START + HOUR), call_row("2", START + 3 * HOUR)]

    found = document(rows, since=EARLIEST, until=LATEST)

    assert found["window"] == {"since": "2026-11-21T01:00:00Z", "until": "2026-11-21T03:00:01Z"}
    assert found["times"] == ["2026-11-21T01:00Z", "2026-11-21T02:00Z", "2026-11-21T03:00Z"]
    assert found["before"] is found["lookback"] is found["cellsBefore"] is found["newNetworks"] is None


def test_a_window_that_is_not_over_is_shown_until_now():
    found = document([], until=NOW + 9 * HOUR)

    assert found["window"]["until"] == "2026-11-23T00:00:00Z"


def test_a_window_without_calls_has_its_times_and_no_cells():
    found = document([])

    assert (found["cells"], found["events"], found["standsOut"], found["records"]) == ([], [], [], 0)
    assert len(found["times"]) == 7


def test_times_are_those_of_the_zone():
    found = document([call_row("x", outcome="denied")], zone=ZoneInfo("Europe/Berlin"))

    assert found["times"][0] == "2026-11-21T01:00+01:00"
    assert found["events"][0]["localTime"] == "2026-11-21T01:00:00+01:00"
    assert found["timezone"] == "Europe/Berlin"


def test_notes_say_what_may_be_missing():
    source = Complete(call_row("x", usage={}), kept_since=START + HOUR)
    source.complete = False

    found = document([], source=source)

    assert found["notes"][0].startswith("Rows of calls before 2026-11-21T01:00:00Z have expired")
    assert "Some log files could not be read: calls may be missing." in found["notes"]
    assert any("do not say how many characters" in note for note in found["notes"])


def test_what_is_new_cannot_be_told_if_rows_of_the_time_before_have_expired():
    source = Complete(call_row("x", sourceIPAddress="203.0.113.1"), kept_since=START - HOUR)

    found = document([], source=source, lookback="9h")

    assert found["newNetworks"] is None
    assert found["principals"] == {
        "whyNotNew": "Nothing is marked as new, as rows have expired: the lookback can be at most 0 days.",
        "new": [],
        "newCount": 0,
        "silent": [],
        "silentCount": 0,
    }


def test_a_table_is_asked_only_for_the_time_that_it_can_have():
    source = Complete(call_row("x"))
    source.by_day = True
    question = question_of([], since=EARLIEST, until=LATEST, source=source)

    assert (question.reach.since.year, question.reach.until) == (2013, NOW + timedelta(days=1))
    assert isinstance(question, Question)
    assert question.zone is UTC

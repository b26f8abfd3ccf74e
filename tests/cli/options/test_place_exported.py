"""`--from` with a folder that `aitrail export` wrote: the answers of the log files, and refusals with their reason."""

import json

import pytest


@pytest.fixture
def logs(tmp_path, log_file, record):
    log_file("logs/one.json.gz", record(1), record(2, eventTime="2026-03-13T08:00:00Z"))
    log_file("logs/two.json", record(3, errorCode="AccessDenied"))
    return tmp_path / "logs"


@pytest.fixture
def lake(aitrail, logs, tmp_path):
    """The whole export of the log files."""
    aitrail("export", tmp_path / "lake", "--from", logs, "--whole")
    return tmp_path / "lake"


QUESTIONS = {
    "usage": ["usage", "--by", "principal", "--by", "day", "--cost", "-o", "json"],
    "window": ["usage", "--by", "day", "--since", "2026-03-14", "--until", "2026-03-15", "-o", "csv"],
    "events": ["events", "--outcome", "denied", "--columns", "eventTime,eventID,outcome", "-o", "jsonl"],
    "whole": ["events", "--all", "-o", "jsonl"],
    "who": ["who", "*", "-o", "jsonl"],
    "what": ["what", "*", "-o", "jsonl"],
    "event": ["event", "00000003-0000-4000-8000-000000000000", "-o", "json"],
    "beginning": ["event", "00000001", "-o", "json"],
    "first and last": ["usage", "--by", "principal", "--first-last", "--since", "2026-03-14", "--until", "2026-03-15"],
    "running": ["running", "-o", "json"],
}


def values(text):
    """Lines of JSON without nulls, which exports leave out; other text as it is."""
    try:
        return [
            {name: value for name, value in json.loads(line).items() if value is not None} for line in text.splitlines()
        ]
    except (AttributeError, json.JSONDecodeError):
        return text


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_export_answers_as_the_log_files_do(aitrail, logs, lake, question):
    expected, found = (aitrail(*question, "--from", place) for place in (logs, lake))

    assert (found.exit_code, values(found.stdout)) == (expected.exit_code, values(expected.stdout))
    assert found.stdout


def test_report_of_an_export_has_the_numbers_of_its_log_files(aitrail, logs, lake):
    expected, found = (json.loads(aitrail("report", "--json", "--from", place).stdout) for place in (logs, lake))

    differing = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
    assert differing <= {"source", "now", "eventOptions", "command"}
    assert len(expected) > 5


def test_effort_tells_the_time_of_the_export(aitrail, lake):
    ended = aitrail("usage", "--from", lake, "--verbose")

    assert "Read 3 rows in 2 files of an export with calls until " in ended.stderr


REFUSED = {
    "more time": (["usage", "--since", "2026-03-01", "--until", "2036-01-01"], "it has calls until 20"),
    "log file options": (["usage", "--no-cache"], "--no-cache applies to log files: leave it out with an export."),
    "two paths": (["usage", "--from", "."], "is an export, which can only be asked alone"),
}


@pytest.mark.parametrize(("question", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_an_export_cannot_answer_is_refused_with_the_reason(aitrail, lake, question, reason):
    ended = aitrail(*question, "--from", lake)

    assert ended.exit_code in (1, 2)
    assert ended.stdout == ""
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_narrow_export_refuses_whole_rows_and_lists_indexed_columns(aitrail, logs, tmp_path):
    aitrail("export", tmp_path / "narrow", "--from", logs)

    refused = aitrail("events", "--columns", "userAgent", "--from", tmp_path / "narrow")
    listed = aitrail("events", "--columns", "eventID", "-o", "csv", "--from", tmp_path / "narrow")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has only the indexed columns of calls: export with --whole." in refused.stderr
    assert len(listed.stdout.splitlines()) == 4


def test_export_of_unreadable_log_files_is_marked_and_ends_strict_commands(aitrail, logs, tmp_path):
    (logs / "broken.json.gz").write_bytes(b"x")
    aitrail("export", tmp_path / "lake", "--from", logs)

    usual, strict = (aitrail("usage", "--from", tmp_path / "lake", *more) for more in ([], ["--strict"]))

    assert (usual.exit_code, strict.exit_code) == (0, 4)
    assert "some log files could not be read: calls may be missing." in usual.stderr

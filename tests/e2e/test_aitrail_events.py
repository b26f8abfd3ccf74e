import csv
import io
import json
import subprocess

import pytest

from aitrail.dynamodb import items
from demo.keeping import how_to_ask
from demo.processes import CommandFailedError

WINDOW = ("--since", "2026-10-01T00:00Z", "--until", "2026-11-21T00:00Z")


@pytest.fixture
def newest_first(pipeline):
    """All rows in the order of a list."""
    rows = [items.plain(row) for row in pipeline.rows()]
    return sorted(rows, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True)


def test_jsonl_has_every_row_whole_newest_first(pipeline, newest_first):
    output = pipeline.aitrail("events", *WINDOW, "--all")

    assert [json.loads(line) for line in output.splitlines()] == newest_first


def test_columns_asked_for_are_those_of_every_row_oldest_first(pipeline, newest_first):
    columns = ("eventTime", "resource", "userAgent")

    output = pipeline.aitrail("events", *WINDOW, "--all", "--reverse", "--columns", ",".join(columns))

    expected = [{name: row[name] for name in columns if name in row} for row in reversed(newest_first)]
    assert [json.loads(line) for line in output.splitlines()] == expected


def test_csv_has_one_line_for_each_event_of_the_service(pipeline, newest_first):
    output = pipeline.aitrail("events", *WINDOW, "--service", "lex", "-o", "csv")

    found = list(csv.DictReader(io.StringIO(output)))
    assert [line["eventID"] for line in found] == [row["eventID"] for row in newest_first if row["service"] == "lex"]


def test_table_shows_as_many_events_as_asked_for(pipeline, newest_first):
    output = pipeline.aitrail("events", *WINDOW, "--limit", "3", "-o", "table")

    header, *lines = output.splitlines()
    columns = header.replace(" (UTC)", "").split()
    assert [name for name in columns[:4] if name != "recordType"][:3] == ["eventTime", "operation", "principal"]
    assert [line.split()[0] for line in lines] == [row["eventTime"] for row in newest_first[:3]]


def test_window_without_events_is_empty_and_no_failure(pipeline):
    assert pipeline.aitrail("events", "--since", "2020-01-01", "--until", "2020-01-02") == ""


def test_stack_that_does_not_exist_is_named(pipeline):
    pipeline.outputs = {**(outputs := pipeline.outputs), "StackName": "nowhere"}
    try:
        with pytest.raises(CommandFailedError, match=r"exit code 3[\s\S]*nowhere"):
            pipeline.aitrail("events")
    finally:
        pipeline.outputs = outputs


def test_what_a_kept_demo_says_is_how_to_ask_it(pipeline, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    lines = how_to_ask(pipeline, WINDOW)

    ended = subprocess.run(["/bin/sh", "-ec", "\n".join(lines)], capture_output=True, text=True, check=False)  # noqa: S603

    assert '"principal": "user/alice"' in ended.stdout
    assert ended.returncode in (0, 4)  # as status finds it

"""--query: JMESPath over the list of all rows."""

import csv
import io
import json

import pytest

OBJECTS = "[].{who: principal, second: eventTime}"


@pytest.fixture
def asked(aitrail, log_file, record):
    """Runs `aitrail events` with a query, for three calls a second apart."""
    path = log_file("a.json", *map(record, range(3)))

    def asked(query, *arguments):
        return aitrail("events", "--from", path, "--query", query, *arguments)

    return asked


RESULTS = {
    "list": ("[].eventTime", [f"2026-03-14T00:00:0{second}Z" for second in (2, 1, 0)]),
    "objects": ("[:1].{who: principal}", [{"who": "user/audiobooks-batch"}]),
    "object": ("[0].{who: principal}", {"who": "user/audiobooks-batch"}),
    "number": ("length(@)", 3),
    "text": ("[0].service", "polly"),
    "attributes that only whole rows have": ("[].recordIndex", [2, 1, 0]),
    "nothing": ("[?service == 'lex']", []),
    "null": ("nowhere", None),
}


@pytest.mark.parametrize("arguments", [[], ["-o", "json"]], ids=["by default", "json"])
@pytest.mark.parametrize(("query", "expected"), RESULTS.values(), ids=RESULTS)
def test_result_is_shown_as_json(asked, query, expected, arguments):
    ended = asked(query, *arguments)

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == expected


@pytest.mark.parametrize(("query", "expected"), RESULTS.values(), ids=RESULTS)
def test_jsonl_has_each_element_in_a_line(asked, query, expected):
    lines = [json.loads(line) for line in asked(query, "-o", "jsonl").stdout.splitlines()]

    assert lines == (expected if isinstance(expected, list) else [] if expected is None else [expected])


TABLES = {
    "objects": (
        "[:2].{who: principal, index: recordIndex}",
        "who                    index\nuser/audiobooks-batch      2\nuser/audiobooks-batch      1\n",
    ),
    "objects that differ": ("[{a: `1`}, {b: `2`}]", "a  b\n1\n   2\n"),
    "lists": ("[:2].[service, recordIndex]", "1      2\npolly  2\npolly  1\n"),
    "texts": ("[:2].service", "value\npolly\npolly\n"),
    "number": ("length(@)", "value\n    3\n"),
    "nested": ("[:1].{a: [service]}", 'a\n["polly"]\n'),
    "nothing": ("[?service == 'lex']", ""),
    "null": ("nowhere", ""),
}


@pytest.mark.parametrize(("query", "expected"), TABLES.values(), ids=TABLES)
def test_table_and_csv_have_the_columns_of_the_result(asked, query, expected):
    table, cells = (asked(query, "-o", output).stdout for output in ("table", "csv"))

    assert table == expected
    assert [list(filter(None, row)) for row in csv.reader(io.StringIO(cells))] == [
        line.split() for line in expected.splitlines()
    ]


WRONG = {
    "not finished": ("[?", "Invalid jmespath expression: Incomplete expression:"),
    "empty": ("", "Invalid JMESPath expression: cannot be empty."),
    "unknown function": ("median(@)", "Unknown function: median()"),
    "wrong type": ("sum([].service)", "In function sum(), invalid type for value: polly"),
    "step of nothing": ("[::0]", "slice step cannot be zero"),
    "function as a result": ("[&service]", "Object of type _Expression is not JSON serializable"),
    "no JSON": ("to_number('nan')", "Out of range float values are not JSON compliant"),
    "far too deep": ("(" * 5000 + "a" + ")" * 5000, "maximum recursion depth exceeded"),
    "control characters": ("\x1b[31m", "Bad jmespath expression: Unknown token \\x1b"),
}


@pytest.mark.parametrize("output", ["json", "table"])
@pytest.mark.parametrize(("query", "message"), WRONG.values(), ids=WRONG)
def test_wrong_expression_ends_with_2_and_says_what_is_wrong(asked, query, message, output):
    ended = asked(query, "-o", output)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"Error: --query: {message}" in ended.stderr
    assert "(see https://jmespath.org)" in ended.stderr


def test_names_that_callers_chose_are_harmless_as_columns(aitrail, log_file, record):
    path = log_file("a.json", record(requestParameters={"=1+1": "a", "\x1b[2J\n": "b"}))

    table, cells = (
        aitrail("events", "--from", path, "--query", "[].requestParameters", "-o", output).stdout
        for output in ("table", "csv")
    )

    assert set(table.split()) == {"=1+1", "\\x1b[2J\\n", "a", "b"}
    assert {*cells.splitlines()[0].split(",")} == {"'=1+1", "\\x1b[2J\\n"}


def test_note_about_further_events_tells_that_the_query_saw_not_all(asked):
    ended = asked("length(@)", "--limit", 2)

    assert ended.stdout == "2\n"
    assert ended.stderr.startswith("These are the newest 2 events; there are more in the window:")


def test_scan_takes_a_query_too(aitrail, log_file, record):
    ended = aitrail("scan", log_file("a.json", *map(record, range(3))), "--query", "length(@)")

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "3\n", "")

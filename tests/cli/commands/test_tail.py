"""`aitrail tail` with moto's DynamoDB. Sleeping is replaced by a series of actions, then Ctrl-C."""

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from aitrail.cli.output import ROW_COLUMNS
from aitrail.dynamodb.tables import NARROW_COLUMNS

INTERRUPTED = 130


@pytest.fixture
def call(record):
    """Makes a record of a call some minutes ago."""

    def call(number, *, minutes=1, **changes):
        moment = datetime.now(UTC) - timedelta(minutes=minutes)
        return record(number, eventTime=moment.strftime("%Y-%m-%dT%H:%M:%SZ"), **changes)

    return call


@pytest.fixture
def one_call(recorded, call):
    recorded(call(1))


class Meanwhile:
    """Performs one action each time the program sleeps, and finally Ctrl-C.

    `slept` has the seconds, `shown` the standard output until then.
    """

    def __init__(self, *happenings):
        self.happenings = iter(happenings)
        self.slept, self.shown = [], []

    def __call__(self, seconds):
        self.slept.append(seconds)
        self.shown.append(sys.stdout.buffer.getvalue().decode())
        happening = next(self.happenings, None)
        if happening is None:
            raise KeyboardInterrupt
        happening()


@pytest.fixture
def tail(aitrail):
    def tail(*arguments, meanwhile=()):
        return aitrail("tail", *arguments, sleep=Meanwhile(*meanwhile))

    return tail


def numbers(text):
    return [int(json.loads(line)["eventID"][:8], 16) for line in text.splitlines()]


def test_calls_of_the_last_hour_come_first_and_then_those_that_appear_each_once(aitrail, recorded, call):
    first = recorded(call(1, minutes=5), call(2, minutes=50), call(3, minutes=70))
    appeared = []
    meanwhile = Meanwhile(
        lambda: appeared.extend(recorded(call(4, minutes=30), call(5, minutes=3))),
        lambda: None,
        lambda: appeared.extend(recorded(call(6))),
    )

    ended = aitrail("tail", sleep=meanwhile)

    assert (ended.exit_code, ended.stderr) == (INTERRUPTED, "")
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [first[1], first[0], *appeared]
    assert [numbers(shown) for shown in meanwhile.shown] == [[2, 1], [2, 1, 4, 5], [2, 1, 4, 5], [2, 1, 4, 5, 6]]
    assert meanwhile.slept == [5, 5, 5, 5]


def test_lookback_and_interval_may_be_others(aitrail, recorded, call):
    recorded(call(1, minutes=100), call(2, minutes=150))
    meanwhile = Meanwhile()

    ended = aitrail("tail", "--lookback", "2h", "--interval", "1m", sleep=meanwhile)

    assert numbers(ended.stdout) == [1]
    assert meanwhile.slept == [60]


def test_interval_of_more_than_a_day_is_refused(tail, stacks):
    ended = tail("--interval", "20000w")

    assert ended.exit_code == 2
    assert ended.stderr.endswith("Error: Invalid value for '--interval': give at most 1 day.\n")
    assert stacks.calls == []


def test_conditions_select_calls(tail, recorded, call):
    denied = call(2, errorCode="AccessDenied")
    recorded(call(1), denied, call(3))

    ended = tail("--errors", "--service", "polly", meanwhile=[lambda: recorded(call(4), denied | {"eventID": "x"})])

    assert [json.loads(line)["outcome"] for line in ended.stdout.splitlines()] == ["denied", "denied"]


@pytest.mark.parametrize(("output", "batches"), [("jsonl", 1), ("csv", 0), ("table", 0)])
@pytest.mark.usefixtures("one_call")
def test_whole_rows_are_read_once_where_they_are_shown(tail, stacks, output, batches):
    tail("-o", output, meanwhile=[lambda: None, lambda: None])

    assert stacks.calls.count("BatchGetItem") == batches


def test_csv_and_table_name_their_columns_once(tail, recorded, call):
    recorded(call(1))

    as_csv, as_table = (tail("-o", output, meanwhile=[lambda: recorded(call(2))]).stdout for output in ("csv", "table"))

    assert [row["principal"] for row in csv.DictReader(io.StringIO(as_csv))] == ["user/audiobooks-batch"] * 2
    assert as_csv.splitlines()[0] == ",".join(NARROW_COLUMNS)
    assert as_table.splitlines()[0].replace(" (UTC)", "").split() == list(ROW_COLUMNS)
    assert as_table.count("eventTime") == 1


def test_long_view_shows_rows_as_they_appear(tail, recorded, call):
    recorded(call(1))

    shown = tail("--long", meanwhile=[lambda: recorded(call(2))]).stdout

    assert shown.count("StartSpeechSynthesisTask  user/audiobooks-batch\n  service") == shown.count("\n\n") + 1 == 2


COLUMNS = {
    "narrow": ("operation,eventID", ["operation", "eventID"], 0),
    "wide": ("userAgent,operation", ["userAgent", "operation"], 1),
}


@pytest.mark.parametrize(("columns", "expected", "batches"), COLUMNS.values(), ids=COLUMNS)
@pytest.mark.usefixtures("one_call")
def test_columns_are_those_chosen_and_whole_rows_are_read_only_for_them(tail, stacks, columns, expected, batches):
    shown = {output: tail("--columns", columns, "-o", output).stdout for output in ("jsonl", "csv", "table")}

    assert set(json.loads(shown["jsonl"])) == set(expected)
    assert shown["csv"].splitlines()[0].split(",") == shown["table"].splitlines()[0].split() == expected
    assert stacks.calls.count("BatchGetItem") == 3 * batches


def test_table_shows_early_what_was_asked_about(tail, recorded, call):
    recorded(call(1, errorCode="AccessDenied"))

    header, line = tail("--errors", "-o", "table").stdout.splitlines()

    assert header.replace(" (UTC)", "").split()[:5] == ["eventTime", "operation", "principal", "outcome", "errorCode"]
    assert line.split()[3:5] == ["denied", "AccessDenied"]


WAITING = (
    "No calls with service polly, outcome denied or throttled in the stack aitrail in eu-west-1 within the last 2 "
    "hours; waiting. To look further back, use --lookback. CloudTrail delivers log files 5 to 15 minutes after a "
    "call."
)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("is_terminal", "expected"), [(True, WAITING), (False, "")], ids=["terminal", "none"])
def test_people_are_told_once_what_it_waits_for(tail, monkeypatch, is_terminal, expected):
    monkeypatch.setattr(
        "click.testing._NamedTextIOWrapper.isatty", lambda self: is_terminal and self.name == "<stderr>"
    )

    conditions = ("--service", "polly", "--outcome", "denied", "--outcome", "throttled")

    ended = tail(*conditions, "--lookback", "2h", meanwhile=[lambda: None])

    told = " ".join(ended.stderr.split())  # in lines that fit the terminal
    assert (ended.exit_code, ended.stdout, told) == (INTERRUPTED, "", expected)


@pytest.mark.usefixtures("one_call")
def test_nobody_waits_where_there_are_calls(tail, monkeypatch):
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: self.name == "<stderr>")

    assert tail(meanwhile=[lambda: None]).stderr == ""


@pytest.mark.usefixtures("one_call")
def test_verbose_tells_at_the_end_what_reading_took(tail):
    ended = tail("-v", "--service", "polly", "-o", "csv", meanwhile=[lambda: None])

    assert ended.exit_code == INTERRUPTED
    assert ended.stderr.startswith("Reading took ")
    assert "read units (index by-service, 1 value x " in ended.stderr


def test_throttling_is_told_waited_out_and_loses_nothing(aitrail, recorded, stacks, call):
    def calm_down():
        recorded(call(2))
        stacks.refusals.clear()

    recorded(call(1))
    stacks.refusals["BatchGetItem"] = ("ThrottlingException", "Rate exceeded")
    meanwhile = Meanwhile(calm_down, lambda: None)

    ended = aitrail("tail", "--service", "polly", sleep=meanwhile)

    assert (ended.exit_code, sorted(numbers(ended.stdout))) == (INTERRUPTED, [1, 2])
    assert meanwhile.slept == [10, 5, 5]
    told = ended.stderr.splitlines()
    assert told[0].startswith("Cannot read rows at the moment; trying again. An error occurred (ThrottlingException)")
    assert told[1:] == ["Reading rows works again."]


REFUSALS = {
    "not allowed": (("AccessDeniedException", "User: Alice is not authorized"), "docs/operations.md (Permissions)"),
    "no table": (("ResourceNotFoundException", "Requested resource not found"), "Restore it under its name"),
    "expired": (("ExpiredTokenException", "The token is expired"), "Log in again"),
}


@pytest.mark.usefixtures("one_call")
@pytest.mark.parametrize(("refusal", "hint"), REFUSALS.values(), ids=REFUSALS)
def test_what_does_not_pass_by_itself_ends_it_with_3(tail, stacks, refusal, hint):
    ended = tail("--service", "polly", meanwhile=[lambda: stacks.refusals.update(Query=refusal)])

    assert (ended.exit_code, numbers(ended.stdout)) == (3, [1])
    assert ended.stderr.startswith(f"Error: An error occurred ({refusal[0]})")
    assert hint in ended.stderr


@pytest.mark.usefixtures("credentials")
def test_missing_stack_ends_it_with_3_before_anything_is_told(tail, stacks):
    ended = tail("-v", "--stack", "other")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.count("Error: ") == ended.stderr.count("\n") == 1
    assert len(stacks.asked) == 1


WRONG = {
    "json": (["-o", "json"], "Invalid value for '-o' / '--output': 'json' is not one of 'table', 'jsonl', 'csv'."),
    "query": (["--query", "[0]"], "No such option '--query'"),
    "column": (["--columns", "princpal"], "'princpal' is not a column: did you mean principal?"),
    "no lookback": (["--lookback", "0s"], "Invalid value for '--lookback': give at least 1s."),
    "no interval": (["--interval", "0m"], "Invalid value for '--interval': give at least 1s."),
    "condition": (["--principal", "alice"], "Invalid value for '--principal': 'alice' is not a principal"),
    "window": (["--since", "1h"], "No such option '--since'"),
    "log files": (["--from", "."], "No such option '--from'"),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_line_ends_with_2_before_anything_is_asked(tail, stacks, arguments, message):
    ended = tail(*arguments)

    assert (ended.exit_code, ended.stdout, stacks.asked) == (2, "", [])
    assert message in ended.stderr

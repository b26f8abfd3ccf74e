"""`aitrail usage` over log files."""

import csv
import io
import json
import os
import pty
from datetime import UTC, datetime

import click
import pytest

from aitrail.questions import DIMENSIONS

PRICES = (
    "Prices of 2026-11 in USD for us-east-1 from secondary pages (AWS' own pages: https://aws.amazon.com/pricing/): "
    "check them.\n"
)
TREND = "trend: calls by day, in each line from 0 to its largest.\n"
NONE = {"streamSeconds": 0, "unmeasured": 0}
OWN = """
currency = "EUR"
date = "2026-10"
region = "eu-central-1"
source = "a contract"
[usage.eu-central-1.polly]
SynthesizeSpeech-Characters = { price = 3.5, per = 1_000_000, unit = "characters" }
"""


@pytest.fixture
def call(record):
    """Makes records of SynthesizeSpeech; `number` makes them distinct, and is the number of seconds in their times."""

    def call(number, user, *, engine="neural", characters=1_000, **changes):
        return record(
            number,
            eventName="SynthesizeSpeech",
            userIdentity={"type": "IAMUser", "userName": user, "accountId": "111122223333"},
            requestParameters={"engine": engine} if engine else {},
            responseElements=None if characters is None else {"requestCharacters": characters},
            **changes,
        )

    return call


@pytest.fixture
def task(record, log_file):
    """A task of 700 characters, a call that queries it, and a copy of its call."""
    spoken = {"responseElements": {"synthesisTask": {"requestCharacters": 700}}, "eventTime": "2026-02-28T23:59:59Z"}
    path = log_file(
        "task/a.json",
        record(1, eventName="StartSpeechSynthesisTask", **spoken),
        record(2, eventName="GetSpeechSynthesisTask", **spoken),
        record(3, eventName="StartSpeechSynthesisTask", eventCategory="NetworkActivity", **spoken),
    )
    return path.parent


@pytest.fixture
def folder(call, log_file):
    """Four calls by three people on two days, and the copy of one recorded at a VPC endpoint."""
    denied = {"errorCode": "AccessDenied", "responseElements": None}
    path = log_file(
        "logs/a.json.gz",
        call(1, "alice"),
        call(2, "alice", engine=None, characters=1_234_567),
        call(3, "bob", engine="turbo", characters=50, eventTime="2026-03-15T09:59:59Z"),
        call(4, "eve") | denied,
        call(5, "alice", eventCategory="NetworkActivity", eventType="AwsVpceEvent"),
    )
    return path.parent


def as_json(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_services_are_counted_unless_somebody_says_otherwise(aitrail, folder):
    ended = aitrail("usage", "--from", folder)

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert as_json(ended) == [
        {"service": "polly", "calls": 4, "errors": 1, "denied": 1, "characters": 1_235_617, **NONE}
    ]


def test_conditions_and_window_choose_what_is_counted(aitrail, folder):
    question = ("--principal", "user/*", "--outcome", "ok", "--since", "2026-03-14", "--until", "2026-03-15")

    ended = aitrail("usage", "--from", folder, "--by", "principal", *question)

    assert as_json(ended) == [
        {"principal": "user/alice", "calls": 2, "errors": 0, "denied": 0, "characters": 1_235_567, **NONE},
    ]


@pytest.mark.parametrize("name", DIMENSIONS)
def test_every_dimension_can_be_asked_for(aitrail, folder, name):
    (folder / "config.toml").write_text("teams.a.principals = '*'\nnetworks.b = '::/0'")
    ended = aitrail("--config", folder / "config.toml", "usage", "--from", folder, "--by", name.upper())

    assert (ended.exit_code, sum(group["calls"] for group in as_json(ended))) == (0, 4)
    assert all(name in group for group in as_json(ended))


def test_characters_of_a_task_count_once(aitrail, task):
    ended = aitrail("usage", "--from", task, "--by", "month", "--by", "week")

    measures = {"calls": 2, "errors": 0, "denied": 0, "characters": 700, **NONE}
    assert as_json(ended) == [{"month": "2026-02", "week": "2026-02-23"} | measures]


def test_json_has_null_where_csv_has_nothing_and_a_table_a_dash(aitrail, folder):
    question = ("usage", "--from", folder, "--by", "resource", "--by", "resource")

    shown = {output: aitrail(*question, "-o", output).stdout for output in ("json", "csv", "table")}

    assert [group["resource"] for group in json.loads(shown["json"])] == [None]
    assert shown["csv"] == "resource,calls,errors,denied,characters,streamSeconds,unmeasured\n,4,1,1,1235617,0,0\n"
    assert shown["table"] == (
        "resource  calls  errors  denied  characters\n"
        "-             4       1       1   1,235,617\n"
    )  # fmt: skip


def test_table_by_one_dimension_has_every_measure_and_totals(aitrail, folder):
    ended = aitrail("usage", "--from", folder, "--by", "principal", "--cost", "-o", "table")

    assert ended.stdout == (
        "principal   calls  errors  denied  characters  cost (USD)\n"
        "user/alice      2       0       0   1,235,567      4.9543\n"
        "user/bob        1       0       0          50\n"
        "user/eve        1       1       1           0      0.0000\n"
        "total           4       1       1   1,235,617      4.9543\n"
    )
    assert (
        ended.stderr
        == ("50 characters of the engine turbo have no price: they are not included in the cost.\n") + PRICES
    )


ONE_MEASURE = {
    "denied": "principal   denied\nuser/eve         1\nuser/alice       0\nuser/bob         0\ntotal            1\n",
    "cost": (
        "principal   cost (USD)\nuser/alice      4.9543\nuser/bob\nuser/eve        0.0000\ntotal           4.9543\n"
    ),
}


@pytest.mark.parametrize(("measure", "expected"), ONE_MEASURE.items(), ids=ONE_MEASURE)
def test_measure_of_a_table_by_one_dimension_is_its_only_column(aitrail, folder, measure, expected):
    ended = aitrail("usage", "--from", folder, "--by", "principal", "--measure", measure, "-o", "table")

    assert (ended.exit_code, ended.stdout) == (0, expected)


def test_cost_is_empty_for_services_without_prices(aitrail, call, record, log_file):
    path = log_file("a.json", call(1, "alice"), record(2, eventSource="lex.amazonaws.com", eventName="ListBots"))
    question = ("usage", "--from", path, "--cost")

    table, csv_file, lines = (aitrail(*question, "-o", output) for output in ("table", "csv", "jsonl"))

    assert table.stdout == (
        "service  calls  errors  denied  characters  cost (USD)\n"
        "lex          1       0       0           0\n"
        "polly        1       0       0       1,000       0.016\n"
        "total        2       0       0       1,000       0.016\n"
    )
    assert csv_file.stdout == (
        "service,calls,errors,denied,characters,streamSeconds,unmeasured,cost,costIsAtLeast,currency\n"
        "lex,1,0,0,0,0,0,,false,USD\n"
        "polly,1,0,0,1000,0,0,0.016,false,USD\n"
    )  # fmt: skip
    assert [(group["cost"], group["currency"]) for group in as_json(lines)] == [(None, "USD"), (0.016, "USD")]
    assert {ended.stderr for ended in (table, csv_file, lines)} == {
        ("The cost covers only Polly's characters, and nothing of lex.\n") + PRICES
    }


MEASURES = {
    "calls, unless somebody says otherwise": (
        [],
        (
            "principal   2026-03-14  2026-03-15  trend  total\n"
            "user/alice           2           0  █▁         2\n"
            "user/bob             0           1  ▁█         1\n"
            "user/eve             1           0  █▁         1\n"
            "total                3           1  █▄         4\n"
        ),
    ),
    "denied": (
        ["--measure", "denied"],
        (
            "principal   2026-03-14  2026-03-15  trend  total\n"
            "user/eve             1           0  █▁         1\n"
            "user/alice           0           0  ▁▁         0\n"
            "user/bob             0           0  ▁▁         0\n"
            "total                1           0  █▁         1\n"
        ),
    ),
    "cost, without --cost": (
        ["--measure", "cost"],
        (
            "principal   2026-03-14  2026-03-15  trend   total\n"
            "user/alice      4.9543              █      4.9543\n"
            "user/bob\n"
            "user/eve        0.0000              ▁      0.0000\n"
            "total           4.9543              █      4.9543\n"
        ),
    ),
}


@pytest.mark.parametrize(("arguments", "expected"), MEASURES.values(), ids=MEASURES)
def test_table_by_several_dimensions_has_the_last_as_columns(aitrail, folder, arguments, expected):
    ended = aitrail("usage", "--from", folder, "--by", "principal", "--by", "day", "-o", "table", *arguments)

    assert ended.stdout == expected


@pytest.mark.parametrize("output", ["json", "jsonl", "csv"])
def test_programs_get_a_row_for_each_combination_with_every_measure(aitrail, folder, output):
    question = ("--by", "day", "--by", "engine", "--by", "principal", "--cost", "--service", "polly")

    shown = aitrail("usage", "--from", folder, *question, "-o", output).stdout

    rows = {
        "json": lambda: json.loads(shown),
        "jsonl": lambda: [json.loads(line) for line in shown.splitlines()],
        "csv": lambda: list(csv.DictReader(io.StringIO(shown))),
    }[output]()
    names = ("day", "engine", "principal", "calls", "errors", "denied", "characters", "streamSeconds", "unmeasured")
    names += ("cost", "costIsAtLeast", "currency")
    absent, no = ("", "false") if output == "csv" else (None, False)
    expected = [
        ("2026-03-14", "neural", "user/alice", 1, 0, 0, 1_000, 0, 0, 0.016, no, "USD"),
        ("2026-03-14", "neural", "user/eve", 1, 1, 1, 0, 0, 0, 0, no, "USD"),
        ("2026-03-14", absent, "user/alice", 1, 0, 0, 1_234_567, 0, 0, 4.938268, no, "USD"),
        ("2026-03-15", "turbo", "user/bob", 1, 0, 0, 50, 0, 0, absent, no, "USD"),
    ]
    text = str if output == "csv" else lambda value: value
    assert rows == [dict(zip(names, map(text, values), strict=True)) for values in expected]


def test_query_is_asked_of_the_rows_whatever_a_table_would_look_like(aitrail, folder):
    query = "[?calls > `1`].{who: principal, calls: calls}"

    ended = aitrail("usage", "--from", folder, "--by", "principal", "--by", "day", "--query", query, "-o", "table")

    assert ended.stdout == "calls  who\n2      user/alice\n" or ended.stdout.split() == [
        "who",
        "calls",
        "user/alice",
        "2",
    ]


def test_own_prices_are_taken_from_a_file(aitrail, folder, tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(OWN)

    ended = aitrail("usage", "--from", folder, "--prices", path)

    assert as_json(ended)[0]["cost"] == 4.320984
    assert ended.stderr.splitlines() == [
        "1,000 characters of the engine neural have no price: they are not included in the cost.",
        "50 characters of the engine turbo have no price: they are not included in the cost.",
        "Prices of 2026-10 in EUR for eu-central-1 from a contract: check them.",
    ]


REFUSED = {
    "prices that are not there": (
        ["--prices", "nowhere.toml"],
        "Invalid value for '--prices': nowhere.toml cannot be read: No such file or directory.",
    ),
    "prices that are none": (["--prices", os.devnull], "Invalid value for '--prices': /dev/null: currency is missing;"),
    "dimension that is none": (["--by", "colour"], "Invalid value for '--by': 'colour' is not one of the "),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_command_line_is_refused_before_anything_is_read(aitrail, folder, arguments, message):
    ended = aitrail("usage", "--from", folder, *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"\nError: {message}" in ended.stderr


EMPTY = {
    "table": "",
    "json": "[]\n",
    "jsonl": "",
    "csv": "service,calls,errors,denied,characters,streamSeconds,unmeasured,cost,costIsAtLeast,currency\n",
}


@pytest.mark.parametrize(("output", "expected"), EMPTY.items(), ids=EMPTY)
def test_empty_result_is_fine_and_says_what_to_check(aitrail, folder, output, expected):
    ended = aitrail("usage", "--from", folder, "--service", "lex", "--cost", "-o", output)

    assert (ended.exit_code, ended.stdout) == (0, expected)
    assert ended.stderr.startswith("No calls with service lex ")
    assert "Prices" not in ended.stderr


@pytest.mark.parametrize("by", [["source-ip"], ["service", "source-ip"], ["source-ip", "service"]], ids="-".join)
def test_names_chosen_by_callers_neither_steer_the_terminal_nor_calculate(aitrail, call, log_file, by):
    path = log_file("a.json", call(1, "a", sourceIPAddress="=1+1"), call(2, "a", sourceIPAddress="\x1b[2J\n\u202e"))
    question = ("usage", "--from", path, *(text for name in by for text in ("--by", name)))

    shown = {output: aitrail(*question, "-o", output).stdout for output in ("table", "json", "jsonl", "csv")}

    assert all(text.replace("\n", "").isprintable() for text in shown.values())
    assert "\\x1b[2J\\n\\u202e" in shown["table"]
    assert "'=1+1," in shown["csv"]
    assert {group["source-ip"] for group in json.loads(shown["json"])} == {"=1+1", "\x1b[2J\n\u202e"}


def test_columns_for_which_a_terminal_has_no_room_are_summed_up(program, folder):
    terminal, stdout = pty.openpty()
    question = ("usage", "--from", folder, "--by", "service", "--by", "principal", "--no-color")

    process = program(*question, stdout=stdout, env=os.environ | {"TERM": "xterm", "COLUMNS": "40"})
    _, stderr = process.communicate(timeout=60)

    os.close(stdout)
    with os.fdopen(terminal, "rb", buffering=0) as stream:
        shown = stream.read(100_000).decode()
    assert (process.returncode, stderr) == (0, b"others: user/bob, user/eve: --wide shows them.\n")
    assert shown.splitlines() == [
        "service  user/alice  others  total",
        "polly             2       2      4",
    ]


def test_of_many_columns_that_are_summed_up_ten_are_named(on_terminal, call, log_file):
    path = log_file("a.json", *(call(number, f"u{number:02}") for number in range(13)))

    shown, stderr = on_terminal(
        "usage", "--from", path, "--by", "service", "--by", "principal", "--no-color", columns=30
    )

    assert shown == "service  user/u00  others\npolly           1      12\n"
    named = ", ".join(f"user/u{number:02}" for number in range(1, 11))
    assert stderr.splitlines() == [
        "No room for total: use --wide or --long, or widen the terminal.",
        f"others: {named} and 2 more: --wide shows them.",
    ]


@pytest.fixture
def night(call, log_file):
    """Four calls in the night in which clocks of Berlin are set back; two of them are made at half past two."""
    times = ("2026-10-24T21:59:59Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T23:00:00Z")
    path = log_file("a.json", *(call(number, "alice", eventTime=time) for number, time in enumerate(times)))
    return ("usage", "--from", path, "--timezone", "Europe/Berlin")


PERIODS = {
    "month": ["2026-10"],
    "week": ["2026-10-19", "2026-10-26"],
    "day": ["2026-10-24", "2026-10-25", "2026-10-26"],
    "hour": ["2026-10-24T23:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-26T00:00+01:00"],
}


@pytest.mark.parametrize("output", ["json", "csv"])
@pytest.mark.parametrize(("name", "expected"), PERIODS.items(), ids=PERIODS)
def test_periods_are_those_of_the_time_zone_in_order_in_every_format(aitrail, night, name, expected, output):
    ended = aitrail(*night, "--by", name, "-o", output)

    found = json.loads(ended.stdout) if output == "json" else list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [group[name] for group in found if int(group["calls"])] == expected


def test_day_of_25_hours_is_the_window_of_that_day(aitrail, night):
    ended = aitrail(*night, "--by", "hour", "--during", "2026-10-25")

    assert [group["hour"] for group in as_json(ended) if group["calls"]] == PERIODS["hour"][1:3]
    assert len(as_json(ended)) == 25


def test_table_names_the_time_zone_of_its_periods(aitrail, night):
    days = aitrail(*night, "--by", "day", "-o", "table")
    in_utc = aitrail(*night, "--by", "day", "--by", "service", "--timezone", "UTC", "-o", "table")
    across = aitrail(*night, "--by", "service", "--by", "day", "-o", "table")
    across_in_utc = aitrail(*night, "--by", "service", "--by", "day", "--timezone", "UTC", "-o", "table")

    assert days.stdout.startswith("day (Europe/Berlin)  calls ")
    assert in_utc.stdout.startswith("day (UTC)   polly")
    assert across.stdout.startswith("service  2026-10-24 ")
    assert [each.stderr for each in (days, in_utc, across)] == ["", "", f"The days are in Europe/Berlin.\n{TREND}"]
    assert across_in_utc.stderr == f"The days are in UTC.\n{TREND}"


def test_nothing_is_reported_in_the_time_zone(aitrail, night):
    ended = aitrail(*night, "--during", "2026-03-29")

    assert "No calls from 2026-03-29T00:00:00+01:00 until 2026-03-30T00:00:00+02:00 in " in ended.stderr


def test_unknown_characters_are_not_zero(aitrail, call, log_file):
    unknown = call(3, "bob", characters=None)
    path = log_file("a.json", call(1, "alice"), call(2, "alice", characters=None), unknown)

    ended = aitrail("usage", "--from", path, "--by", "principal", "--cost", "-o", "table")

    assert ended.stdout == (
        "principal   calls  errors  denied  characters  unmeasured  cost (USD)\n"
        "user/alice      2       0       0       1,000           1     >=0.016\n"
        "user/bob        1       0       0           0           1\n"
        "total           3       0       0       1,000           2     >=0.016\n"
    )
    assert "The records of 2 successful calls do not say how many characters there were" in ended.stderr
    assert "RequestCharacters" in ended.stderr


@pytest.mark.parametrize("which", [["--errors"], ["--outcome", "denied"]], ids=str)
def test_calls_that_an_endpoint_refused_are_denied_calls_told_apart_by_their_category(aitrail, call, log_file, which):
    endpoint = {"eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied"}
    path = log_file(
        "a.json", call(1, "alice") | {"errorCode": "AccessDenied"}, call(2, "bob", **endpoint), call(3, "c")
    )

    ended = aitrail("usage", "--from", path, *which, "--by", "event-category")

    assert [(group["event-category"], group["calls"], group["denied"]) for group in as_json(ended)] == [
        ("Management", 1, 1),
        ("NetworkActivity", 1, 1),
    ]


def test_total_of_accounts_counts_an_action_of_two_of_them_once(aitrail, call, log_file):
    accounts = ("111122223333", "444455556666")
    records = [call(n, "alice", sharedEventID="x", recipientAccountId=each) for n, each in enumerate(accounts)]

    ended = aitrail("usage", "--from", log_file("a.json", *records), "--by", "account", "-o", "table")

    assert [line.split()[:2] for line in ended.stdout.splitlines()[1:]] == [
        ["111122223333", "1"],
        ["444455556666", "1"],
        ["total", "1"],
    ]


@pytest.fixture
def many(call, log_file):
    """Users a to d with 1 to 4 calls of 4 to 1 characters."""
    users = [(user, 4 - number) for number, user in enumerate("abcd") for _ in range(number + 1)]
    records = [call(number, user, characters=size) for number, (user, size) in enumerate(users)]
    return ("usage", "--from", log_file("a.json", *records), "--by", "principal")


def test_groups_are_in_the_order_of_the_measure_that_is_shown_or_asked_for(aitrail, many):
    def users(*arguments):
        return [group["principal"][-1] for group in as_json(aitrail(*many, *arguments))]

    assert users() == ["d", "c", "b", "a"]
    assert users("--measure", "characters") == ["b", "c", "a", "d"]
    assert users("--measure", "characters", "--sort", "calls") == ["d", "c", "b", "a"]


def test_top_sums_all_others_in_one_line_at_the_end(aitrail, many):
    ended = aitrail(*many, "--top", "2", "--sort", "characters", "-o", "table")

    assert ended.stdout == (
        "principal  calls  errors  denied  characters\n"
        "user/b         2       0       0           6\n"
        "user/c         3       0       0           6\n"
        "(others)       5       0       0           8\n"
        "total         10       0       0          20\n"
    )
    assert [group["calls"] for group in as_json(aitrail(*many, "--top", "9"))] == [4, 3, 2, 1]


def test_top_with_columns_sums_the_others_of_each(aitrail, many):
    lines = aitrail(*many, "--by", "operation", "--top", "1", "-o", "table").stdout.splitlines()

    assert [line.split()[:2] for line in lines[1:]] == [["user/d", "4"], ["(others)", "6"], ["total", "10"]]


@pytest.fixture
def two_days(call, log_file):
    """Calls on a day and on the second day after it."""
    days = ("2026-03-14", "2026-03-16")
    records = [call(number, "alice", eventTime=f"{day}T10:00:00Z") for number, day in enumerate(days)]
    return ("usage", "--from", log_file("a.json", *records))


@pytest.mark.parametrize("output", ["json", "csv"])
def test_times_without_calls_have_zeros(aitrail, two_days, output):
    ended = aitrail(*two_days, "--since", "2026-03-13", "--until", "2026-03-18", "--by", "day", "-o", output)

    found = json.loads(ended.stdout) if output == "json" else list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [(group["day"][-2:], int(group["calls"])) for group in found] == [
        ("13", 0),
        ("14", 1),
        ("15", 0),
        ("16", 1),
        ("17", 0),
    ]


def test_without_a_window_zeros_are_between_the_first_and_the_last_call(aitrail, two_days):
    found = as_json(aitrail(*two_days, "--by", "hour"))

    assert (len(found), found[0]["hour"], found[-1]["hour"]) == (49, "2026-03-14T10:00Z", "2026-03-16T10:00Z")


def test_times_without_calls_are_lines_or_columns_of_a_table(aitrail, two_days):
    window = ("--since", "2026-03-14", "--until", "2026-03-17", "-o", "table")

    across = aitrail(*two_days, *window, "--by", "service", "--by", "day").stdout
    down = aitrail(*two_days, *window, "--by", "day", "--by", "service").stdout

    assert [line.split() for line in across.splitlines()] == [
        ["service", "2026-03-14", "2026-03-15", "2026-03-16", "trend", "total"],
        ["polly", "1", "0", "1", "█▁█", "2"],
    ]
    assert [line.split()[-1] for line in down.splitlines()] == ["polly", "1", "0", "1", "2"]


def test_too_many_times_are_left_out_and_it_is_said(aitrail, two_days):
    ended = aitrail(*two_days, "--by", "second")

    assert [group["calls"] for group in as_json(ended)] == [1, 1]
    assert "Times without calls are left out, as there are too many" in ended.stderr


def test_time_to_come_has_no_zeros(aitrail, two_days):
    now = datetime(2026, 3, 16, 12, tzinfo=UTC)

    ended = aitrail(*two_days, "--since", "2026-03-16", "--until", "2026-04-01", "--by", "day", now=lambda: now)

    assert [group["day"] for group in as_json(ended)] == ["2026-03-16"]


def test_bars_beside_the_measure_show_times_and_their_scale(aitrail, two_days):
    window = ("--since", "2026-03-14", "--until", "2026-03-17", "-o", "table")

    ended = aitrail(*two_days, *window, "--by", "day", "--measure", "characters")

    assert ended.stdout == (
        "day (UTC)   characters  0 to 1,000\n"
        "2026-03-14       1,000  ████████████████████\n"
        "2026-03-15           0  ▁\n"
        "2026-03-16       1,000  ████████████████████\n"
        "total            2,000\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"), [(["--by", "day"], "###"), (["--by", "service", "--by", "day"], "#_#")]
)
def test_marks_are_ascii_where_the_output_cannot_have_others(program, two_days, arguments, expected):
    question = (*two_days, "--since", "2026-03-14", "--until", "2026-03-17", *arguments, "-o", "table")

    process = program(*question, env=os.environ | {"PYTHONIOENCODING": "ascii"})

    stdout, _ = process.communicate(timeout=60)
    assert expected in stdout.decode("ascii")


def test_narrow_terminal_keeps_calls_errors_and_cost_beside_long_names(on_terminal, call, log_file):
    names = ("stations", "x" * 200, "y" * 60)
    spoken = [
        call(number, "alice") | {"eventName": "DeleteLexicon", "requestParameters": {"name": name}}
        for number, name in enumerate(names)
    ]
    question = ("usage", "--from", log_file("a.json", *spoken), "--by", "resource", "--cost", "--no-color")

    shown, stderr = on_terminal(*question, columns=50)

    lines = shown.splitlines()
    assert lines[0].split() == ["resource", "calls", "errors", "denied", "cost", "(USD)"]
    assert [line for line in lines if len(line) > 50] == [f"lexicon/{name}" for name in names[1:]]
    assert lines[lines.index(f"lexicon/{names[1]}") + 1].split() == ["1", "0", "0", "0.004"]
    assert stderr.startswith("No room for characters: use --wide or --long, or widen the terminal.\n")


def test_cost_that_was_asked_for_stays_longer_than_errors(on_terminal, folder):
    shown, stderr = on_terminal("usage", "--from", folder, "--by", "day", "--cost", "--no-color", columns=40)

    assert shown.splitlines()[0].split() == ["day", "(UTC)", "calls", "errors", "cost", "(USD)"]
    assert stderr.startswith("No room for 0 to 3, denied, characters: ")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("by", ["day", "principal day", "principal hour", "resource outcome"])
def test_no_line_is_wider_than_the_terminal(on_terminal, folder, by, width):
    dimensions = (text for name in by.split() for text in ("--by", name))

    shown, _ = on_terminal("usage", "--from", folder, *dimensions, columns=width)

    assert max(len(click.unstyle(line)) for line in shown.splitlines()) <= width


def test_long_view_has_every_measure_of_each_group(aitrail, folder):
    ended = aitrail("usage", "--from", folder, "--by", "principal", "--by", "day", "--cost", "--long")

    assert [group.splitlines()[0] for group in ended.stdout.split("\n\n")] == [
        "user/alice  2026-03-14",
        "user/eve  2026-03-14",
        "user/bob  2026-03-15",
        "total",
    ]
    assert ended.stdout.startswith(
        "user/alice  2026-03-14\n  calls       2\n  errors      0\n  denied      0\n  characters  1,235,567\n"
        "  cost        4.9543\n"
    )


def test_wide_table_sums_no_columns_up(on_terminal, folder):
    shown, stderr = on_terminal(
        "usage", "--from", folder, "--by", "service", "--by", "principal", "--wide", "--no-color", columns=40
    )

    assert shown.splitlines()[0].split() == ["service", "user/alice", "user/bob", "user/eve", "total"]
    assert stderr == ""

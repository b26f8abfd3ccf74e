"""`aitrail usage --compare` and `--first-last`."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
TODAY = ("--since", "2026-03-15")


@pytest.fixture
def aitrail(aitrail):
    """The command at noon on 15 March 2026."""
    return lambda *arguments, **options: aitrail(*arguments, now=lambda: NOW, **options)


@pytest.fixture
def call(record):
    """Makes records of SynthesizeSpeech; `number` makes them distinct."""

    def call(number, user, day, *, characters=1_000, hour=8, **changes):
        return record(
            number,
            eventName="SynthesizeSpeech",
            eventTime=f"2026-03-{day}T{hour:02}:{number:02}:00Z",
            userIdentity={"type": "IAMUser", "userName": user, "accountId": "111122223333"},
            requestParameters={"engine": "neural"},
            responseElements=None if characters is None else {"requestCharacters": characters},
            **changes,
        )

    return call


@pytest.fixture
def records_of_two_days(call):
    """On the 14th: two calls of alice, one of bob, and one in the afternoon; on the 15th: four of alice, one of eve."""
    early = [call(1, "alice", 14), call(2, "alice", 14), call(3, "bob", 14), call(4, "bob", 14, hour=15)]
    late = [call(number, "alice", 15) for number in range(5, 9)]
    return [*early, *late, call(9, "eve", 15, characters=None)]


@pytest.fixture
def folder(records_of_two_days, log_file):
    return log_file("logs/a.json.gz", *records_of_two_days).parent


def as_json(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


KNOWN = {"callsIsAtLeast": False, "callsBeforeIsAtLeast": False}
ALICE = {"principal": "user/alice", "calls": 4, "callsBefore": 2, "difference": 2, "percent": 100} | KNOWN
BOB = {"principal": "user/bob", "calls": 0, "callsBefore": 1, "difference": -1, "percent": -100} | KNOWN
EVE = {"principal": "user/eve", "calls": 1, "callsBefore": 0, "difference": 1, "percent": None} | KNOWN


def test_day_that_is_not_over_is_compared_with_the_same_part_of_the_day_before(aitrail, folder):
    ended = aitrail("usage", "--from", folder, "--by", "principal", "--compare", "previous", *TODAY)

    assert ended.exit_code == 0
    assert as_json(ended) == [ALICE, EVE, BOB]
    assert ended.stderr == (
        "The window from 2026-03-15T00:00:00Z until 2026-03-15T12:00:00Z is compared with the one from "
        "2026-03-14T00:00:00Z until 2026-03-14T12:00:00Z, the same part of the day before.\n"
    )


def test_window_is_compared_with_any_period(aitrail, folder):
    question = ("--by", "principal", "--compare", "2026-03-14", "--during", "2026-W11")

    ended = aitrail("usage", "--from", folder, *question, "--principal", "user/bob")

    assert [(group["calls"], group["callsBefore"]) for group in as_json(ended)] == [(2, 2)]
    assert "until 2026-03-15T00:00:00Z, not equally long: 6 days, 12:00:00 until now and 1 day." in ended.stderr


def test_periods_are_those_of_the_time_zone(aitrail, folder):
    question = ("--compare", "previous", "--during", "yesterday", "--timezone", "Asia/Tokyo")

    ended = aitrail("usage", "--from", folder, *question)

    assert [(group["calls"], group["callsBefore"]) for group in as_json(ended)] == [(3, 0)]
    assert ended.stderr == (
        "The window from 2026-03-14T00:00:00+09:00 until 2026-03-15T00:00:00+09:00 is compared with the one from "
        "2026-03-13T00:00:00+09:00 until 2026-03-14T00:00:00+09:00, the day before.\n"
    )


def test_table_has_signs_and_a_total_and_marks_what_is_at_least(aitrail, folder):
    question = ("--by", "principal", "--compare", "previous", *TODAY)

    calls = aitrail("usage", "--from", folder, *question, "-o", "table")
    characters = aitrail("usage", "--from", folder, *question, "--measure", "characters", "-o", "table")
    cost = aitrail("usage", "--from", folder, *question, "--cost", "-o", "table")

    assert calls.stdout == (
        "principal   calls  callsBefore  difference  percent\n"
        "user/alice      4            2          +2   +100.0\n"
        "user/eve        1            0          +1\n"
        "user/bob        0            1          -1   -100.0\n"
        "total           5            3          +2    +66.7\n"
    )
    assert characters.stdout == (
        "principal   characters  charactersBefore  difference  percent\n"
        "user/alice       4,000             2,000      +2,000   +100.0\n"
        "user/bob             0             1,000      -1,000   -100.0\n"
        "user/eve           >=0                 0\n"
        "total          >=4,000             3,000\n"
    )
    assert cost.stdout == (
        "principal   cost (USD)  costBefore (USD)  difference  percent\n"
        "user/alice       0.064             0.032      +0.032   +100.0\n"
        "user/bob         0.000             0.016      -0.016   -100.0\n"
        "user/eve                           0.000\n"
        "total          >=0.064             0.048\n"
    )
    assert "The records of 1 successful call do not say" in characters.stderr
    assert cost.stderr.splitlines()[-1].startswith("Prices of ")
    assert "Prices" not in characters.stderr


def test_groups_by_several_are_lines(aitrail, folder):
    question = ("--by", "principal", "--by", "operation", "--compare", "previous", *TODAY)

    ended = aitrail("usage", "--from", folder, *question, "-o", "table")

    lines = ended.stdout.splitlines()
    assert lines[1].split() == ["user/alice", "SynthesizeSpeech", "4", "2", "+2", "+100.0"]
    assert lines[-1].split() == ["total", "5", "3", "+2", "+66.7"]


def test_top_and_sort_apply_to_comparisons(aitrail, folder):
    question = ("usage", "--from", folder, "--by", "principal", "--compare", "previous", *TODAY)

    top = as_json(aitrail(*question, "--top", "1"))
    by_size = as_json(aitrail(*question, "--sort", "calls"))

    assert [(group["principal"], group["difference"]) for group in top] == [("user/alice", 2), ("(others)", 0)]
    assert [group["principal"] for group in by_size] == ["user/alice", "user/eve", "user/bob"]


def test_every_format_has_the_same_fields(aitrail, folder):
    question = ("usage", "--from", folder, "--by", "principal", "--cost", "--compare", "previous", *TODAY)

    (header, first, *_) = csv.reader(io.StringIO(aitrail(*question, "-o", "csv").stdout))

    names = ["principal", "cost", "costBefore", "difference", "percent"]
    names += ["costIsAtLeast", "costBeforeIsAtLeast", "currency"]
    assert (header, first) == (names, ["user/alice", "0.064", "0.032", "0.032", "100", "false", "false", "USD"])
    assert {*json.loads(aitrail(*question, "-o", "json").stdout)[0]} == {*names}
    assert json.loads(aitrail(*question, "--query", "[?difference == null].principal").stdout) == ["user/eve"]


def test_comparison_of_nothing_says_what_to_check_and_what_was_compared(aitrail, folder):
    ended = aitrail("usage", "--from", folder, "--service", "lex", "--compare", "previous", *TODAY)

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr.startswith("No events with service lex ")
    assert "is compared with the one from 2026-03-14T00:00:00Z" in ended.stderr


FIRST_LAST = ("--by", "principal", "--first-last", *TODAY)


def test_who_is_new_and_who_fell_silent_and_when_they_were_seen(aitrail, folder):
    ended = aitrail("usage", "--from", folder, *FIRST_LAST)

    counts = {"errors": 0, "denied": 0}
    assert as_json(ended) == [
        {
            "principal": "user/eve",
            "calls": 1,
            "firstSeen": "2026-03-15T08:09:00Z",
            "lastSeen": "2026-03-15T08:09:00Z",
            "new": True,
            "silent": False,
        }
        | counts,
        {
            "principal": "user/alice",
            "calls": 4,
            "firstSeen": "2026-03-14T08:01:00Z",
            "lastSeen": "2026-03-15T08:08:00Z",
            "new": False,
            "silent": False,
        }
        | counts,
        {
            "principal": "user/bob",
            "calls": 0,
            "firstSeen": "2026-03-14T08:03:00Z",
            "lastSeen": "2026-03-14T15:04:00Z",
            "new": False,
            "silent": True,
        }
        | counts,
    ]
    assert ended.stderr == (
        "3 groups, 1 new, 1 silent. firstSeen is the first call that was read, from 2025-12-15T00:00:00Z.\n"
    )


def test_table_of_first_and_last_calls_is_in_the_time_zone_and_in_words(aitrail, folder):
    ended = aitrail("usage", "--from", folder, *FIRST_LAST, "--timezone", "Europe/Berlin", "-o", "table")

    assert ended.stdout == (
        "principal   calls  errors  denied  firstSeen (Europe/Berlin)  lastSeen (Europe/Berlin)   new  silent\n"
        "user/eve        1       0       0  2026-03-15T09:09:00+01:00  2026-03-15T09:09:00+01:00  yes\n"
        "user/alice      4       0       0  2026-03-14T09:01:00+01:00  2026-03-15T09:08:00+01:00\n"
        "user/bob        0       0       0  2026-03-14T09:03:00+01:00  2026-03-14T16:04:00+01:00       yes\n"
    )


QUERIES = {
    "who stopped before a time": (
        ["--query", "[?silent && lastSeen < '2026-03-14T16'].principal"],
        ["user/bob"],
    ),
    "who is new": (["--query", "[?new].principal"], ["user/eve"]),
    "in the order of first calls": (["--sort", "firstSeen", "--query", "[].principal"], None),
    "when somebody began": (
        ["--principal", "user/alice", "--service", "polly", "--query", "[].firstSeen"],
        ["2026-03-14T08:01:00Z"],
    ),
}


@pytest.mark.parametrize(("arguments", "expected"), QUERIES.values(), ids=QUERIES)
def test_questions_about_first_and_last_calls_take_one_command(aitrail, folder, arguments, expected):
    ended = aitrail("usage", "--from", folder, *FIRST_LAST, *arguments)

    assert json.loads(ended.stdout) == (expected or ["user/eve", "user/bob", "user/alice"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--lookback", "0d", *TODAY], "there is no lookback"), ([], "the window has no start")],
    ids=["no lookback", "no window"],
)
def test_nothing_is_new_without_a_time_before_and_the_reason_is_said(aitrail, folder, arguments, reason):
    ended = aitrail("usage", "--from", folder, "--by", "principal", "--first-last", *arguments)

    assert {group["new"] for group in as_json(ended)} == {None}
    assert f"Nothing is marked as new, as {reason}.\n" in ended.stderr
    assert " 0 new" not in ended.stderr


REFUSED = {
    "no window": (["--compare", "previous"], "--compare needs a window with a start: give --since or --during."),
    "no period": (["--compare", "prev", *TODAY], "'prev' is not a period of time: "),
    "time": (["--compare", "previous", "--by", "day", *TODAY], "Each day is in one window only"),
    "time of first calls": (["--first-last", "--by", "day"], "Each day is in one window only"),
    "both": (["--compare", "previous", "--first-last"], "--compare and --first-last cannot be used together"),
    "lookback alone": (["--lookback", "3d"], "--lookback is the time that --first-last reads before the window"),
    "top": (["--first-last", "--top", "3"], "--top has no effect with --first-last: leave it out."),
    "cost": (["--first-last", "--cost"], "--cost has no effect with --first-last"),
    "order of a count": (["--sort", "difference"], "--sort difference has no effect here: choose from calls, "),
    "order of a comparison": (
        ["--compare", "previous", "--sort", "errors", *TODAY],
        "--sort errors has no effect here: choose from difference, calls.",
    ),
    "order of first calls": (
        ["--first-last", "--sort", "cost"],
        "--sort cost has no effect here: choose from lastSeen",
    ),
    "two measures": (
        ["--compare", "previous", "--measure", "errors", "--cost", *TODAY],
        "--compare shows one measure: leave out --measure errors, or the cost.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_together_is_refused(aitrail, folder, arguments, message):
    ended = aitrail("usage", "--from", folder, *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"\nError: {message}" in ended.stderr


@pytest.mark.parametrize("by", [["source-ip"], ["source-ip", "service"]], ids="-".join)
@pytest.mark.parametrize("what", [["--compare", "previous"], ["--first-last"]], ids="".join)
def test_names_chosen_by_callers_neither_steer_the_terminal_nor_calculate(aitrail, call, log_file, by, what):
    path = log_file("a.json", call(1, "a", 15, sourceIPAddress="=1+1"), call(2, "a", 15, sourceIPAddress="\x1b[2J\n"))
    question = ("usage", "--from", path, *(text for name in by for text in ("--by", name)), *what, *TODAY)

    shown = {output: aitrail(*question, "-o", output).stdout for output in ("table", "json", "csv")}

    assert all(text.replace("\n", "").isprintable() for text in shown.values())
    assert "\\x1b[2J\\n" in shown["table"]
    assert "'=1+1," in shown["csv"]


def test_stack_that_is_younger_than_what_was_asked_for_says_so(aitrail, recorded, stacks, records_of_two_days):
    stacks.created = "2026-03-14T06:00:00.000Z"
    recorded(*records_of_two_days)

    seen = aitrail("usage", "--by", "principal", "--first-last", *TODAY)
    compared = aitrail("usage", "--compare", "previous", "--since", "2026-03-14")
    younger = aitrail("usage", "--compare", "2026-03-15", "--since", "2026-03-15")

    assert [group["principal"] for group in as_json(seen) if group["new"]] == ["user/eve"]
    for ended in (seen, compared):
        assert "The stack was created at 2026-03-14T06:00:00Z: of the time before, only calls that were" in ended.stderr
    assert "created" not in younger.stderr


def test_window_of_a_table_may_be_a_period_that_is_not_over(aitrail, recorded, records_of_two_days):
    recorded(*records_of_two_days)

    ended = aitrail("usage", "--compare", "previous", "--during", "this-month")

    assert [(group["calls"], group["callsBefore"]) for group in as_json(ended)] == [(9, 0)]
    assert "until 2026-02-15T12:00:00Z, the same part of the month before." in ended.stderr

"""`aitrail who` and `aitrail what` over log files."""

import csv
import io
import json
import re

import pytest

from aitrail.dynamodb.tables import NARROW_COLUMNS

TASK = "speech-synthesis-task/7e6a4a52-1b4f-4d93-8a57-2f6d0c1b9e38"
SINCE = ("--since", "2026-03-14", "--until", "2026-03-15")


def by(name):
    return {"userIdentity": {"type": "IAMUser", "userName": name, "arn": f"arn:aws:iam::111122223333:user/{name}"}}


@pytest.fixture
def calls(record, log_file):
    """A log file with one call before the window, three calls within it, and optional further calls."""

    def calls(*more):
        known = record(0, eventTime="2026-03-01T00:00:00Z", **by("alice"))
        eve = record(2, sourceIPAddress="203.0.113.7", errorCode="AccessDenied", **by("eve"))
        return log_file("a.json", known, record(1, **by("alice")), eve, record(3, **by("alice")), *more)

    return calls


def rows(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_who_shows_who_touched_a_resource_newest_first_and_what_is_new(aitrail, calls):
    ended = aitrail("who", TASK, *SINCE, "--from", calls())

    assert [(row["eventTime"], row["principal"], row["new"]) for row in rows(ended)] == [
        ("2026-03-14T00:00:03Z", "user/alice", []),
        ("2026-03-14T00:00:02Z", "user/eve", ["principal", "sourceIPAddress"]),
        ("2026-03-14T00:00:01Z", "user/alice", []),
    ]
    assert all(set(row) <= {*NARROW_COLUMNS, "new"} for row in rows(ended))
    assert ended.exit_code == 0
    assert ended.stderr == (
        "3 calls, 1 error, 2 principals, 2 source addresses; first seen 2026-03-01T00:00:00Z, last seen "
        "2026-03-14T00:00:03Z (in the window and the 30 days before).\n"
        "New compared with the 30 days before: principal user/eve.\n"
        "New compared with the 30 days before: source address 203.0.113.7.\n"
    )


def test_what_shows_what_a_principal_did_newest_first_and_what_is_new(aitrail, calls, record):
    other = record(4, eventName="DescribeVoices", requestParameters=None, responseElements=None, **by("alice"))

    ended = aitrail("what", "user/alice", *SINCE, "--from", calls(other))

    assert [(row["eventTime"], row.get("resource"), row["new"]) for row in rows(ended)] == [
        ("2026-03-14T00:00:04Z", None, ["operation"]),
        ("2026-03-14T00:00:03Z", TASK, []),
        ("2026-03-14T00:00:01Z", TASK, []),
    ]
    assert ended.stderr == (
        "3 calls, 0 errors, 1 resource, 1 source address; first seen 2026-03-01T00:00:00Z, last seen "
        "2026-03-14T00:00:04Z (in the window and the 30 days before).\n"
        "New compared with the 30 days before: operation DescribeVoices.\n"
    )


SUBJECTS = {
    "an ARN of a principal": ("what", "arn:aws:iam::111122223333:user/eve", 1),
    "a pattern of principals": ("what", "user/*", 3),
    "an ARN of a resource": ("who", f"arn:aws:polly:eu-west-1:111122223333:{TASK}", 3),
    "a pattern of resources": ("who", "*/7e6a*", 3),
}


@pytest.mark.parametrize(("command", "subject", "expected"), SUBJECTS.values(), ids=SUBJECTS)
def test_argument_is_what_the_option_of_other_commands_is(aitrail, calls, command, subject, expected):
    ended = aitrail(command, subject, *SINCE, "--from", calls())

    assert len(rows(ended)) == expected


COMMANDS = {
    "who": (("who", TASK), ["operation", "principal", "outcome", "sourceIPAddress", "awsRegion", "eventID", "new"]),
    "what": (
        ("what", "user/*"),
        ["service", "operation", "resource", "outcome", "sourceIPAddress", "awsRegion", "eventID", "new"],
    ),
}


@pytest.mark.parametrize(("question", "columns"), COMMANDS.values(), ids=COMMANDS)
def test_table_names_in_words_what_is_new(aitrail, calls, record, question, columns):
    new = record(4, sourceIPAddress="203.0.113.8", eventName="DeleteLexicon", **by("alice"))

    lines = aitrail(*question, *SINCE, "-o", "table", "--from", calls(new)).stdout.splitlines()

    assert lines[0].replace(" (UTC)", "").split() == ["eventTime", *columns]
    assert lines[1].endswith("eu-west-1  00000004  sourceIPAddress, operation")
    assert re.search(r"eu-west-1  0000000\d$", lines[2])


def test_csv_has_every_narrow_column_and_what_is_new_in_words(aitrail, calls):
    ended = aitrail("who", TASK, *SINCE, "-o", "csv", "--from", calls())

    cells = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert tuple(cells[0]) == (*NARROW_COLUMNS, "new", "recordType")
    assert [row["new"] for row in cells] == ["", "principal, sourceIPAddress", ""]


def test_query_is_asked_of_rows_with_lists(aitrail, calls):
    ended = aitrail("who", TASK, *SINCE, "--query", "[?contains(new, 'principal')].principal", "--from", calls())

    assert json.loads(ended.stdout) == ["user/eve"]


GROUPS = {
    "who": (
        ("who", TASK),
        [
            {"principal": "user/alice", "calls": 2, "errors": 0, "denied": 0, "records": 2}
            | {
                "operations": 1,
                "sourceAddresses": 1,
                "firstSeen": "2026-03-14T00:00:01Z",
                "lastSeen": "2026-03-14T00:00:03Z",
                "new": False,
            },
            {"principal": "user/eve", "calls": 1, "errors": 1, "denied": 1, "records": 1}
            | {
                "operations": 1,
                "sourceAddresses": 1,
                "firstSeen": "2026-03-14T00:00:02Z",
                "lastSeen": "2026-03-14T00:00:02Z",
                "new": True,
            },
        ],
    ),
    "what": (
        ("what", "user/*"),
        [
            {"resource": TASK, "calls": 3, "errors": 1, "denied": 1, "records": 3}
            | {
                "operations": 1,
                "sourceAddresses": 2,
                "firstSeen": "2026-03-14T00:00:01Z",
                "lastSeen": "2026-03-14T00:00:03Z",
                "new": False,
            },
        ],
    ),
}


@pytest.mark.parametrize(("question", "expected"), GROUPS.values(), ids=GROUPS)
def test_summary_has_one_row_for_each_group(aitrail, calls, question, expected):
    shown = {
        output: aitrail(*question, *SINCE, "--summary", "-o", output, "--from", calls()).stdout
        for output in ("json", "jsonl", "csv", "table")
    }

    assert json.loads(shown["json"]) == [json.loads(line) for line in shown["jsonl"].splitlines()] == expected
    texts = [
        [str(value).lower() if isinstance(value, bool) else str(value) for value in row.values()] for row in expected
    ]
    assert list(csv.reader(io.StringIO(shown["csv"]))) == [list(expected[0]), *texts]
    lines = [line.split() for line in shown["table"].replace(" (UTC)", "").splitlines()]
    assert lines == [[*line[:4], *line[5:]] for line in [list(expected[0]), *texts]]  # no more records than calls


@pytest.mark.parametrize(("output", "gap"), [("table", None), ("csv", ",")], ids=["table", "csv"])
def test_columns_are_those_chosen(aitrail, calls, output, gap):
    ended = aitrail("who", TASK, *SINCE, "--columns", "NEW,accessKeyId", "-o", output, "--from", calls())

    assert ended.stdout.splitlines()[0].split(gap) == ["new", "accessKeyId"]
    assert "principal, sourceIPAddress" in ended.stdout.splitlines()[2]


def test_json_has_the_columns_chosen_alone(aitrail, calls):
    ended = aitrail("what", "user/eve", *SINCE, "--columns", "errorCode,outcome,calledBy", "--from", calls())

    assert rows(ended) == [{"errorCode": "AccessDenied", "outcome": "denied"}]


LIMITS = {
    "one": (["--limit", 1], 1, "This is the newest record, and there are 2 more: raise --limit, or give --all.\n"),
    "two": (["--limit", 2], 2, "These are the newest 2 records, and there is 1 more: raise --limit, or give --all.\n"),
    "as many as there are": (["--limit", 3], 3, ""),
    "principals": (
        ["--limit", 1, "--summary"],
        1,
        "This is the newest principal, and there is 1 more: raise --limit, or give --all.\n",
    ),
    "none": (["--all"], 3, ""),
}


@pytest.mark.parametrize(("arguments", "expected", "note"), LIMITS.values(), ids=LIMITS)
def test_limit_holds_for_what_is_shown_and_not_for_the_summary(aitrail, calls, arguments, expected, note):
    ended = aitrail("who", TASK, *SINCE, *arguments, "--from", calls())

    assert len(rows(ended)) == expected
    assert ended.stderr.startswith(f"{note}3 calls, 1 error, 2 principals, 2 source addresses; first seen 2026-03-01")


def test_default_limit_is_a_hundred(aitrail, record, log_file):
    ended = aitrail("who", TASK, "--from", log_file("a.json", *map(record, range(101))))

    assert len(rows(ended)) == 100
    assert ended.stderr.startswith("These are the newest 100 records, and there is 1 more: ")
    assert "101 calls" in ended.stderr


BASELINES = {
    "it has no such call": (
        ["--baseline", "12d"],
        ["There are no calls in the 12 days before, so nothing is marked as new."],
    ),
    "there is none": (["--baseline", "0d"], []),
    "it has the same values": (["--outcome", "ok"], ["Nothing is new compared with the 30 days before."]),
    "it is in hours": (
        ["--baseline", "36h"],
        ["There are no calls in the 36 hours before, so nothing is marked as new."],
    ),
    "it is in minutes": (
        ["--baseline", "1m"],
        ["There are no calls in the 1 minute before, so nothing is marked as new."],
    ),
    "it is in seconds": (
        ["--baseline", "90s"],
        ["There are no calls in the 90 seconds before, so nothing is marked as new."],
    ),
}


@pytest.mark.parametrize(("arguments", "expected"), BASELINES.values(), ids=BASELINES)
def test_nothing_is_new_and_the_summary_says_why_if(aitrail, calls, arguments, expected):
    ended = aitrail("who", TASK, *SINCE, *arguments, "--from", calls())

    assert not any(row["new"] for row in rows(ended))
    assert ended.stderr.splitlines()[1:] == expected


def test_window_that_reaches_back_to_the_beginning_has_nothing_to_compare_with(aitrail, calls):
    ended = aitrail("who", TASK, "--from", calls())

    assert [row["new"] for row in rows(ended)] == [[]] * 4
    assert ended.stderr.splitlines()[1:] == [
        "There is nothing before the window to compare with: use --since to start it later."
    ]


def test_ten_new_values_are_named(aitrail, calls, record):
    others = [record(number, **by(f"user{number}")) for number in range(4, 15)]

    ended = aitrail("who", TASK, *SINCE, "--from", calls(*others))

    named = ", ".join(f"user/user{number}" for number in range(14, 4, -1))
    assert f"New compared with the 30 days before: principal {named} and 2 more.\n" in ended.stderr


NOTHING = {
    "in the window": (
        ["--since", "2026-03-15", "--until", "2026-03-16"],
        "from 2026-03-15T00:00:00Z until 2026-03-16T00:00:00Z",
        ["Names of resources are case-sensitive.", "The last record before the window is from 2026-03-14T00:00:03Z."],
    ),
    "before it either": (
        ["--since", "2026-02-15", "--until", "2026-02-16"],
        "from 2026-02-15T00:00:00Z until 2026-02-16T00:00:00Z",
        ["Names of resources are case-sensitive."],
    ),
}


@pytest.mark.parametrize(("when", "window", "more"), NOTHING.values(), ids=NOTHING)
def test_nothing_found_names_what_was_asked_for_and_the_last_call_before(aitrail, calls, when, window, more):
    path = calls()

    ended = aitrail("who", TASK, *when, "--from", path)

    first, *rest = ended.stderr.splitlines()
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert first.startswith(f"No events with resource {TASK} {window} in {path}.")
    assert rest == more


def test_argument_stands_before_the_paths(aitrail, calls, record, log_file):
    paths = calls(), log_file("b.json", record(9, **by("alice")))

    before, behind = aitrail("who", TASK, *SINCE, "--from", *paths), aitrail("who", "--from", paths[0], TASK, paths[1])

    assert (len(rows(before)), len(rows(behind))) == (4, 5)


WRONG = {
    "who, no resource": (["who"], "Missing argument 'RESOURCE'."),
    "what, no principal": (["what"], "Missing argument 'PRINCIPAL'."),
    "who, no kind": (["who", "stations"], "Invalid value for 'RESOURCE': 'stations' is not a resource: give KIND/NAME"),
    "what, no kind": (["what", "alice"], "Invalid value for 'PRINCIPAL': 'alice' is not a principal: give user/alice"),
    "who, a principal": (["who", "user/alice"], "not a resource. For a principal: aitrail what user/alice\n"),
    "who, root": (["who", "root"], "For a principal: aitrail what root\n"),
    "who, ARN of a user": (
        ["who", "arn:aws:iam::111122223333:user/alice"],
        "For a principal: aitrail what arn:aws:iam::111122223333:user/alice\n",
    ),
    "what, a resource": (["what", "bot/QX7ZJ2K9LM"], "not a principal. For a resource: aitrail who bot/QX7ZJ2K9LM\n"),
    "what, ARN of a bot": (
        ["what", "arn:aws:lex:eu-west-1:111122223333:bot/QX7ZJ2K9LM"],
        "For a resource: aitrail who arn:aws:lex:eu-west-1:111122223333:bot/QX7ZJ2K9LM\n",
    ),
    "columns of a summary": (
        ["who", TASK, "--summary", "--columns", "principal"],
        "--columns and --summary cannot be used together: give one of them.",
    ),
    "wide column": (
        ["who", TASK, "--columns", "userAgent"],
        "Invalid value for '--columns': 'userAgent' is not a column",
    ),
    "who, the option": (["who", TASK, "--resource", TASK], "No such option '--resource'"),
    "what, the option": (["what", "root", "--principal", "root"], "No such option '--principal'"),
    "limit of everything": (
        ["who", TASK, "--all", "--limit", "3"],
        "--all and --limit cannot be used together: give one of them.",
    ),
    "no span": (["who", TASK, "--baseline", "long"], "Invalid value for '--baseline': 'long' is not a span of time"),
    "unknown operation": (["who", TASK, "--operation", "a b"], "'a b' is not an operation"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_question_ends_with_2_before_anything_is_asked(aitrail, arguments, message):
    ended = aitrail(*arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_log_files_that_cannot_be_read_are_told(aitrail, calls, log_file):
    broken = log_file("b.json")
    broken.write_text("{")

    ended = aitrail("who", TASK, *SINCE, "-v", "--from", calls(), broken)

    assert len(rows(ended)) == 3
    assert f"{broken}: unreadable" in ended.stderr
    assert "1 log file read, 1 unreadable" in ended.stderr


def test_times_for_people_are_in_the_time_zone(aitrail, calls):
    zone = ("--from", calls(), "--timezone", "Asia/Tokyo", "--columns", "eventTime,operation")

    whole = aitrail("who", TASK, *SINCE, *zone, "-o", "table")
    grouped = aitrail("who", TASK, *SINCE, *zone[:-2], "--summary", "-o", "table")
    lines = aitrail("who", TASK, *SINCE, *zone)

    assert whole.stdout.splitlines()[:2] == [
        "eventTime (Asia/Tokyo)     operation",
        "2026-03-14T09:00:03+09:00  StartSpeechSynthesisTask",
    ]
    assert (
        "first seen 2026-03-01T09:00:00+09:00, last seen 2026-03-14T09:00:03+09:00 (in the window and " in whole.stderr
    )
    assert "  firstSeen (Asia/Tokyo)     lastSeen (Asia/Tokyo)      new" in grouped.stdout
    assert "  2026-03-14T09:00:01+09:00  2026-03-14T09:00:03+09:00  false" in grouped.stdout
    assert {row["eventTime"][-1] for row in rows(lines)} == {"Z"}


def speech(number, *lexicons, region="eu-west-1", account="111122223333"):
    return {
        "eventSource": "polly.amazonaws.com",
        "eventName": "SynthesizeSpeech",
        "eventTime": f"2026-03-14T00:00:0{number}Z",
        "requestParameters": {"lexiconNames": lexicons},
        "responseElements": None,
        "awsRegion": region,
        "recipientAccountId": account,
    }


@pytest.fixture
def speeches(record, log_file):
    """A log file with calls that use lexicons of the same names in two Regions and two accounts."""
    here = record(1, **speech(1, "names"))
    together = record(2, **speech(2, "names", "places"))
    elsewhere = record(3, **speech(3, "places", region="us-east-1"))
    of_others = record(4, **speech(4, "places", account="444455556666"))
    return log_file("a.json", here, together, elsewhere, of_others)


ARN = "arn:aws:polly:eu-west-1:111122223333:lexicon/places"


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (["lexicon/names"], [2, 1]),
        (["lexicon/places"], [4, 3, 2]),
        (["lexicon/p*"], [4, 3, 2]),
        (["lexicon/places", "--account", "111122223333"], [3, 2]),
        (["lexicon/places", "--in-region", "us-east-1"], [3]),
        ([ARN], [2]),
        ([ARN.replace("111122223333", "")], [4, 2]),
        ([ARN.replace("eu-west-1:111122223333", ":")], [4, 3, 2]),
    ],
)
def test_who_finds_every_use_of_a_resource_and_an_arn_only_that_one(aitrail, speeches, arguments, numbers):
    ended = aitrail("who", *arguments, *SINCE, "--from", speeches)

    assert [int(row["eventTime"][-2]) for row in rows(ended)] == numbers


def test_who_shows_account_and_region_where_there_are_several(aitrail, speeches):
    several, one = (
        aitrail("who", *arguments, *SINCE, "-o", "table", "--from", speeches)
        for arguments in (["lexicon/places"], ["lexicon/names"])
    )

    assert several.stdout.replace(" (UTC)", "").split()[:3] == ["eventTime", "recipientAccountId", "awsRegion"]
    assert "recipientAccountId" not in one.stdout
    note = (
        "The calls were made in 2 accounts (111122223333, 444455556666) and 2 Regions (eu-west-1, us-east-1), where "
        "resources with the same name are different ones: select with --account, --in-region or an ARN.\n"
    )
    assert note in several.stderr
    assert "different ones" not in one.stderr


@pytest.fixture
def mixed(record, log_file):
    """A log file with seven records of four calls: one corrected, one of two accounts, one refused by an endpoint."""
    endpoint = {"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvent", **by("alice")}
    right = {"reason": "UPDATED_DATA", "originalEventID": "00000001-0000-4000-8000-000000000000"}
    accounts = ("111122223333", "444455556666")
    return log_file(
        "a.json",
        record(1, **by("alice")),
        record(2, addendum=right, **by("alice")),
        *(record(3 + n, sharedEventID="x", recipientAccountId=each, **by("bob")) for n, each in enumerate(accounts)),
        record(5, **endpoint),
        record(6, errorCode="VpceAccessDenied", **endpoint),
        record(7, eventName="DescribeVoices", requestParameters=None, responseElements=None, **by("eve")),
    )


MARKS = {
    "00:00:06Z": "endpoint-refusal",
    "00:00:05Z": "endpoint-copy",
    "00:00:04Z": "shared",
    "00:00:03Z": "shared",
    "00:00:02Z": "correction",
    "00:00:01Z": None,
}


@pytest.mark.parametrize("question", [("who", TASK), ("what", "user/*", "--resource", TASK)], ids=["who", "what"])
def test_every_record_is_shown_and_marked_and_each_call_counted_once(aitrail, mixed, question):
    lines = aitrail(*question, *SINCE, "--from", mixed)

    assert {row["eventTime"][11:]: row.get("recordType") for row in rows(lines)} == MARKS
    assert lines.stderr.splitlines()[0].startswith("3 calls (6 records), 1 error, ")


def test_table_shows_what_records_are_beside_the_operation_where_some_are_not_just_calls(aitrail, mixed):
    some, none = (
        aitrail("who", TASK, *SINCE, *which, "--from", mixed, "-o", "table").stdout.splitlines()
        for which in ((), ("--until", "2026-03-14T00:00:02Z"))
    )

    assert some[0].replace(" (UTC)", "").split()[:5] == [
        *("eventTime", "recipientAccountId", "awsRegion", "operation", "recordType"),
    ]
    assert [line.split()[4] for line in some[1:-1]] == [mark for mark in MARKS.values() if mark]
    assert "recordType" not in none[0]


def test_summary_has_the_records_of_each_group_where_they_are_more_than_its_calls(aitrail, mixed):
    table = aitrail("who", TASK, *SINCE, "--summary", "--from", mixed, "-o", "table").stdout.splitlines()
    usage = aitrail("usage", "--by", "principal", "--resource", TASK, "--from", mixed, "-o", "table").stdout

    assert [line.split()[:5] for line in table] == [
        ["principal", "calls", "errors", "denied", "records"],
        ["user/alice", "2", "1", "1", "4"],
        ["user/bob", "1", "0", "0", "2"],
    ]
    assert [line.split()[:4] for line in usage.splitlines()[1:-1]] == [line.split()[:4] for line in table[1:]]


def test_star_stands_for_calls_with_any_resource_or_none(aitrail, mixed):
    anything, some = (
        {row["principal"]: row["calls"] for row in rows(aitrail("who", subject, "--summary", "--from", mixed))}
        for subject in ("*", "*/*")
    )

    assert anything == {"user/alice": 2, "user/bob": 1, "user/eve": 1}
    assert some == {"user/alice": 2, "user/bob": 1}


def test_records_that_are_no_calls_of_the_window_are_shown_and_said_to_be_none(aitrail, mixed):
    ended = aitrail("who", TASK, "--since", "2026-03-14T00:00:02Z", "--until", "2026-03-14T00:00:03Z", "--from", mixed)

    assert [row["recordType"] for row in rows(ended)] == ["correction"]
    assert ended.stderr.startswith("0 calls (1 record), 0 errors, 1 principal, ")


def test_arn_in_another_account_than_asked_for_is_refused(aitrail, speeches):
    ended = aitrail("who", ARN, "--account", "444455556666", *SINCE, "--from", speeches)

    assert ended.exit_code == 2
    assert f"'{ARN}' is in another account than 444455556666: no call meets both." in " ".join(ended.stderr.split())

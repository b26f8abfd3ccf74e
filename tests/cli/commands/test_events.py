"""`aitrail events` with moto's DynamoDB."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from aitrail.cli.output import ROW_COLUMNS
from aitrail.dynamodb.tables import NARROW_COLUMNS

DAY = ("--since", "2026-03-14", "--until", "2026-03-15")

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def three_calls(recorded, record):
    recorded(*(record(number, eventTime=f"2026-03-14T0{number}:00:00Z") for number in range(3)))


def times(text):
    return [json.loads(line)["eventTime"] for line in text.splitlines()]


def narrow(row):
    return {name: row[name] for name in NARROW_COLUMNS if name in row}


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_has_whole_rows_newest_first(aitrail, recorded, records, output):
    rows = recorded(*records.values())

    ended = aitrail("events", "--since", "2026-11-18", "--until", "2026-11-19", "-o", output)

    newest_first = sorted(rows, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True)
    shown = json.loads(ended.stdout) if output == "json" else [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.exit_code, ended.stderr, shown) == (0, "", newest_first)
    assert {row["service"] for row in rows} == {"lex", "personalize", "polly", "transcribe"}


def test_reverse_shows_the_oldest_first(aitrail, recorded, record):
    recorded(*(record(number, eventTime=f"2026-03-1{number}T00:00:00Z") for number in (1, 3, 2)))

    ended = aitrail("events", "--since", "2026-03-10", "--until", "2026-03-15", "--reverse", "--limit", 2)

    assert times(ended.stdout) == ["2026-03-11T00:00:00Z", "2026-03-12T00:00:00Z"]
    assert ended.stderr == (
        "These are the oldest 2 events; there are more in the window: raise --limit, or give --all.\n"
    )


# The planner queries the index of the condition; conditions on other columns are checked afterwards.
SELECTIONS = {
    "service": (["--service", "lex", "--service", "transcribe"], {"lex-by-sso", "transcribe", "denied"}),
    "principal": (["--principal", "sso/alice@example.com"], {"lex-by-sso"}),
    "pattern of principals": (["--principal", "role/*"], {"polly-by-role", "personalize", "transcribe"}),
    "resource": (["--resource", "bot/QX7ZJ2K9LM"], {"lex-by-sso"}),
    "outcome": (["--errors"], {"denied"}),
    "two conditions": (["--service", "polly", "--credentials", "iam-user"], {"polly-by-user"}),
    "nothing read": (["--write-only", "--service", "polly"], {"polly-by-user"}),
}


@pytest.mark.parametrize(("arguments", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_conditions_select_events_of_the_table(aitrail, recorded, records, arguments, expected):
    rows = recorded(*records.values())
    names = {row["eventID"]: name for row, name in zip(rows, records, strict=True)}

    ended = aitrail("events", *arguments, "--since", "2026-11-18", "--until", "2026-11-19", "--columns", "eventID")

    assert {names[json.loads(line)["eventID"]] for line in ended.stdout.splitlines()} == expected


def test_window_has_its_begin_and_not_its_end(aitrail, recorded, record):
    recorded(*map(record, range(5)))

    ended = aitrail("events", "--since", "2026-03-14T00:00:01Z", "--until", "2026-03-14T01:00:03+01:00")

    assert times(ended.stdout) == ["2026-03-14T00:00:02Z", "2026-03-14T00:00:01Z"]


def test_default_window_is_the_last_seven_days(aitrail, recorded, record):
    now = datetime.now(UTC)
    ages = {"young": timedelta(minutes=1), "old": timedelta(days=6.9), "too old": timedelta(days=7.1)}
    moments = {name: (now - age).strftime("%Y-%m-%dT%H:%M:%SZ") for name, age in ages.items()}
    recorded(*(record(number, eventTime=moment) for number, moment in enumerate(moments.values())))

    ended = aitrail("events")

    assert times(ended.stdout) == [moments["young"], moments["old"]]


MORE = "These are the newest 2 events; there are more in the window: raise --limit, or give --all.\n"
LIMITS = {
    "one": (
        ["--limit", 1],
        1,
        "This is the newest event; there are more in the window: raise --limit, or give --all.\n",
    ),
    "fewer than there are": (["--limit", 2], 2, MORE),
    "as many as there are": (["--limit", 3], 3, ""),
    "more than there are": (["--limit", 4], 3, ""),
    "fewer, with narrow columns": (["--limit", 2, "--columns", "eventTime"], 2, MORE),
    "no limit": (["--all"], 3, ""),
}


@pytest.mark.parametrize(("arguments", "expected", "note"), LIMITS.values(), ids=LIMITS)
@pytest.mark.usefixtures("three_calls")
def test_limit_is_exact_and_says_when_there_is_more(aitrail, arguments, expected, note):
    ended = aitrail("events", *DAY, *arguments)

    assert times(ended.stdout) == [f"2026-03-14T0{number}:00:00Z" for number in (2, 1, 0)][:expected]
    assert (ended.exit_code, ended.stderr) == (0, note)


def test_default_limit_is_a_hundred_and_all_shows_everything(aitrail, recorded, record):
    recorded(*map(record, range(101)))

    limited, everything = (aitrail("events", *DAY, "--columns", "eventTime", *option) for option in ([], ["--all"]))

    assert (len(times(limited.stdout)), len(times(everything.stdout))) == (100, 101)
    assert limited.stderr.startswith("These are the newest 100 events;")
    assert everything.stderr == ""


READS = {
    "table": (["-o", "table"], 0),
    "csv": (["-o", "csv"], 0),
    "narrow columns": (["--columns", "eventTime,principal,usage"], 0),
    "narrow columns as json": (["--columns", "eventTime", "-o", "json"], 0),
    "a wide column": (["--columns", "eventTime,userAgent", "-o", "table"], 1),
    "json": (["-o", "json"], 1),
    "jsonl": ([], 1),
    "query": (["--query", "[].userAgent", "-o", "csv"], 1),
    "query of narrow columns": (["--query", "[].eventTime", "--columns", "eventTime"], 0),
}


@pytest.mark.parametrize(("arguments", "expected"), READS.values(), ids=READS)
@pytest.mark.usefixtures("three_calls")
def test_whole_rows_are_read_only_where_they_are_shown(aitrail, stacks, arguments, expected):
    ended = aitrail("events", *DAY, "--service", "polly", *arguments)

    assert ended.exit_code == 0
    assert stacks.calls == ["Query", *["BatchGetItem"] * expected]


@pytest.fixture
def several_records(recorded, record):
    """A call, its correction, and two that a VPC endpoint recorded: it refused one of them."""
    right = {"reason": "UPDATED_DATA", "originalEventID": "00000001-0000-4000-8000-000000000000"}
    endpoint = {"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvent"}
    refused = {"errorCode": "VpceAccessDenied"}
    recorded(record(1), record(2, addendum=right), record(3, **endpoint), record(4, **endpoint, **refused))


REMARK = (
    "Some of these records share a call with others (correction: 1, endpoint-copy: 1): aitrail usage counts calls.\n"
)


@pytest.mark.usefixtures("several_records")
def test_table_marks_records_that_are_not_simply_calls(aitrail):
    ended = aitrail("events", *DAY, "-o", "table")

    lines = [line.split()[2] for line in ended.stdout.replace(" (UTC)", "").splitlines()]
    assert lines == ["recordType", "endpoint-refusal", "endpoint-copy", "correction", "user/audiobooks-batch"]
    assert ended.stderr == REMARK


OUTPUTS = {
    "rows": (["-o", "jsonl"], REMARK),
    "csv": (["-o", "csv"], REMARK),
    "columns that do not tell": (["--columns", "eventTime", "-o", "jsonl"], REMARK),
    "calls that an endpoint refused": (["--error-code", "VpceAccessDenied", "-o", "jsonl"], ""),
    "what is within the limit": (
        ["--limit", 1, "--reverse"],
        "This is the oldest event; there are more in the window: raise --limit, or give --all.\n",
    ),
}


@pytest.mark.parametrize(("arguments", "remark"), OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.usefixtures("several_records")
def test_list_with_more_records_than_calls_says_so_and_has_only_attributes_of_rows(aitrail, arguments, remark):
    ended = aitrail("events", *DAY, *arguments)

    assert ended.stderr == remark
    assert '"recordType":' not in ended.stdout


EMPTY = {"table": "", "json": "[]\n", "jsonl": "", "csv": ",".join(NARROW_COLUMNS) + "\n"}


@pytest.mark.parametrize(("output", "expected"), EMPTY.items(), ids=EMPTY)
def test_empty_result_is_fine_and_says_what_to_check(aitrail, output, expected):
    ended = aitrail("events", "--service", "lex", "--service", "polly", "--read-only", *DAY, "-o", output)

    assert (ended.exit_code, ended.stdout) == (0, expected)
    assert ended.stderr == (
        "No events with service lex or polly, read only true from 2026-03-14T00:00:00Z until 2026-03-15T00:00:00Z in "
        "the stack aitrail in eu-west-1. Check the window (--since, --until), the stack (--stack, --region, "
        "--profile), and whether log files arrive: CloudTrail delivers them 5 to 15 minutes after a call.\n"
    )


HINTS = {
    "principal": (["--principal", "user/Alice"], ["Names of principals are case-sensitive."]),
    "resource": (["--resource", "lexicon/Stations"], ["Names of resources are case-sensitive."]),
    "excluded": (["--principal", "!user/*", "--resource", "!x?", "--service", "lex", "--operation", "!ListBot"], []),
    "name of a resource as pattern": (
        ["--resource", "stations?", "--resource", "lexicon/*"],
        [
            "A pattern must match the whole value, including the kind: '*/stations?'.",
            "Names of resources are case-sensitive.",
        ],
    ),
    "pattern of kinds": (["--principal", "ro*"], ["Names of principals are case-sensitive."]),
    "pattern of anything": (["--principal", "*alice*"], ["Names of principals are case-sensitive."]),
    "neither": (["--service", "lex"], []),
}


@pytest.mark.parametrize(("arguments", "expected"), HINTS.values(), ids=HINTS)
def test_empty_result_says_what_names_have_to_be_like(aitrail, arguments, expected):
    ended = aitrail("events", *DAY, *arguments)

    assert ended.stderr.splitlines()[1:] == expected


OPERATIONS = {
    "mistyped": ("SynthesizeSpech", "No known operation is called SynthesizeSpech: did you mean SynthesizeSpeech?"),
    "lower case": ("putlexicon", "No known operation is called putlexicon: did you mean PutLexicon?"),
    "known": ("DeleteLexicon", None),
    "pattern": ("Synthesise*", None),
    "like nothing": ("Frobnicate", None),
}


@pytest.mark.parametrize(("operation", "expected"), OPERATIONS.values(), ids=OPERATIONS)
def test_operation_without_events_that_looks_mistyped_gets_a_suggestion(aitrail, operation, expected):
    ended = aitrail("events", *DAY, "--operation", operation)

    first, *others = ended.stderr.splitlines()
    assert first.startswith(f"No events with operation {operation} from ")
    assert others == ([expected] if expected else [])


def test_verbose_tells_what_reading_took(aitrail, recorded, record):
    recorded(record())

    ended = aitrail("events", "--since", "2026-03-13", "--until", "2026-03-15", "--service", "polly", "--verbose")

    assert ended.stderr == ("Reading took 3 requests, 3.0 read units (index by-service, 1 value x 2 days).\n")


def test_table_shows_who_did_what_in_one_line(aitrail, recorded, record):
    recorded(record())

    lines = aitrail("events", *DAY, "-o", "table", env={"COLUMNS": "40"}).stdout.replace(" (UTC)", "").splitlines()

    assert [line.split() for line in lines] == [
        [*ROW_COLUMNS],
        [
            *("2026-03-14T00:00:00Z", "StartSpeechSynthesisTask", "user/audiobooks-batch", "polly"),
            *("speech-synthesis-task/7e6a4a52-1b4f-4d93-8a57-2f6d0c1b9e38", "ok", "eu-west-1", "198.51.100.12"),
            "00000000",
        ],
    ]


HEADERS = {
    "errors": (["--errors"], "outcome errorCode service resource awsRegion sourceIPAddress"),
    "outcome": (["--outcome", "ok"], "outcome service resource awsRegion sourceIPAddress"),
    "failed outcome": (["--outcome", "denied"], "outcome errorCode service resource awsRegion sourceIPAddress"),
    "address": (["--source-ip", "198.51.100.12"], "sourceIPAddress service resource outcome awsRegion"),
    "access key": (
        ["--access-key", "AKIAEXAMPLE4D8HNQ2JB"],
        "accessKeyId service resource outcome awsRegion sourceIPAddress",
    ),
    "accounts": (
        ["--account", "111122223333", "--principal-account", "111122223333"],
        "principalAccount recipientAccountId service resource outcome awsRegion sourceIPAddress",
    ),
    "reading": (["--write-only"], "readOnly service resource outcome awsRegion sourceIPAddress"),
}


@pytest.mark.parametrize(("arguments", "expected"), HEADERS.values(), ids=HEADERS)
def test_table_shows_early_what_was_asked_about(aitrail, recorded, record, arguments, expected):
    recorded(record(1), record(2, errorCode="AccessDenied"))

    header, *_ = aitrail("events", *DAY, "-o", "table", *arguments).stdout.splitlines()

    assert header.replace(" (UTC)", "").split() == ["eventTime", "operation", "principal", *expected.split(), "eventID"]


def test_table_of_a_principal_has_the_usual_columns(aitrail, recorded, record):
    recorded(record(1))

    header, _ = aitrail("events", *DAY, "-o", "table", "--principal", "user/*").stdout.splitlines()

    assert header.replace(" (UTC)", "").split()[:5] == ["eventTime", "operation", "principal", "service", "resource"]


def test_csv_has_every_narrow_column(aitrail, recorded, record):
    (row,) = recorded(record())

    shown = aitrail("events", *DAY, "-o", "csv").stdout

    (cells,) = csv.DictReader(io.StringIO(shown))
    expected = {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in narrow(row).items()
    }
    assert {name: text for name, text in cells.items() if text} == expected
    assert tuple(cells) == NARROW_COLUMNS


def test_names_chosen_by_callers_neither_steer_the_terminal_nor_calculate(aitrail, recorded, record):
    recorded(record(sourceIPAddress="=1+1", requestParameters={"taskId": "\x1b[2J\n\u202e"}))

    shown = {output: aitrail("events", *DAY, "-o", output).stdout for output in ("table", "json", "jsonl", "csv")}

    assert all(text.replace("\n", "").isprintable() for text in shown.values())
    assert shown["table"].count("\n") == shown["csv"].count("\n") == 2
    assert "\\x1b[2J\\n\\u202e" in shown["table"]
    assert ",'=1+1," in shown["csv"]
    assert json.loads(shown["jsonl"])["resource"] == "speech-synthesis-task/\x1b[2J\n\u202e"


WRONG = {
    "both": (["--limit", "5", "--all"], "--all and --limit cannot be used together: give one of them."),
    "limit of nothing": (["--limit", "0"], "Invalid value for '--limit': 0 is not in the range x>=1."),
    "no number": (["--limit", "many"], "Invalid value for '--limit': 'many' is not a valid integer range."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_limit_is_refused_before_aws_is_asked(aitrail, stacks, arguments, message):
    ended = aitrail("events", *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert stacks.asked == []

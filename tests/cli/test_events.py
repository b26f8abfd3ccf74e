"""`aitrail events` with moto's DynamoDB."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from aitrail.events import EventsTable
from aitrail.rows import row_of
from aitrail.tables import EVENTS, NARROW_COLUMNS

TABLE = "example-Events"
DAY = ("--since", "2026-03-14", "--until", "2026-03-15")

pytestmark = pytest.mark.usefixtures("credentials", "table")


@pytest.fixture
def table(stacks):
    """The events table of the stack `aitrail`, as far as queries need it."""
    keys = {EVENTS.partition_key, *(key for index in EVENTS.indexes for key in index.keys)}

    def schema(hashes, ranges=()):
        kinds = [(key, "HASH") for key in hashes] + [(key, "RANGE") for key in ranges]
        return [{"AttributeName": key, "KeyType": kind} for key, kind in kinds]

    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys)],
            KeySchema=schema([EVENTS.partition_key]),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index.name,
                    "KeySchema": schema(index.partition_keys, index.sort_keys),
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projected)},
                }
                for index in EVENTS.indexes
            ],
        )
        stacks["aitrail"] = {"EventsTableName": TABLE}
        yield EventsTable(dynamodb, TABLE)


@pytest.fixture
def recorded(table):
    """Puts records into the table and gives their rows."""

    def recorded(*records):
        rows = [row_of(record, log_file="s3://b/k", record_index=index) for index, record in enumerate(records)]
        table.write(rows, time_left=lambda: 60.0)
        return rows

    return recorded


def times(text):
    return [json.loads(line)["eventTime"] for line in text.splitlines()]


def narrow(row):
    return {name: row[name] for name in NARROW_COLUMNS if name in row}


def test_events_are_shown_newest_first_with_the_narrow_columns(aitrail, recorded, records):
    rows = recorded(*records.values())

    ended = aitrail("events", "--since", "2026-11-18", "--until", "2026-11-19")

    newest_first = sorted(rows, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [narrow(row) for row in newest_first]
    assert {row["service"] for row in rows} == {"lex", "personalize", "polly", "transcribe"}


SERVICES = {
    "one": (["--service", "polly"], {"polly"}),
    "two": (["--service", "lex", "--service", "transcribe"], {"lex", "transcribe"}),
    "one twice": (["--service", "lex", "--service", "lex"], {"lex"}),
    "in capitals": (["--service", "Lex"], {"lex"}),
}


@pytest.mark.parametrize(("arguments", "expected"), SERVICES.values(), ids=SERVICES)
def test_service_selects_events(aitrail, recorded, records, arguments, expected):
    rows = recorded(*records.values())

    ended = aitrail("events", *arguments, "--since", "2026-11-18", "--until", "2026-11-19")

    shown = [json.loads(line)["eventID"] for line in ended.stdout.splitlines()]
    assert sorted(shown) == sorted(row["eventID"] for row in rows if row["service"] in expected)


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


LIMITS = {
    "fewer than there are": (2, "These are the newest 2 events; there are more in the window: raise --limit.\n"),
    "as many as there are": (3, ""),
    "more than there are": (4, ""),
}


@pytest.mark.parametrize(("limit", "note"), LIMITS.values(), ids=LIMITS)
def test_limit_is_exact_and_says_when_there_is_more(aitrail, recorded, record, limit, note):
    recorded(*(record(number, eventTime=f"2026-03-14T0{number}:00:00Z") for number in range(3)))

    ended = aitrail("events", *DAY, "--limit", limit)

    assert times(ended.stdout) == [f"2026-03-14T0{number}:00:00Z" for number in (2, 1, 0)][:limit]
    assert (ended.exit_code, ended.stderr) == (0, note)


def test_default_limit_is_a_hundred(aitrail, recorded, record):
    recorded(*map(record, range(101)))

    ended = aitrail("events", *DAY)

    assert len(times(ended.stdout)) == 100
    assert ended.stderr.startswith("These are the newest 100 events;")


EMPTY = {"table": "", "json": "[]\n", "jsonl": "", "csv": ",".join(NARROW_COLUMNS) + "\n"}


@pytest.mark.parametrize(("output", "expected"), EMPTY.items(), ids=EMPTY)
def test_empty_result_is_fine_and_says_what_to_check(aitrail, output, expected):
    ended = aitrail("events", "--service", "lex", "--service", "polly", *DAY, "-o", output)

    assert (ended.exit_code, ended.stdout) == (0, expected)
    assert ended.stderr == (
        "No events of lex, polly from 2026-03-14T00:00:00Z until 2026-03-15T00:00:00Z in the stack aitrail in "
        "eu-west-1. Check the window (--since, --until), the stack (--stack, --region, --profile), and whether log "
        "files arrive: CloudTrail delivers them 5 to 15 minutes after a call.\n"
    )


def test_table_shows_who_did_what_in_one_line(aitrail, recorded, record):
    recorded(record())

    lines = aitrail("events", *DAY, "-o", "table", env={"COLUMNS": "40"}).stdout.splitlines()

    assert [line.split() for line in lines] == [
        ["eventTime", "service", "operation", "principal", "resource", "outcome", "awsRegion", "sourceIPAddress"],
        [
            *("2026-03-14T00:00:00Z", "polly", "StartSpeechSynthesisTask", "user/audiobooks-batch"),
            *("speech-synthesis-task/7e6a4a52-1b4f-4d93-8a57-2f6d0c1b9e38", "ok", "eu-west-1", "198.51.100.12"),
        ],
    ]


def test_json_is_a_list_of_the_lines_of_jsonl(aitrail, recorded, record):
    recorded(*map(record, range(3)))

    as_json, as_lines = (aitrail("events", *DAY, "-o", output).stdout for output in ("json", "jsonl"))

    assert json.loads(as_json) == [json.loads(line) for line in as_lines.splitlines()]


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

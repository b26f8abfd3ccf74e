"""Several stacks and Regions: their tables answer one question together, or the command fails and names the stack."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from aitrail.dynamodb.tables import EVENTS
from aitrail.ingest import EventsTable
from aitrail.rows import row_of
from tests.shared.deployed_tables import create_table

DAY = ("--since", "2026-03-14", "--until", "2026-03-15")
BOTH = ("--stack", "aitrail", "--stack", "audit")


def put(table, *records, log_file="s3://b/k"):
    rows = [row_of(each, log_file=log_file, record_index=at) for at, each in enumerate(records)]
    table.write(rows, time_left=lambda: 60.0)


@pytest.fixture
def audit(table, stacks):  # noqa: ARG001 (moto has to be there)
    """The events table of the stack `audit`."""
    client = boto3.client("dynamodb")
    create_table(client, "audit-Events", EVENTS)
    stacks["audit"] = {"EventsTableName": "audit-Events"}
    return EventsTable(client, "audit-Events")


@pytest.fixture
def filled(table, audit, record):
    """Calls at 1 to 4 s: the stack aitrail has 1, 2 and 4, the stack audit has 2 and 3."""
    put(table, record(1), record(2), record(4))
    put(audit, record(2), record(3))


def seconds(text):
    return [json.loads(line)["eventTime"][17:19] for line in text.splitlines()]


@pytest.mark.usefixtures("filled")
def test_events_of_all_stacks_are_one_list(aitrail):
    ended = aitrail("events", *BOTH, *DAY)
    limited = aitrail("events", *BOTH, *DAY, "--limit", "2", "--reverse")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert seconds(ended.stdout) == ["04", "03", "02", "01"]
    assert seconds(limited.stdout) == ["01", "02"]


COUNTED = {
    "usage": (["usage"], lambda text: json.loads(text)["calls"]),
    "who": (["who", "speech-synthesis-task/*"], lambda text: len(text.splitlines())),
    "what": (["what", "user/*"], lambda text: len(text.splitlines())),
}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("command", "count"), COUNTED.values(), ids=COUNTED)
def test_every_question_counts_a_call_of_two_stacks_once(aitrail, command, count):
    alone = [aitrail(*command, "--stack", name, *DAY, "-o", "jsonl") for name in ("aitrail", "audit")]
    together = aitrail(*command, *BOTH, *DAY, "-o", "jsonl")

    assert [count(each.stdout) for each in (*alone, together)] == [3, 2, 4]


@pytest.mark.usefixtures("filled")
def test_export_has_calls_of_all_stacks(aitrail, tmp_path):
    ended = aitrail("export", tmp_path / "out", *BOTH, *DAY, "--format", "jsonl")

    (file,) = (tmp_path / "out").glob("*/*/events.jsonl")
    assert seconds(file.read_text()) == ["01", "02", "03", "04"]
    assert ended.exit_code == 0


@pytest.mark.usefixtures("filled")
def test_event_is_found_in_any_stack(aitrail, record):
    found = [aitrail("event", record(number)["eventID"], *BOTH, "-o", "json") for number in (1, 2, 3)]
    missing = aitrail("event", "0", *BOTH)

    assert [json.loads(each.stdout)[0]["eventTime"][17:19] for each in found] == ["01", "02", "03"]
    assert missing.exit_code == 1
    assert "in the stacks aitrail in eu-west-1, audit in eu-west-1. Check" in missing.stderr


@pytest.mark.usefixtures("audit")
def test_row_is_compared_with_the_key_of_its_own_stack(aitrail, table, redaction, log_file, record):
    spoken = record(1, requestParameters={"text": "Ada Lovelace"})
    path = log_file("a.json", spoken)
    row = row_of(spoken, log_file=str(path), record_index=0, redaction=redaction)
    table.write([row], time_left=lambda: 60.0)

    for names in (BOTH, ("--stack", "audit", "--stack", "aitrail")):
        ended = aitrail("event", row["eventID"], "--source", *names)

        assert (ended.exit_code, ended.stderr) == (0, f"Record 0 of {path} agrees with the row.\n")


def test_tail_follows_all_stacks(aitrail, filled):  # noqa: ARG001
    def interrupt(_seconds):
        raise KeyboardInterrupt

    ended = aitrail("tail", *BOTH, "--lookback", "100000d", "-o", "jsonl", sleep=interrupt)

    assert seconds(ended.stdout) == ["01", "02", "03", "04"]


def test_regions_and_stacks_are_combined(aitrail, stacks, audit):  # noqa: ARG001
    for region in ("us-east-1", "ap-southeast-2"):
        client = boto3.client("dynamodb", region_name=region)
        for name in ("example-Events", "audit-Events"):
            create_table(client, name, EVENTS)
    stacks.asked.clear()

    ended = aitrail("events", *BOTH, "--region", "us-east-1", "--region", "ap-southeast-2", "--region", "us-east-1")

    assert [(stack, region) for _, stack, _, region in stacks.asked] == [
        ("aitrail", "us-east-1"),
        ("aitrail", "ap-southeast-2"),
        ("audit", "us-east-1"),
        ("audit", "ap-southeast-2"),
    ]
    assert ended.stderr.startswith("No events ")
    assert (
        " in the stacks aitrail in us-east-1, aitrail in ap-southeast-2, audit in us-east-1, audit in ap-southeast-2. "
        in ended.stderr
    )


def test_one_stack_named_twice_is_one(aitrail, stacks, table, record):
    put(table, record(1))

    ended = aitrail("events", "-v", "--stack", "aitrail", "--stack", "aitrail", *DAY)

    assert (len(stacks.asked), len(ended.stdout.splitlines())) == (1, 1)
    assert " for the stack" not in ended.stderr


@pytest.mark.usefixtures("filled")
def test_verbose_says_what_each_stack_took(aitrail):
    ended = aitrail("events", "-v", *BOTH, *DAY)

    assert ended.stderr.startswith("Reading took ")
    assert " for the stack aitrail in eu-west-1; " in ended.stderr
    assert ended.stderr.endswith(" for the stack audit in eu-west-1.\n")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("command", [["events"], ["usage"], ["event", "x"], ["tail"]], ids=lambda each: each[0])
def test_stack_that_is_not_there_fails_the_question_and_is_named(aitrail, command):
    ended = aitrail(*command, "--stack", "aitrail", "--stack", "nope")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.startswith("Error: the stack nope in eu-west-1: there is no stack 'nope' in eu-west-1: ")


def test_table_that_is_gone_fails_the_question_and_its_stack_is_named(aitrail, filled, stacks):  # noqa: ARG001
    stacks["audit"] = {"EventsTableName": "no-such-table"}

    ended = [aitrail(*command, *BOTH, *DAY) for command in (["events"], ["usage", "--by", "day"])]

    assert [(each.exit_code, each.stdout) for each in ended] == [(3, "")] * 2
    for each in ended:
        assert each.stderr.startswith("Error: the stack audit in eu-west-1: An error occurred (ResourceNotFound")


def test_export_of_several_stacks_is_complete_only_as_far_as_each_has_rows(aitrail, table, audit, record, tmp_path):
    day_after = {"eventTime": "2026-03-16T00:00:00Z"}
    put(table, record(1), record(50, **day_after))
    put(audit, record(2))
    export = ("export", tmp_path / "out", *BOTH, *DAY, "--service", "polly", "--format", "jsonl")

    aitrail(*export)
    put(audit, record(3), record(51, **day_after), log_file="s3://b/later")
    later, last = aitrail(*export), aitrail(*export)

    assert "1 file written" in later.stderr
    assert "with 3 rows" in later.stderr
    assert "1 service-day skipped as complete" in last.stderr


def test_rows_expire_by_the_retention_of_their_own_stack(aitrail, filled, stacks):  # noqa: ARG001
    stacks["audit"]["RowRetentionDays"] = "1"

    ended = aitrail("events", *BOTH, *DAY, now=lambda: datetime(2026, 3, 20, tzinfo=UTC))

    assert seconds(ended.stdout) == ["04", "02", "01"]


ONE_STACK = ("backfill --since 1d", "retry", "rejects", "accept", "import-history")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("command", ONE_STACK)
def test_command_that_acts_on_one_stack_refuses_several(aitrail, stacks, command):
    several = [aitrail(*command.split(), *BOTH), aitrail(*command.split(), "--region", "a", "--region", "b")]
    from_variable = aitrail(*command.split(), env={"AITRAIL_STACK": "aitrail audit"})

    message = f"Error: `aitrail {command.split()[0]}` acts on one stack: give one --stack and one --region."
    assert [each.exit_code for each in (*several, from_variable)] == [2, 2, 2]
    assert all(each.stderr.endswith(f"{message}\n") for each in several)
    assert from_variable.stderr.endswith(f"{message} AITRAIL_STACK is set.\n")
    assert stacks.asked == []


def test_several_regions_are_refused_with_a_bucket(aitrail):
    regions = ("--region", "eu-west-1", "--region", "us-east-1")

    ended = [aitrail("events", "--from", "s3://b", *regions), aitrail("scan", "s3://b", *regions)]

    assert [each.exit_code for each in ended] == [2, 2]
    assert all("--region is given several times: give that of the bucket only." in each.stderr for each in ended)


NOT_AWS = "Error: the stack aitrail in us-east-1: The response from the addresses of AWS in us-east-1 is not from AWS."


@pytest.mark.usefixtures("table")
def test_page_in_the_place_of_dynamodb_is_named_with_the_region_of_its_own_stack(aitrail, stacks, monkeypatch):
    send = stacks._send_elsewhere

    def answer(request, event_name):
        page = AWSResponse("", 200, {"content-type": "text/html"}, MockRawResponse(b"<html>"))
        return page if "us-east-1" in request.url else send(request, event_name)

    monkeypatch.setattr(stacks, "_send_elsewhere", answer)

    ended = aitrail("events", "--region", "eu-west-1", "--region", "us-east-1")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.startswith(NOT_AWS)


@pytest.mark.usefixtures("table")
def test_text_in_the_place_of_cloudformation_is_named_with_the_region_of_its_own_stack(aitrail, stacks, monkeypatch):
    describe = stacks._answer

    def answer(stack):
        return (200, "It works!") if stacks.asked[-1][3] == "us-east-1" else describe(stack)

    monkeypatch.setattr(stacks, "_answer", answer)

    ended = aitrail("events", "--region", "eu-west-1", "--region", "us-east-1")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.startswith(NOT_AWS)

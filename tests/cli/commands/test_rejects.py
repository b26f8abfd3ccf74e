"""`aitrail rejects` with moto's DynamoDB."""

import json

import boto3
import pytest

from aitrail.ledger import FileEntry
from aitrail.rows import RejectedRecord
from tests.shared.deployed_stack import BUCKET, key
from tests.shared.deployed_tables import small_pages

REASON = "eventTime is missing; it should look like 2026-01-31T23:59:59Z"


@pytest.fixture
def rejected(ledger, record, stacks):
    """Puts rejects of log files into the ledger; clears the recorded calls afterwards."""

    def rejected(log_file, *numbers, more=0, **changes):
        rejects = [RejectedRecord.of(record(number, **changes), key=number, reason=REASON) for number in numbers]
        ledger.rejects.record(log_file, rejects, expires_at=None, time_left=lambda: 60.0)
        ledger.record(FileEntry(log_file=log_file, status="ingested", rejected=len(rejects) + more))
        stacks.calls.clear()

    return rejected


def test_rejects_are_listed_with_their_reasons_from_the_index_alone(aitrail, rejected, stacks):
    rejected("s3://b/2", 7)
    rejected("s3://b/1", 3)

    ended = aitrail("rejects", "-o", "csv")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "reason,eventSource,eventName,recordIndex,logFile",
        f"{REASON},polly.amazonaws.com,StartSpeechSynthesisTask,3,s3://b/1",
        f"{REASON},polly.amazonaws.com,StartSpeechSynthesisTask,7,s3://b/2",
    ]
    assert [call for call in stacks.calls if call != "DescribeStacks"] == ["Query"]


def test_json_has_the_record_itself(aitrail, rejected, record):
    rejected("s3://b/1", *range(60))

    shown = [json.loads(line) for line in aitrail("rejects", "-o", "jsonl").stdout.splitlines()]

    assert {entry["recordIndex"]: json.loads(entry["record"]) for entry in shown} == {
        number: record(number) for number in range(60)
    }


def test_every_page_is_shown(aitrail, rejected, monkeypatch):
    rejected("s3://b/1", *range(25))
    make = boto3.Session.client

    def with_small_pages(*arguments, **options):
        client = make(*arguments, **options)
        small_pages(client, 4)
        return client

    monkeypatch.setattr("boto3.Session.client", with_small_pages)

    assert aitrail("rejects", "--query", "length(@)").stdout == "25\n"


@pytest.mark.usefixtures("ledger")
def test_nothing_rejected_is_fine_and_told(aitrail):
    ended = aitrail("rejects", "-o", "table")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "There are no rejects in the stack aitrail in eu-west-1.\n"


def test_names_of_records_neither_steer_nor_calculate(aitrail, rejected):
    rejected("s3://b/1", 1, eventName="=1+1", eventSource="polly\x1b[2J")

    ended = aitrail("rejects", "-o", "csv")

    assert "polly\\x1b[2J,'=1+1,1," in ended.stdout


def test_rejects_that_are_not_kept_are_told(aitrail, rejected, monkeypatch):
    monkeypatch.setattr("aitrail.rows.MAX_KEPT_REJECTS", 3)
    rejected("s3://b/1", 1, 2, 3, more=40_000)
    rejected("s3://b/2", 1, 2, 3)
    rejected("s3://b/3", 1, 2, more=1)  # by an earlier version, or accepted since

    ended = aitrail("rejects", "-o", "csv")

    assert len(ended.stdout.splitlines()) == 1 + 8
    assert ended.stderr == "s3://b/1: 40,000 more records could not become rows (not kept).\n"


def test_verbose_tells_what_reading_took(aitrail, rejected):
    rejected("s3://b/1", 1)

    ended = aitrail("rejects", "-v", "-o", "csv")

    assert ended.stderr.startswith("Reading took 1 requests, ")


def test_files_that_hold_rejects_are_announced_again_by_force(aitrail, deployed, rejected):
    rejected(f"s3://{BUCKET}/{key(1)}", *range(30))
    rejected(f"s3://{BUCKET}/{key(2)}", 1)
    rejected("event-history", 1)

    ended = aitrail("rejects", "--retry", "--query", "length(@)")

    assert (ended.exit_code, ended.stdout) == (0, "32\n")
    assert ended.stderr == "2 files queued: rejects that become rows disappear when the function ingests the files.\n"
    assert deployed.bodies() == [{"s3Bucket": BUCKET, "s3ObjectKey": [key(1), key(2)], "force": True}]


def test_dry_run_counts_the_files_that_hold_rejects(aitrail, deployed, rejected):
    rejected(f"s3://{BUCKET}/{key(1)}", *range(30))
    rejected("event-history", 1)

    ended = aitrail("rejects", "--retry", "--dry-run", "--query", "length(@)")

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "31\n", "1 file would be queued.\n")
    assert deployed.announced() == []


@pytest.mark.usefixtures("ledger")
def test_dry_run_of_nothing_is_a_wrong_command_line(aitrail):
    ended = aitrail("rejects", "--dry-run")

    assert ended.exit_code == 2
    assert "--dry-run counts the files that --retry would queue: give both." in ended.stderr


def test_file_that_is_in_doubt_is_announced_again_as_well(aitrail, deployed, rejected, ledger):
    name = f"s3://{BUCKET}/{key(1)}"
    rejected(name, 1)
    ledger.doubt(name, "unproven")

    aitrail("rejects", "--retry")

    assert deployed.announced() == [key(1)]


def test_nothing_is_announced_where_nothing_was_rejected(aitrail, deployed):
    ended = aitrail("rejects", "--retry")

    assert (ended.exit_code, ended.stderr) == (0, "There are no rejects in the stack aitrail in eu-west-1.\n")
    assert deployed.announced() == []

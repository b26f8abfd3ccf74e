import gzip
import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from aitrail.dynamodb import items
from aitrail.rows import record_of
from demo.sample_logs import Fate
from tests.shared.signed_digests import digest

SOURCES = {"polly", "tts", "transcribe", "transcribestreaming", "lex", "personalize"}


def files(samples, *fates):
    return [file for file in samples.files if file.fate in fates]


def wanted_records(samples):
    """eventID -> record that should become a row, selected independently of the pipeline."""
    records = [
        record for file in files(samples, Fate.INGESTED) for record in json.loads(gzip.decompress(file.body))["Records"]
    ]
    return {
        record["eventID"]: record
        for record in records
        if record["eventSource"].removesuffix(".amazonaws.com") in SOURCES
    }


@pytest.fixture(scope="module")
def rows(pipeline, samples):
    expected = wanted_records(samples)
    found = {row["eventID"]: items.plain(row) for row in pipeline.rows()}
    return {event_id: row for event_id, row in found.items() if event_id in expected}


def test_every_wanted_record_is_rebuilt_from_its_row_exactly(samples, rows):
    rebuilt = {event_id: record_of(row) for event_id, row in rows.items()}

    assert rebuilt == wanted_records(samples)


def test_each_service_has_its_rows(samples, rows):
    found = Counter(row["service"] for row in rows.values())

    assert found == samples.rows


def test_callers_and_outcomes_of_every_kind_are_told_apart(rows):
    found = {name: {row[name] for row in rows.values()} for name in ("credentials", "outcome")}

    assert found == {
        "credentials": {"iam-user", "role", "sso", "root", "federated-user"},
        "outcome": {"ok", "denied", "throttled", "client-error", "server-error"},
    }


def test_each_delivery_ends_as_it_should(pipeline, samples):
    ledger = pipeline.ledger()
    bucket = pipeline.outputs["LogBucketName"]

    found = {file.key: ledger.get(f"s3://{bucket}/{file.key}", {}).get("status") for file in samples.files}

    only_counted = dict.fromkeys((file.key for file in files(samples, Fate.ONLY_COUNTED)), None)
    assert found == {file.key: file.fate.value for file in samples.files} | only_counted


def test_counts_of_each_ingested_file_add_up(pipeline, samples):
    ledger = pipeline.ledger()
    bucket = pipeline.outputs["LogBucketName"]

    entries = [ledger[f"s3://{bucket}/{file.key}"] for file in files(samples, Fate.INGESTED)]

    contents = [json.loads(gzip.decompress(file.body))["Records"] for file in files(samples, Fate.INGESTED)]
    assert [entry["records"] for entry in entries] == [len(records) for records in contents]
    assert [entry["wanted"] for entry in entries] == [entry["written"] for entry in entries]
    assert sum(entry["written"] for entry in entries) > sum(samples.rows.values())  # one file was delivered twice


def test_corrupt_file_is_in_the_ledger_with_its_reason(pipeline, samples):
    [corrupt] = files(samples, Fate.UNREADABLE)

    entry = pipeline.ledger()[f"s3://{pipeline.outputs['LogBucketName']}/{corrupt.key}"]

    assert entry["problem"] == "unreadable"
    assert "truncated" in entry["reason"]


def test_delivery_that_is_announced_twice_is_ingested_once(pipeline, samples, announce, eventually):
    file = files(samples, Fate.INGESTED)[0]
    name = f"s3://{pipeline.outputs['LogBucketName']}/{file.key}"
    before = pipeline.ledger()[name]

    announce(file.key, eTag=before["etag"], versionId=before["versionId"])

    def skipped():
        return [line for line in pipeline.aws.log.splitlines() if '"message":"skipped"' in line and name in line]

    assert len(eventually(skipped)) == 1
    assert pipeline.ledger()[name] == before


GONE = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/111122223333_CloudTrail_gone.json.gz"


def test_object_that_never_was_is_counted_and_in_no_ledger(pipeline, announce, eventually):
    name = announce(GONE.replace("gone", "never"), versionId="3HL4kqtJvjVBH40Nrjfkd3HL4kqtJvjV")

    def counted():
        return [line for line in pipeline.aws.log.splitlines() if '"message":"unknown object"' in line and name in line]

    assert len(eventually(counted)) == 1
    assert name not in pipeline.ledger()


def test_object_that_is_gone_is_in_the_ledger_as_missing(pipeline, announce, eventually):
    pipeline.aws.client("s3").delete_object(Bucket=pipeline.outputs["LogBucketName"], Key=GONE)  # makes a delete marker
    name = announce(GONE)

    entry = eventually(lambda: pipeline.ledger().get(name))

    assert (entry["status"], entry["problem"]) == ("missing", "missing")
    assert "NoSuchKey" in entry["reason"]


def test_object_that_is_deleted_after_it_was_ingested_is_removed_until_it_is_back(pipeline, deliver, eventually):
    name = deliver()
    before = eventually(lambda: pipeline.ledger().get(name))
    s3, (bucket, _, key) = pipeline.aws.client("s3"), name.removeprefix("s3://").partition("/")

    marker = s3.delete_object(Bucket=bucket, Key=key)["VersionId"]
    eventually(lambda: pipeline.ledger()[name].get("problem") == "removed")

    s3.delete_object(Bucket=bucket, Key=key, VersionId=marker)
    eventually(lambda: "removedAt" not in pipeline.ledger()[name])
    assert pipeline.ledger()[name] == before


@pytest.mark.late
def test_message_of_no_known_kind_ends_among_the_dead_letters(pipeline, unknown_message, eventually):
    sqs, queue = pipeline.aws.client("sqs"), pipeline.outputs["DeadLetterQueueUrl"]

    def dead_letters():
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in received.get("Messages", []) if message["Body"] == unknown_message]

    assert eventually(dead_letters, seconds=120) == [unknown_message]


def test_digest_that_cannot_be_checked_here_is_unverifiable_and_names_its_region(pipeline, eventually):
    """The local AWS has no public keys of CloudTrail; the function nevertheless reads the digest and requests a key."""
    bucket = pipeline.outputs["LogBucketName"]
    signed = digest(datetime(2026, 11, 20, 9, tzinfo=UTC), bucket=bucket, where={"region": "eu-central-1"})

    name = pipeline.put(signed.key, signed.body)

    entry = eventually(lambda: pipeline.ledger().get(name))
    assert (entry["entry"], entry["status"], entry["problem"]) == ("digest", "unverifiable", "unverifiable")
    assert entry["reason"].startswith("CloudTrail in eu-central-1 does not return its public keys")

"""The handling of bad input, with one test for each promise."""

import gzip
import json
from functools import partial
from pathlib import Path

import pytest

from aitrail.deliveries import Delivery, UnknownNotification
from aitrail.ingest.fetching import AccessRefusedError
from aitrail.ingest.metrics import METRICS
from aitrail.logfile import LogFile
from aitrail.logfile.selection import Limits

EVENTS = Path(__file__).parents[1] / "events"


def reports_of(pipeline, *deliveries):
    reports = pipeline.process(pipeline.announce(*deliveries))
    assert {name for _, counts in reports for name in counts} <= set(METRICS)
    return reports


@pytest.mark.parametrize(
    "event",
    [
        "s3-test-event",
        "s3-test-event-sns-wrapped",
        "cloudtrail-validation",
        "cloudtrail-validation-sns-wrapped",
        "sns-subscription-confirmation",
        "sns-unsubscribe-confirmation",
    ],
)
def test_message_that_announces_nothing_is_acknowledged_and_counted(pipeline, wire, event):
    wire.calls.clear()

    reports = pipeline.process((EVENTS / f"{event}.json").read_text())

    assert reports == [("nothing announced", {"TestMessages": 1})]
    assert wire.calls == []


@pytest.mark.parametrize(
    "body",
    ["", "hello", "{}", "[]", '{"Records": []}', (EVENTS / "config-sns-wrapped.json").read_text()],
    ids=["empty", "text", "object", "list", "no records", "AWS Config"],
)
def test_message_that_is_no_known_envelope_fails(pipeline, wire, body):
    wire.calls.clear()

    with pytest.raises(UnknownNotification):
        pipeline.process(body)

    assert wire.calls == []


ACCOUNT = "AWSLogs/111122223333"


@pytest.mark.parametrize(
    ("key", "status", "metric"),
    [
        (f"{ACCOUNT}/CloudTrail/", "folder", "FolderMarkers"),
        (f"{ACCOUNT}/Config/eu-west-1/2026/3/14/ConfigHistory/1.json.gz", "config", "ConfigFiles"),
        (f"{ACCOUNT}/CloudTrail-Insight/eu-west-1/2026/03/14/1.json.gz", "insight", "InsightFiles"),
        (f"{ACCOUNT}/CloudTrail-Aggregated/eu-west-1/2026/03/14/1.json.gz", "aggregated", "AggregatedFiles"),
        (f"{ACCOUNT}/elasticloadbalancing/eu-west-1/2026/03/14/1.log.gz", "other", "OtherObjects"),
    ],
)
def test_key_that_is_no_log_is_acknowledged_and_counted_by_kind(pipeline, wire, key, status, metric):
    wire.calls.clear()

    reports = reports_of(pipeline, Delivery(bucket="example-trail-logs", key=key))

    assert reports == [(status, {metric: 1})]
    assert wire.calls == []


def test_network_activity_file_is_ingested_like_a_log_file(pipeline, packed, record):
    key = (
        f"{ACCOUNT}/CloudTrail-NetworkActivity/eu-west-1/2026/03/14/"
        "111122223333_CloudTrail-NetworkActivity_eu-west-1_20260314T0925Z_Zr5tYh2kQw8eLp0N.json.gz"
    )
    delivery = pipeline.deliver(packed(record(1, eventCategory="NetworkActivity")), key)

    reports = reports_of(pipeline, delivery)

    assert reports == [("ingested", {"IngestedFiles": 1, "Records": 1, "WantedRecords": 1, "RowsWritten": 1})]
    assert [row["eventCategory"] for row in pipeline.rows().values()] == ["NetworkActivity"]


def test_object_that_is_gone_is_missing_in_the_ledger(pipeline):
    delivery = pipeline.deliver(b"")
    pipeline.delete(delivery)

    reports = reports_of(pipeline, delivery)

    assert reports == [("missing", {"MissingFiles": 1})]
    entry = pipeline.files()["file"]
    assert (entry["status"], entry["problem"]) == ("missing", "missing")
    assert entry["reason"] == "NoSuchKey: The specified key does not exist."
    assert entry["deliveryDay"] == "2026-03-14"


@pytest.mark.parametrize(
    ("status", "code"),
    [(405, "MethodNotAllowed"), (404, "NoSuchBucket")],
    ids=["delete marker", "bucket deleted"],
)
def test_version_that_is_gone_is_missing_in_the_ledger(pipeline, wire, status, code):
    delivery = pipeline.deliver(b"")
    wire.refuse("GetObject", status, code, "gone")

    reports = reports_of(pipeline, delivery)

    assert reports == [("missing", {"MissingFiles": 1})]
    assert pipeline.files()["file"]["reason"] == f"{code}: gone"


def test_archived_object_is_archived_in_the_ledger(pipeline, packed, record):
    delivery = pipeline.deliver(packed(record()), StorageClass="GLACIER")

    reports = reports_of(pipeline, delivery)

    assert reports == [("archived", {"ArchivedFiles": 1})]
    entry = pipeline.files()["file"]
    assert (entry["status"], entry["problem"]) == ("archived", "archived")
    assert entry["reason"] == "the object is archived: restore it; it is then ingested automatically"
    assert pipeline.rows() == {}


@pytest.mark.parametrize(
    "refusal",
    [
        (403, "AccessDenied", "not authorized to perform: s3:GetObject"),
        (403, "AccessDenied", "not authorized to perform: kms:Decrypt"),
        (403, "AllAccessDisabled", "All access to this object has been disabled"),
        (400, "KMS.DisabledException", "arn:aws:kms:eu-west-1:111122223333:key/1 is disabled"),
        (400, "KMS.NotFoundException", "the key does not exist"),
    ],
    ids=lambda refusal: refusal[2],
)
def test_refused_access_fails_and_names_permission_and_setting(pipeline, wire, refusal):
    delivery = pipeline.deliver(b"")
    wire.refuse("GetObject", *refusal)

    with pytest.raises(ExceptionGroup) as raised:
        reports_of(pipeline, delivery)

    (error,) = raised.value.exceptions
    assert isinstance(error, AccessRefusedError)
    for part in (*refusal[1:], delivery.key, "s3:GetObject", "s3:ListBucket", "kms:Decrypt", "aitrail:logKeyArns"):
        assert part in str(error)
    assert pipeline.files() == {}


GOOD = b'{"Records":[{"eventSource":"polly.amazonaws.com","eventTime":"2026-03-14T09:20:00Z"}]}'
SOUND = gzip.compress(GOOD, mtime=0)
ANYWHERE = range(len(SOUND) + 1)  # isal reports damaged data without a position


@pytest.mark.parametrize(
    ("content", "reason", "position"),
    [
        (SOUND[:-9], "truncated", len(SOUND) - 9),
        (SOUND[:30], "truncated", 30),
        (SOUND[:-8] + b"\0\0\0\0" + SOUND[-4:], "checksum", ANYWHERE),
        (SOUND[:15] + b"\xff\xff" + SOUND[17:], "damaged", ANYWHERE),
        (SOUND + b"junk", "followed by other bytes", len(SOUND)),
        (gzip.compress(GOOD[:-1]), "", len(GOOD) - 1),
        (gzip.compress(GOOD + b"x"), "followed by other bytes", len(GOOD)),
        (gzip.compress(b"<html>"), "not a JSON object", None),
        (gzip.compress(b'{"records":[]}'), "no Records list", None),
        (gzip.compress(b'{"Records":{}}'), "no Records list", None),
        (b"", "empty", None),
        (gzip.compress(GOOD + b" " * 2000), "larger than the limit of 1,000 bytes", 1000),
    ],
    ids=[
        *("cut off", "cut short", "wrong CRC", "corrupt", "bytes after the stream", "half JSON", "text after JSON"),
        *("no JSON", "no Records", "Records no list", "empty", "over the cap"),
    ],
)
def test_unreadable_file_is_acknowledged_with_reason_and_position_and_without_rows(
    pipeline, monkeypatch, content, reason, position
):
    monkeypatch.setattr("aitrail.rows.reading.LogFile", partial(LogFile, limits=Limits(file_bytes=1000)))
    delivery = pipeline.deliver(content)

    reports = reports_of(pipeline, delivery)

    assert reports == [("unreadable", {"UnreadableFiles": 1})]
    entry = pipeline.files()["file"]
    assert (entry["status"], entry["problem"]) == ("unreadable", "unreadable")
    assert reason in entry["reason"]
    assert entry.get("position") in (position if position is ANYWHERE else [position])
    assert entry["etag"] == delivery.etag
    assert pipeline.rows() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"eventTime": ...},
        {"eventTime": "2026-02-30T00:00:00Z"},
        {"eventTime": 5, "userAgent": "\ud800", "n": 1.0},
    ],
    ids=["no time", "bad date", "odd values"],
)
def test_record_that_cannot_become_a_row_is_kept_and_all_others_are_written(pipeline, packed, record, change):
    rejected = record(1, **change)
    delivery = pipeline.deliver(packed(record(0), rejected, record(2)))

    reports = reports_of(pipeline, delivery)

    counts = {"Records": 3, "WantedRecords": 3, "RowsWritten": 2, "RejectedRecords": 1}
    assert reports == [("ingested", {"IngestedFiles": 1} | counts)]
    assert pipeline.numbers() == [0, 2]
    entries = pipeline.files()
    assert entries["file"]["problem"] == "rejects"
    assert "eventTime" in entries["reject#1"]["reason"]
    assert json.loads(entries["reject#1"]["record"]) == rejected


def test_record_too_large_for_a_row_is_kept_as_hash_and_beginning(pipeline, packed, record):
    large = record(1, requestParameters={"text": "x" * 400 * 1024})
    delivery = pipeline.deliver(packed(record(0), large))

    reports = reports_of(pipeline, delivery)

    (status, counts) = reports[0]
    assert (status, counts["RowsWritten"], counts["RejectedRecords"]) == ("ingested", 1, 1)
    reject = pipeline.files()["reject#1"]
    assert reject["reason"].endswith(" bytes; DynamoDB accepts at most 409600")
    assert reject["recordBeginning"].startswith('{"awsRegion":"eu-west-1",')
    assert len(reject["recordBeginning"]) == 8192


def test_delivery_that_fails_does_not_hold_up_the_others_of_its_message(pipeline, packed, record, wire):
    key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_{}.json.gz"
    deliveries = [pipeline.deliver(packed(record(number)), key.format(number)) for number in range(3)]
    wire.refuse("GetObject", 403, "AccessDenied", times=1)

    with pytest.raises(ExceptionGroup, match="1 of 3 deliveries failed"):
        reports_of(pipeline, *deliveries)

    assert sorted(row["logFile"][-9:] for row in pipeline.rows().values()) == ["1.json.gz", "2.json.gz"]

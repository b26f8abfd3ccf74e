"""A window is proved by ledger and table, and whatever is wrong with a file, a digest or a row is named."""

import gzip
import json
from collections import Counter
from datetime import timedelta

import pytest

from aitrail.keys import Origins
from aitrail.public_keys import PublicKeys
from aitrail.services import load
from aitrail.verification import Verification
from aitrail.window import Window
from tests.signed_digests import FINGERPRINT, at, chain, digest, public_key

BUCKET = "example-trail-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T"
WINDOW = Window(since=at("09:00"), until=at("12:00"))


def log_key(time):
    return f"{FOLDER}{time}Z_a.json.gz"


def name_of(key):
    return f"s3://{BUCKET}/{key}"


class Day:
    """Log files of a morning, with the digests that list them, all ingested."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.pages = [{"PublicKeyList": [{"Fingerprint": FINGERPRINT, "Value": public_key()}]}]
        pipeline.cloudtrail.get_paginator.return_value.paginate.return_value = self.pages
        self.contents = {}

    def log(self, time, *records):
        content = json.dumps({"Records": records}).encode()
        self.contents[log_key(time)] = content
        self.pipeline.clock.now = at(f"{time[:2]}:{time[2:]}")
        self.pipeline.ingest(self.pipeline.deliver(gzip.compress(content, mtime=0), log_key(time)))

    def close(self, without=()):
        """Let the digests of 8 to 13 o'clock come, all but those that end then."""
        hours = [at(f"{hour:02}:00") for hour in range(8, 15)]
        files = {end: [] for end in hours}
        for key, content in self.contents.items():
            end = at(f"{int(key[len(FOLDER) : len(FOLDER) + 2]) + 1:02}:00")
            files[end].append((key, content))
        self.pipeline.clock.now = at("14:30")
        self.digests = chain(hours, bucket=BUCKET, files=files)
        for end, signed in zip(hours, self.digests, strict=True):
            if end not in without:
                self.arrive(signed)

    def arrive(self, signed):
        self.pipeline.ingest(self.pipeline.deliver(signed.body, signed.key, Metadata=signed.metadata))

    def verify(self, *, deep=False, **options):
        pipeline = self.pipeline
        parts = {
            "reader": pipeline.reader,
            "source": pipeline.source,
            "s3": pipeline.s3,
            "public_keys": PublicKeys(lambda _region: pipeline.cloudtrail, now=lambda: pipeline.clock.now),
            "registry": load(),
            "now": at("20:00"),
        }
        verification = Verification(**(parts | options))
        return verification.verify_deep(WINDOW) if deep else verification.verify(WINDOW)


@pytest.fixture
def day(pipeline, record):
    """Three log files: one event was delivered in two of them."""
    day = Day(pipeline)
    day.log("0930", record(1), record(2), record(9, eventSource="ec2.amazonaws.com"))
    day.log("1030", record(2), record(3), record(3))
    day.log("1130", record(9, eventSource="ec2.amazonaws.com"))
    return day


def found(verdict):
    return Counter((finding.finding, finding.of) for finding in verdict.findings)


@pytest.mark.parametrize("deep", [False, True])
def test_day_on_which_nothing_was_lost_is_proved(day, deep):
    day.close()

    verdict = day.verify(deep=deep)

    assert (found(verdict), verdict.proved) == ({}, True)
    assert (verdict.delivered, verdict.verified, verdict.open) == (3, 3, 0)
    assert (verdict.records, verdict.wanted, verdict.distinct, verdict.rows) == (7, 5, 3, 3)


def test_only_the_file_whose_event_was_delivered_twice_is_read_again(day, wire):
    day.close()
    wire.calls.clear()

    verdict = day.verify()

    assert verdict.read_again == 1
    assert [call["Key"] for call in wire.requests("GetObject")] == [log_key("0930")]


@pytest.mark.parametrize("deep", [False, True])
def test_row_that_is_gone_is_named(day, deep):
    day.close()
    event_id = "00000003-0000-4000-8000-000000000000"
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key={"eventID": {"S": event_id}})

    verdict = day.verify(deep=deep)

    assert found(verdict) == {("row-missing", name_of(log_key("1030"))): 1}
    assert event_id in verdict.findings[0].why
    assert (verdict.distinct, verdict.rows) == (3, 2)


def test_row_that_expired_is_not_missed(day):
    day.close()
    for number in (1, 2, 3):
        key = {"eventID": {"S": f"{number:08x}-0000-4000-8000-000000000000"}}
        day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key=key)

    verdict = day.verify(retention=timedelta(hours=10))

    assert (verdict.proved, verdict.distinct, verdict.rows) == (True, 0, 0)


def test_row_that_somebody_changed_is_named_by_a_deep_look_alone(day):
    day.close()
    day.pipeline.dynamodb.update_item(
        TableName=day.pipeline.events_name,
        Key={"eventID": {"S": "00000003-0000-4000-8000-000000000000"}},
        UpdateExpression="SET principal = :other, awsRegion = :other",
        ExpressionAttributeValues={":other": {"S": "user/Mallory"}},
    )

    shallow, deep = day.verify(), day.verify(deep=True)

    assert shallow.proved
    assert found(deep) == {("row-differs", name_of(log_key("1030"))): 1}
    assert "has another awsRegion, principal" in deep.findings[0].why


def test_object_that_was_replaced_unnoticed_is_named_by_a_deep_look(day, packed, record):
    day.close()
    day.pipeline.deliver(packed(record(1), record(2)), log_key("0930"))

    verdict = day.verify(deep=True)

    name = name_of(log_key("0930"))
    assert found(verdict) == {("tampered", name): 1, ("changed", name): 1}


def test_object_that_is_gone_is_named_by_a_deep_look(day):
    day.close()
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("1130"))

    assert day.verify().proved
    assert found(day.verify(deep=True)) == {("missing", name_of(log_key("1130"))): 1}


def test_digest_that_was_replaced_is_named_by_a_deep_look(day):
    day.close()
    forged = digest(at("10:00"), bucket=BUCKET, signer=1)
    day.pipeline.deliver(forged.body, forged.key, Metadata=forged.metadata)

    verdict = day.verify(deep=True)

    assert found(verdict) == {("invalid", name_of(forged.key)): 1}


def test_entry_that_somebody_took_out_of_the_ledger_is_named_by_a_deep_look(day):
    day.close()
    key = {"logFile": {"S": name_of(log_key("1130"))}, "entry": {"S": "file"}}
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.files_name, Key=key)

    assert found(day.verify(deep=True)) == {("not-ingested", name_of(log_key("1130"))): 1}


def test_digest_that_is_missing_is_named_with_its_hour_and_its_file_is_unproven(day):
    day.close(without={at("11:00")})
    (missing,) = [signed for signed in day.digests if "T110000Z" in signed.key]

    verdict = day.verify()

    assert [finding.finding for finding in verdict.findings] == ["awaited", "unproven", "gap"]
    assert found(verdict)["awaited", name_of(missing.key)] == 1
    assert list(verdict.overdue()) == [name_of(missing.key)]
    assert (verdict.delivered, verdict.verified) == (3, 2)


def test_file_that_a_digest_lists_and_that_never_came_is_named(day, record):
    day.contents[log_key("1040")] = json.dumps({"Records": [record(4)]}).encode()
    day.close()

    verdict = day.verify()

    assert found(verdict) == {("awaited", name_of(log_key("1040"))): 1}
    assert (verdict.delivered, verdict.verified) == (4, 3)


def test_files_without_any_digest_are_one_finding(day):
    verdict = day.verify()

    assert [finding.finding for finding in verdict.findings] == ["no-digests"]
    assert (verdict.delivered, verdict.verified, verdict.distinct, verdict.rows) == (3, 0, 3, 3)


def test_window_without_deliveries_is_not_proved(pipeline):
    verdict = Day(pipeline).verify()

    assert (verdict.delivered, verdict.proved) == (0, False)
    assert [finding.finding for finding in verdict.findings] == ["nothing-delivered"]


def test_only_what_is_asked_for_is_proved(day):
    day.close()

    here, elsewhere = (
        day.verify(origins=Origins(regions=frozenset({region}))) for region in ("eu-west-1", "us-east-1")
    )

    assert (here.delivered, here.distinct) == (3, 3)
    assert (elsewhere.delivered, elsewhere.distinct, elsewhere.proved) == (0, 0, False)


def test_log_file_that_can_no_longer_be_read_is_named_if_it_would_have_to_be(day):
    day.close()
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"))

    verdict = day.verify()

    assert found(verdict) == {("row-missing", name_of(log_key("0930"))): 1}
    assert "cannot be told" in verdict.findings[0].why


def forge(day, event_id, **changes):
    """Write a row that no record of a log file makes."""
    (row,) = (row for row in day.pipeline.rows().values() if row["eventID"].startswith("00000003"))
    day.pipeline.write(row | {"eventID": event_id} | changes)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", ["1030", "1050"])
def test_row_that_no_record_makes_is_named(day, deep, name):
    day.close()
    forge(day, "ffffffff-0000-4000-8000-000000000000", logFile=name_of(log_key(name)))

    assert found(day.verify(deep=deep)) == {("row-too-many", name_of(log_key(name))): 1}


def test_row_of_an_event_that_a_forged_file_has_overwritten_is_named(day):
    day.close()
    (row,) = (row for row in day.pipeline.rows().values() if row["eventID"].startswith("00000001"))
    forged = name_of(log_key("0930").replace("2026", "2015"))
    day.pipeline.write(row | {"logFile": forged, "principal": "user/Framed"})

    assert found(day.verify()) == {("row-differs", name_of(log_key("0930"))): 1}

"""What the proof names can be repaired: with CloudTrail's content, and by deleting what is not CloudTrail's."""

import gzip
import hashlib
import json
from collections import Counter
from datetime import timedelta

import pytest

from aitrail.digests import NoDigestsDetector
from aitrail.ingest import LogFileIngestion
from aitrail.repair import Repair
from aitrail.rows import OF_PROVENANCE
from aitrail.services import load
from tests.functional.day import BUCKET, Day, log_key, name_of
from tests.shared.signed_digests import at

NAME = name_of(log_key("0930"))


@pytest.fixture
def day(pipeline, record):
    pipeline.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    day = Day(pipeline)
    day.log("0930", record(1), record(2))
    day.log("1030", record(2), record(3), record(3))
    day.close()
    return day


@pytest.fixture
def repair(day):
    pipeline = day.pipeline
    parts = {"events": pipeline.events, "ledger": pipeline.ledger}
    clock = pipeline.clock.given
    no_digests = NoDigestsDetector(ledger=pipeline.ledger, reader=pipeline.reader, clock=clock)
    log_files = LogFileIngestion(**parts, registry=load(), retention=None, clock=clock, no_digests=no_digests)
    return Repair(**parts, reader=pipeline.reader, s3=pipeline.s3, source=pipeline.source, log_files=log_files)


def found(verdict):
    return Counter((finding.finding, finding.of) for finding in verdict.findings)


def carry_out(day, repair, *, deep=False):
    """Repairs everything that a verdict names, and returns the next verdict."""
    verdict = day.verify(deep=deep)
    list(repair.ingest(repair.plan(verdict)))
    verdict = day.verify(deep=deep)
    rows = [*repair.rows_to_delete(verdict), *repair.rows_of_replaced(verdict)]
    sources, genuine = repair.sources_of(rows)
    list(repair.ingest(sources))
    repair.delete(row for row in rows if row["eventID"] not in genuine)
    if deep:
        repair.close(day.verify(deep=True))
    return day.verify(deep=deep)


def without_provenance(rows):
    return {event_id: {name: row[name] for name in row.keys() - OF_PROVENANCE} for event_id, row in rows.items()}


def contents(day):
    """The rows of the table, without their provenance: events delivered twice may name either file."""
    return without_provenance(day.pipeline.rows())


def event_id(number):
    return f"{number:08x}-0000-4000-8000-000000000000"


@pytest.fixture
def original(day):
    return day.pipeline.rows()


def test_row_that_a_forged_file_has_overwritten_is_put_right_and_its_other_row_deleted(
    day, repair, original, packed, record
):
    forged = day.pipeline.deliver(packed(record(1, awsRegion="us-east-1"), record(7)), log_key("1035"))
    day.pipeline.ingest(forged)
    day.pipeline.ledger.doubt(name_of(log_key("1035")), "unlisted")
    assert {name for name, _ in found(day.verify())} == {"row-differs", "unlisted"}

    verdict = carry_out(day, repair)

    assert found(verdict) == {("unlisted", name_of(log_key("1035"))): 1}
    assert contents(day) == without_provenance(original)


@pytest.mark.parametrize("deep", [False, True])
def test_missing_changed_and_added_rows_are_repaired(day, repair, original, deep):
    pipeline = day.pipeline
    pipeline.dynamodb.delete_item(TableName=pipeline.events_name, Key={"eventID": {"S": event_id(1)}})
    pipeline.write(original[event_id(3)] | {"principal": "user/Mallory"}, original[event_id(3)] | {"eventID": "added"})

    verdict = carry_out(day, repair, deep=deep)

    assert verdict.proved
    assert contents(day) == without_provenance(original)


@pytest.fixture
def forged(day, original, packed, record, wire):  # noqa: ARG001 (the original rows are read first)
    """A forged version of the first log file, with an event of years ago."""
    wire.stored += timedelta(minutes=1)
    records = record(1), record(7), record(8, eventTime="2019-01-01T00:00:00Z")
    return day.pipeline.deliver(packed(*records), log_key("0930"))


def test_replaced_file_is_closed_by_a_deep_comparison_once_no_row_of_other_content_is_left(
    day, repair, original, forged
):
    day.pipeline.ingest(forged)
    assert found(day.verify())["tampered", NAME] == 1

    verdict = carry_out(day, repair, deep=True)

    assert {name for name, _ in found(verdict)} == {"tampered", "changed", "replaced"}, "the forged version is current"
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"), VersionId=forged.version_id)
    assert carry_out(day, repair, deep=True).proved
    assert contents(day) == without_provenance(original)
    entry = day.pipeline.ledger.entry(NAME)
    assert entry["repairedAt"] >= entry["replacedAt"]
    assert "problem" not in entry


def test_file_that_is_replaced_again_after_a_repair_is_replaced(day, repair, packed, record, wire):
    for _ in range(2):
        day.pipeline.clock.now += timedelta(minutes=1)
        wire.stored += timedelta(minutes=1)
        forged = day.pipeline.deliver(packed(record(7)), log_key("0930"))
        day.pipeline.ingest(forged)
        day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"), VersionId=forged.version_id)
        assert ("tampered", NAME) in found(day.verify())

        assert carry_out(day, repair, deep=True).proved


def test_file_without_cloudtrail_s_content_in_the_bucket_is_named_and_left_alone(day, repair, packed, record):
    versions = day.pipeline.s3.list_object_versions(Bucket=BUCKET, Prefix=log_key("0930"))["Versions"]
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"), VersionId=versions[0]["VersionId"])
    day.pipeline.ingest(day.pipeline.deliver(packed(record(7)), log_key("0930")))
    before = day.pipeline.rows()

    plan = repair.plan(day.verify())

    assert (plan.versions, plan.without_content) == ((), (NAME,))
    assert list(repair.rows_of_replaced(day.verify())) == []
    assert day.pipeline.rows() == before


def test_row_that_names_another_file_by_now_is_not_deleted(day, repair, original):
    day.pipeline.write(original[event_id(3)] | {"eventID": "added"})
    rows = list(repair.rows_to_delete(day.verify()))
    day.pipeline.write(original[event_id(3)] | {"eventID": "added", "logFile": NAME})

    assert [row["eventID"] for row in rows] == ["added"]
    assert repair.delete(rows) == 0
    assert "added" in day.pipeline.rows()


@pytest.mark.parametrize("log_file", [{"N": "5"}, {"SS": ["x"]}, {"M": {"S": {"S": "x"}}}, None])
def test_row_that_names_no_text_can_be_deleted(day, repair, original, log_file):
    dynamodb, table = day.pipeline.dynamodb, day.pipeline.events_name
    row = dynamodb.get_item(TableName=table, Key={"eventID": {"S": event_id(3)}})["Item"]
    odd = {name: value for name, value in (row | {"eventID": {"S": "odd"}, "logFile": log_file}).items() if value}
    dynamodb.put_item(TableName=table, Item=odd)

    rows = list(repair.rows_to_delete(day.verify()))

    assert repair.delete(rows) == 1
    assert contents(day) == without_provenance(original)


@pytest.mark.parametrize("deep", [False, True])
def test_genuine_records_that_a_forged_file_repeats_keep_their_rows(day, repair, packed, record, deep):
    """Also those of other days: nothing in a row says that it has replaced a genuine one."""
    early = log_key("0825")
    day.pipeline.clock.now = at("15:00")
    content = json.dumps({"Records": [record(11, eventTime="2026-03-14T08:20:00Z")]}).encode()
    day.pipeline.ingest(day.pipeline.deliver(gzip.compress(content), early))
    known = {"expectedSha256": hashlib.sha256(content).hexdigest(), "verifiedBy": name_of(day.digests[1].key)}
    day.pipeline.ledger.note(name_of(early), "file", **known)
    before = day.pipeline.numbers()
    repeated = [record(1), record(11, eventTime="2026-03-14T08:20:00Z"), record(3), record(12)]
    forged = day.pipeline.deliver(packed(*repeated), log_key("0930"))
    day.pipeline.ingest(forged)
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"), VersionId=forged.version_id)

    carry_out(day, repair, deep=deep)

    assert day.pipeline.numbers() == before


def test_replacement_during_a_repair_stays_one(day, repair, forged, packed, record):
    day.pipeline.ingest(forged)
    day.pipeline.s3.delete_object(Bucket=BUCKET, Key=log_key("0930"), VersionId=forged.version_id)
    list(repair.ingest(repair.plan(day.verify(deep=True))))
    verdict = day.verify(deep=True)
    repair.delete([*repair.rows_to_delete(verdict), *repair.rows_of_replaced(verdict)])
    verdict = day.verify(deep=True)
    day.pipeline.clock.now += timedelta(minutes=1)
    day.pipeline.ingest(day.pipeline.deliver(packed(record(9, eventTime="2019-01-01T00:00:00Z")), log_key("0930")))
    day.pipeline.ingest(day.pipeline.deliver(packed(record(1), record(2)), log_key("0930")))
    day.pipeline.clock.now += timedelta(minutes=1)

    assert repair.close(verdict) == []
    assert ("replaced", NAME) in found(day.verify())

"""Whoever may write into the log bucket, or into the table, adds no row that the plain proof does not name."""

import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.rows import record_of
from aitrail.window import Window
from tests.functional.day import BUCKET, FOLDER, Day, a_day, log_key, name_of
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at

FORGED = 7
HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
HOUR = timedelta(hours=1)


@pytest.fixture
def day(pipeline, record):
    pipeline.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    day = Day(pipeline)
    day.log("0930", record(1), record(2), record(9, eventSource="ec2.amazonaws.com"))
    day.log("1030", record(2), record(3), record(3))
    day.close()
    return day


def found(verdict):
    return Counter((finding.finding, finding.of) for finding in verdict.findings)


def read(day, wire, delivery, *, requests=inf):
    """Makes the function read a delivery; its process ends before the request after so many."""
    wire.fuse = requests
    try:
        return day.pipeline.ingest(delivery)
    except SystemExit:
        return None
    finally:
        wire.fuse = inf


def read_up_to_the_rows(day, wire, delivery):
    """Makes the function read a delivery; its process ends as soon as the rows are written."""
    before, requests = day.pipeline.numbers(), 0
    while day.pipeline.numbers() == before:
        requests += 1
        read(day, wire, delivery, requests=requests)


def forge(day, wire, packed, time, stored, *records):
    """Somebody puts a log file with that time in its name; the function reads it."""
    day.pipeline.clock.now = wire.stored = stored
    day.pipeline.ingest(day.pipeline.deliver(packed(*records), log_key(time, "forged")))
    return name_of(log_key(time, "forged"))


def test_row_of_a_file_of_an_hour_that_is_not_closed_is_named_but_prevents_no_proof(day, wire, packed, record):
    name = forge(day, wire, packed, "1420", at("14:21"), record(FORGED, eventTime="2026-03-14T11:45:00Z"))

    verdict = day.verify(now=at("14:40"))

    assert (verdict.proved, verdict.not_listed_yet) == (True, (name,))


def test_row_of_a_file_that_the_digests_of_its_hour_do_not_list_prevents_the_proof(pipeline, wire, packed, record):
    day = a_day(pipeline, record)
    name = forge(day, wire, packed, "1230", at("12:31"), record(FORGED, eventTime="2026-03-14T11:45:00Z"))
    day.close()

    verdict = day.verify(now=at("14:40"))

    assert (found(verdict), verdict.not_listed_yet) == ({("unproven", name): 1}, ())


def test_row_of_a_file_that_arrived_long_after_the_time_in_its_name_prevents_the_proof(day, wire, packed, record):
    key = log_key("1220", "forged").replace("111122223333", "444455556666")
    day.pipeline.clock.now = wire.stored = at("19:50")
    day.pipeline.ingest(day.pipeline.deliver(packed(record(FORGED, eventTime="2026-03-14T11:45:00Z")), key))

    verdict = day.verify(now=at("20:00"))

    folder = "s3://example-trail-logs/AWSLogs/444455556666/CloudTrail-Digest/eu-west-1/"
    assert (found(verdict), verdict.not_listed_yet) == ({("no-digests", folder): 1}, ())


def test_rows_of_a_listed_file_whose_reading_ended_early_are_not_called_somebody_elses(pipeline, wire, record):
    day = a_day(pipeline, record)
    content = json.dumps({"Records": [record(4)]}).encode()
    day.contents[log_key("1145")] = content
    read_up_to_the_rows(day, wire, pipeline.deliver(gzip.compress(content, mtime=0), log_key("1145")))
    day.close()

    verdict = day.verify(now=at("20:00"))

    assert found(verdict) == {("awaited", name_of(log_key("1145"))): 1, ("row-unknown", name_of(log_key("1145"))): 1}


def test_row_of_a_file_of_a_gap_prevents_the_proof_after_six_hours(pipeline, wire, packed, record):
    day = a_day(pipeline, record)
    name = forge(day, wire, packed, "1430", at("14:31"), record(FORGED, eventTime="2026-03-14T11:45:00Z"))
    day.close()

    moments = [day.verify(now=at(time)) for time in ("20:30", "20:32")]

    assert [(found(each), each.not_listed_yet) for each in moments] == [({}, (name,)), ({("unproven", name): 1}, ())]


def test_forged_row_that_was_written_before_the_function_died_is_named(day, wire, packed, record):
    name = name_of(log_key("0930"))
    forged = day.pipeline.deliver(packed(record(1), record(2), record(FORGED)), log_key("0930"))

    read_up_to_the_rows(day, wire, forged)

    assert found(day.verify()) == {("row-too-many", name): 1}
    assert f"{FORGED:08x}" in day.verify().findings[0].why


def test_forged_row_is_named_although_the_original_content_was_read_again_since(day, wire, packed, record):
    name = name_of(log_key("0930"))
    forged = day.pipeline.deliver(packed(record(1), record(FORGED)), log_key("0930"))
    wire.stored += timedelta(minutes=1)
    restored = day.pipeline.deliver(day.contents[log_key("0930")], log_key("0930"))
    day.pipeline.ingest(restored)
    read_up_to_the_rows(day, wire, replace(forged, force=True))
    wire.stored -= timedelta(minutes=1)

    outcome = day.pipeline.ingest(forged)

    assert outcome.status == "skipped"
    assert found(day.verify()) == {("row-too-many", name): 1}


@pytest.mark.parametrize("year", ["2013", "2019", "2031", "9999"])
def test_forged_row_of_a_time_far_from_its_file_leaves_a_trace_before_it_is_written(day, wire, packed, record, year):
    name = name_of(log_key("0930"))
    forged = day.pipeline.deliver(packed(record(FORGED, eventTime=f"{year}-03-14T09:20:00Z")), log_key("0930"))

    read_up_to_the_rows(day, wire, forged)

    assert found(day.verify()) == {("replaced", name): 1}


def test_forged_row_is_named_by_the_proof_of_its_own_time(day, wire, packed, record):
    name = name_of(log_key("0930"))
    forged = day.pipeline.deliver(packed(record(FORGED, eventTime="2019-03-14T09:20:00Z")), log_key("0930"))
    read_up_to_the_rows(day, wire, forged)
    begin = at("09:00").replace(year=2019)

    verdict = day.verify(window=Window(since=begin, until=begin + HOUR))

    assert ("row-too-many", name) in found(verdict)


def test_late_record_of_a_genuine_file_is_proved_at_both_times(pipeline, record):
    day = a_day(pipeline, record)
    day.log("1040", record(5, eventTime="2026-03-13T09:20:00Z"), record(6))
    day.close()
    before = Window(since=at("09:00") - 24 * HOUR, until=at("12:00") - 24 * HOUR)

    own, other = day.verify(), day.verify(window=before)

    assert (own.proved, own.distinct, own.rows) == (True, 5, 5)
    assert {finding.finding for finding in other.findings} == {"nothing-delivered"}


@pytest.mark.parametrize("time", ["2026-03-13T09:20:00Z", "2026-03-13T09:25:00Z"])
def test_row_added_to_those_of_a_genuine_file_with_late_records_is_named(pipeline, record, time):
    day = a_day(pipeline, record)
    day.log("1040", record(5, eventTime="2026-03-13T09:10:00Z"), record(6))
    day.close()
    (row,) = (row for row in pipeline.rows().values() if row["eventID"].startswith("00000005"))
    pipeline.write(row | {"eventID": "ffffffff-0000-4000-8000-000000000000", "eventTime": time})
    before = Window(since=at("09:00") - 24 * HOUR, until=at("12:00") - 24 * HOUR)

    verdict = day.verify(window=before)

    assert ("row-too-many", name_of(log_key("1040"))) in found(verdict)


def test_row_of_a_file_that_never_reached_the_ledger_is_named(day, wire, packed, record):
    for number, key in enumerate((log_key("0945"), log_key("1300"), log_key("0945").replace("1111", "9999"))):
        forged = day.pipeline.deliver(packed(record(FORGED + number)), key)
        read_up_to_the_rows(day, wire, forged)

        assert ("row-too-many", name_of(key)) in found(day.verify())


def test_row_that_replaces_another_one_of_the_same_file_is_named(day):
    rows = day.pipeline.rows()
    gone = next(event_id for event_id in rows if event_id.startswith("00000003"))
    day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key={"eventID": {"S": gone}})
    day.pipeline.write(rows[gone] | {"eventID": "ffffffff-0000-4000-8000-000000000000"})

    name = name_of(log_key("1030"))

    assert found(day.verify()) == {("row-missing", name): 1, ("row-too-many", name): 1}


ODD = {
    "a number": {"N": "5"},
    "a list": {"L": [{"S": "x"}]},
    "a map": {"M": {"x": {"S": "y"}}},
    "bytes": {"B": b"x"},
    "a set": {"SS": ["x", "y"]},
    "a set of numbers": {"NS": ["1", "2.5"]},
    "a set of bytes": {"BS": [b"x"]},
    "nothing": {"NULL": True},
    "a flag": {"BOOL": False},
}
# Attributes that are not keys of an index may have any type.
ATTRIBUTES = ("logFile", "recordIndex", "expiresAt", "asJson", "awsRegion", "userIdentity", "usage", "eventCategory")


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_row_of_any_shape_is_a_finding(day, deep, value):
    dynamodb, table = day.pipeline.dynamodb, day.pipeline.events_name
    row = dynamodb.get_item(TableName=table, Key={"eventID": {"S": "00000003-0000-4000-8000-000000000000"}})["Item"]
    odd = {f"{attribute}-0000": attribute for attribute in ATTRIBUTES}
    for event_id, attribute in odd.items():
        dynamodb.put_item(TableName=table, Item=row | {"eventID": {"S": event_id}, attribute: value})

    verdict = day.verify(deep=deep)

    assert {finding.finding for finding in verdict.findings} == {"row-too-many"}
    assert set(verdict.too_many) == set(odd)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_file_with_an_event_of_any_time_is_proved_without_reading_all_years(pipeline, record, wire, time):
    day = a_day(pipeline, record)
    day.log("1040", record(5, eventTime=time), record(6))
    day.close()
    wire.calls.clear()

    verdict = day.verify()

    assert (verdict.proved, verdict.rows) == (True, 5)
    assert len(wire.requests("Query")) < 20


@law(60)
@given(
    expired=st.sets(st.sampled_from([1, 2, 3])),
    deleted=st.sets(st.sampled_from([1, 2, 3])),
    deep=st.booleans(),
)
def test_rows_past_their_expiry_are_neither_missing_nor_too_many(expired, deleted, deep, new_day):
    day = new_day(expired)
    for number in expired & deleted:
        key = {"eventID": {"S": f"{number:08x}-0000-4000-8000-000000000000"}}
        day.pipeline.dynamodb.delete_item(TableName=day.pipeline.events_name, Key=key)

    verdict = day.verify(deep=deep, retention=timedelta(hours=11))

    left = 3 - len(expired)
    assert (found(verdict), verdict.distinct, verdict.rows) == ({}, left, left)


@pytest.fixture
def new_day(new_pipeline, record):
    """Makes a day in which the events with these numbers happened just over eleven hours before it is verified."""

    def new_day(expired):
        def at_its_time(number):
            return record(number, eventTime="2026-03-14T08:59:00Z" if number in expired else "2026-03-14T09:20:00Z")

        day = Day(new_pipeline())
        day.log("0930", at_its_time(1), at_its_time(2))
        day.log("1030", at_its_time(2), at_its_time(3), at_its_time(3))
        day.close()
        return day

    return new_day


@pytest.mark.parametrize(("hours", "deep"), [(1, False), (7, False), (200, False), (7, True)])
def test_row_of_a_file_without_a_time_in_its_name_is_named_at_the_time_of_the_row(day, wire, packed, hours, deep):
    stored = at("09:30") + 96 * HOUR
    wire.stored = day.pipeline.clock.now = stored
    key = f"{FOLDER.rpartition('/')[0]}/111122223333_CloudTrail_eu-west-1_x.json.gz"
    (row,) = (row for row in day.pipeline.rows().values() if row["eventID"].startswith("00000003"))
    forged = record_of(row) | {"eventID": "ffffffff-0000-4000-8000-000000000000"}
    day.pipeline.ingest(day.pipeline.deliver(packed(forged), key))
    day.pipeline.clock.now = stored + hours * HOUR
    day.pipeline.process(HOURLY)

    verdict = day.verify(deep=deep, now=day.pipeline.clock.now)

    assert not verdict.proved


@pytest.mark.parametrize("hours", [0, 8])
def test_row_of_a_file_named_for_the_day_after_it_was_stored_is_named(pipeline, wire, packed, record, hours):
    wire.stored = pipeline.clock.now = at("09:30") - 15 * HOUR
    forged = log_key("0945", "x")
    pipeline.ingest(pipeline.deliver(packed(record(FORGED)), forged))
    wire.stored = at("09:30")
    day = Day(pipeline)
    day.log("0930", record(1), record(2))
    day.close()
    pipeline.clock.now = at("14:30") + hours * HOUR
    pipeline.process(HOURLY)

    assert name_of(forged) in {finding.of for finding in day.verify().findings}


def test_file_that_is_stored_again_and_again_is_decided_on_nevertheless(day, wire, record):
    forged = log_key("0945", "x").replace("2026", "2015")
    content = json.dumps({"Records": [record(FORGED, eventTime="2026-03-14T10:20:00Z")]}).encode()
    for number in range(12):
        wire.stored = day.pipeline.clock.now = at("15:00") + number * 5 * HOUR
        day.pipeline.ingest(day.pipeline.deliver(gzip.compress(content, mtime=number + 1), forged))
        day.pipeline.clock.now += 4 * HOUR
        day.pipeline.process(HOURLY)

    folder = f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/"
    assert name_of(forged) in {finding.of for finding in day.verify(now=day.pipeline.clock.now).findings}
    assert day.pipeline.ledger.entry(folder, "no-digests")["problem"] == "no-digests"

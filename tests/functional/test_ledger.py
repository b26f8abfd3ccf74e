import hashlib
import json
from dataclasses import fields, replace
from decimal import Decimal

import pytest

from aitrail.dynamodb import OutOfTimeError, items
from aitrail.ledger import FileEntry
from aitrail.rows import RejectedRecord

FILE = "s3://example-trail-logs/AWSLogs/one.json.gz"
INGESTED = FileEntry(
    log_file=FILE,
    status="ingested",
    recorded_with="1-abc",
    etag="0cc175b9c0f1b6a831c399e269772661",
    version_id="v1",
    bytes=2048,
    sha256="ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    records=5,
    wanted=4,
    written=2,
    rejected=1,
    expired=0,
    duplicates_in_file=1,
    account="111122223333",
    region="eu-west-1",
    delivered_at="2026-03-14T09:25:00Z",
    delivery_day="2026-03-14",
    stored_at="2026-03-14T09:26:00Z",
    first_event_time="2026-03-14T09:19:00Z",
    last_event_time="2026-03-14T09:20:00Z",
    rows_sha256="r" * 43,
    ingested_at="2026-03-14T09:30:00Z",
    expires_at=1_800_000_000,
)
MISSING = FileEntry(log_file=FILE, status="missing", reason="NoSuchKey", delivery_day="2026-03-14")


def reject(index=3, **record):
    return RejectedRecord.of(record, key=index, reason="no eventTime")


def found_by(storage, index, attribute, value):
    pages = storage.dynamodb.get_paginator("query").paginate(
        TableName=storage.files_name,
        IndexName=index,
        KeyConditionExpression="#key = :value",
        ExpressionAttributeNames={"#key": attribute},
        ExpressionAttributeValues={":value": {"S": value}},
    )
    return [item["logFile"]["S"] for page in pages for item in page["Items"]]


def test_delivery_that_was_never_seen_has_no_entry(storage):
    assert storage.ledger.entry(FILE) is None


def test_entry_has_every_attribute_in_camel_case(storage):
    storage.ledger.record(INGESTED)

    assert storage.ledger.entry(FILE) == {
        "logFile": FILE,
        "entry": "file",
        "status": "ingested",
        "problem": "rejects",
        "recordedWith": "1-abc",
        "etag": "0cc175b9c0f1b6a831c399e269772661",
        "versionId": "v1",
        "bytes": Decimal(2048),
        "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        "records": Decimal(5),
        "wanted": Decimal(4),
        "written": Decimal(2),
        "rejected": Decimal(1),
        "expired": Decimal(0),
        "duplicatesInFile": Decimal(1),
        "account": "111122223333",
        "region": "eu-west-1",
        "deliveredAt": "2026-03-14T09:25:00Z",
        "deliveryDay": "2026-03-14",
        "storedAt": "2026-03-14T09:26:00Z",
        "firstEventTime": "2026-03-14T09:19:00Z",
        "lastEventTime": "2026-03-14T09:20:00Z",
        "rowsSha256": "r" * 43,
        "ingestedAt": "2026-03-14T09:30:00Z",
        "expiresAt": Decimal(1_800_000_000),
    }


def test_entry_recorded_again_loses_what_no_longer_holds(storage):
    storage.ledger.record(INGESTED)

    storage.ledger.record(FileEntry(log_file=FILE, status="unreadable", reason="truncated", position=7))

    assert storage.ledger.entry(FILE) == {
        "logFile": FILE,
        "entry": "file",
        "status": "unreadable",
        "problem": "unreadable",
        "reason": "truncated",
        "position": Decimal(7),
    }


@pytest.mark.parametrize("later", [INGESTED, MISSING], ids=lambda entry: entry.status)
def test_attributes_that_others_set_on_the_entry_survive(storage, later):
    storage.ledger.record(INGESTED)
    storage.dynamodb.update_item(
        TableName=storage.files_name,
        Key={"logFile": {"S": FILE}, "entry": {"S": "file"}},
        UpdateExpression="SET expectedSha256 = :sha, verification = :state",
        ExpressionAttributeValues={":sha": {"S": "ca97"}, ":state": {"S": "verified"}},
    )

    storage.ledger.record(later)

    entry = storage.ledger.entry(FILE)
    assert (entry["expectedSha256"], entry["verification"]) == ("ca97", "verified")


def test_missing_object_keeps_what_an_earlier_reading_counted(storage):
    storage.ledger.record(INGESTED)
    before = storage.ledger.entry(FILE)

    storage.ledger.record(MISSING)

    assert storage.ledger.entry(FILE) == before | {"status": "missing", "problem": "missing", "reason": "NoSuchKey"}


def test_verdict_of_a_missing_object_is_gone_once_it_is_ingested(storage):
    storage.ledger.record(MISSING)

    storage.ledger.record(replace(INGESTED, rejected=0))

    assert storage.ledger.entry(FILE).keys().isdisjoint({"problem", "reason", "position"})


def test_indexes_find_files_by_day_and_only_those_with_a_problem(storage):
    sound, missing = f"{FILE}.sound", f"{FILE}.missing"
    storage.ledger.record(replace(INGESTED, log_file=sound))
    storage.ledger.record(replace(MISSING, log_file=missing))
    storage.ledger.record(replace(MISSING, log_file=FILE))
    storage.ledger.record(replace(INGESTED, delivery_day="2026-03-15"))

    assert found_by(storage, "by-day", "deliveryDay", "2026-03-14") == [missing, sound]
    assert found_by(storage, "by-day", "deliveryDay", "2026-03-15") == [FILE]
    assert found_by(storage, "by-problem", "problem", "missing") == [missing]


def test_reject_is_kept_verbatim_and_found_by_its_problem(storage):
    record = {"eventSource": "polly.amazonaws.com", "eventName": "\ud800", "n": 1.0, "deep": [[{"": None}]]}

    storage.ledger.rejects.record(
        FILE, [reject(3, **record)], expires_at=1_800_000_000, time_left=storage.clock.time_left
    )

    (entry,) = storage.files().values()
    assert json.loads(entry.pop("record")) == record
    assert entry == {
        "logFile": FILE,
        "entry": "reject#3",
        "status": "rejected",
        "problem": "reject",
        "reason": "no eventTime",
        "recordIndex": 3,
        "eventSource": "polly.amazonaws.com",
        "eventName": None,
        "expiresAt": 1_800_000_000,
    }
    assert found_by(storage, "by-problem", "problem", "reject") == [FILE]


def test_rejects_of_halves_of_a_character_are_kept_apart_from_those_of_the_character(storage):
    texts = ["\ud83d\ude00", "\U0001f600", "\ud83d", "base64:"]
    records = [{"eventTime": text, "padding": "x" * size} for size in (0, LIMIT) for text in texts]

    rejects = [reject(number, **record) for number, record in enumerate(records)]
    storage.ledger.rejects.record(FILE, rejects, expires_at=None, time_left=storage.clock.time_left)

    entries = sorted(storage.files().values(), key=lambda entry: entry["recordIndex"])
    assert [items.of_text(entry["record"]) for entry in entries[:4]] == records[:4]
    assert len({entry["recordSha256"] for entry in entries[4:]}) == 4


LIMIT = 390 * 1024
QUOTES = len('{"text":""}')


def test_reject_of_390_kb_is_kept_verbatim_in_an_item_that_dynamodb_takes(storage):
    record = {"text": "x" * (LIMIT - QUOTES)}

    storage.ledger.rejects.record("k" * 1024, [reject(**record)], expires_at=1, time_left=storage.clock.time_left)

    (entry,) = storage.files().values()
    assert json.loads(entry["record"]) == record
    assert items.item_size(entry) <= 400 * 1024


def test_larger_reject_is_kept_as_its_hash_and_beginning(storage):
    record = {"text": "x" * (LIMIT - QUOTES + 1)}

    storage.ledger.rejects.record(FILE, [reject(**record)], expires_at=None, time_left=storage.clock.time_left)

    text = json.dumps(record, separators=(",", ":"))
    (entry,) = storage.files().values()
    assert "record" not in entry
    assert "expiresAt" not in entry
    assert entry["recordSha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert entry["recordBytes"] == LIMIT + 1
    assert entry["recordBeginning"] == text[: 8 * 1024]


def test_any_number_of_rejects_is_written(storage):
    storage.ledger.rejects.record(
        FILE, [reject(number) for number in range(60)], expires_at=None, time_left=storage.clock.time_left
    )

    assert storage.files().keys() == {f"reject#{number}" for number in range(60)}


def test_rejects_of_an_earlier_reading_are_forgotten_but_those_of_this_one(storage):
    other_file = f"{FILE}.other"
    storage.ledger.record(INGESTED)
    # 60 rejects of 30 KB make two pages of 1 MB.
    earlier = [reject(number, text="x" * 30_000) for number in range(60)]
    storage.ledger.rejects.record(FILE, earlier, expires_at=None, time_left=storage.clock.time_left)
    storage.ledger.rejects.record(other_file, [reject(99)], expires_at=None, time_left=storage.clock.time_left)

    storage.ledger.rejects.forget(FILE, but={1, 59}, time_left=storage.clock.time_left)

    assert storage.files().keys() == {"file", "reject#1", "reject#59", "reject#99"}


@pytest.mark.parametrize("method", ["record", "forget"])
def test_rejects_are_not_begun_when_no_time_is_left(storage, method):
    storage.ledger.rejects.record(FILE, [reject(1)], expires_at=None, time_left=storage.clock.time_left)
    storage.clock.left = 0
    arguments = {"record": {"rejects": [reject(2)], "expires_at": None}, "forget": {"but": set()}}

    with pytest.raises(OutOfTimeError):
        getattr(storage.ledger.rejects, method)(FILE, **arguments[method], time_left=storage.clock.time_left)

    assert storage.files().keys() == {"reject#1"}


def test_every_field_of_the_entry_is_tested_here():
    unset = {field.name for field in fields(FileEntry) if getattr(INGESTED, field.name) is None}

    assert unset == {"reason", "position", "doubt", "doubted_at", "removed_at"}

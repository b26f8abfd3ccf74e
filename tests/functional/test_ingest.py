import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aitrail.ingest import Ingested
from aitrail.logfile import LogFile
from aitrail.rows import RowHashes, recorded_with, row_of
from aitrail.rows.reading import CountsDisagreeError
from aitrail.services import load
from tests.functional.day import log_key


def unwanted(record):
    return record(99, eventSource="s3.amazonaws.com")


def rows_hash(rows):
    hashes = RowHashes()
    for row in rows:
        hashes.add(row)
    return hashes.sha256()


def test_wanted_records_become_rows_and_the_ledger_tells_of_the_file(pipeline, packed, record):
    records = [
        unwanted(record),
        record(1),
        record(2, eventSource="Lex.amazonaws.com", eventTime="2026-03-13T23:59:59Z"),
    ]
    delivery = pipeline.deliver(packed(*records))
    log_file = f"s3://{delivery.bucket}/{delivery.key}"
    content = json.dumps({"Records": records}).encode()

    result = pipeline.ingest(delivery)

    counts = {"Records": 3, "WantedRecords": 2, "RowsWritten": 2, "IngestedFiles": 1}
    rows = [row_of(records[index], log_file=log_file, record_index=index) for index in (1, 2)]
    zeros = {"RejectedRecords": 0, "ExpiredRecords": 0, "DuplicatesInFile": 0, "UnknownSources": 0}
    assert result == Ingested(status="ingested", metrics=counts, details={"logFile": log_file} | counts | zeros)
    assert pipeline.rows() == {row["eventID"]: row for row in rows}
    assert pipeline.files() == {
        "file": {
            "logFile": log_file,
            "entry": "file",
            "status": "ingested",
            "recordedWith": recorded_with(load()),
            "etag": delivery.etag,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "records": 3,
            "wanted": 2,
            "written": 2,
            "rejected": 0,
            "expired": 0,
            "duplicatesInFile": 0,
            "account": "111122223333",
            "region": "eu-west-1",
            "deliveredAt": "2026-03-14T09:25:00Z",
            "deliveryDay": "2026-03-14",
            "storedAt": "2026-03-14T09:26:00Z",
            "firstEventTime": "2026-03-13T23:59:59Z",
            "lastEventTime": "2026-03-14T09:20:00Z",
            "rowsSha256": rows_hash(rows),
            "ingestedAt": "2026-03-14T09:30:00Z",
        }
    }


@pytest.fixture
def known(pipeline, packed):
    """A pipeline that has looked for digests of the account and Region within the hour."""
    pipeline.ingest(pipeline.deliver(packed(), log_key("0926")))
    return pipeline


def test_first_delivery_of_an_account_and_region_in_an_hour_costs_a_look_for_digests(pipeline, packed, wire):
    delivery = pipeline.deliver(packed())
    wire.calls.clear()

    pipeline.ingest(delivery)

    assert wire.operations() == ["GetItem", "GetObject", "Query", "GetItem", "UpdateItem", "UpdateItem"]


def test_delivery_without_wanted_records_costs_three_requests(known, packed, record, wire):
    pipeline = known
    delivery = pipeline.deliver(packed(*[unwanted(record)] * 100))
    wire.calls.clear()

    pipeline.ingest(delivery)

    assert wire.operations() == ["GetItem", "GetObject", "UpdateItem"]


def test_wanted_records_cost_one_more_request_for_every_25(known, packed, record, wire):
    pipeline = known
    delivery = pipeline.deliver(packed(*map(record, range(51))))
    wire.calls.clear()

    pipeline.ingest(delivery)

    assert wire.operations() == ["GetItem", "GetObject", *["BatchWriteItem"] * 3, "UpdateItem"]


def test_record_that_is_in_the_file_twice_is_written_once_and_counted(pipeline, packed, record):
    result = pipeline.ingest(pipeline.deliver(packed(record(1), record(2), record(1), record(1))))

    assert result.metrics == {
        "IngestedFiles": 1,
        "Records": 4,
        "WantedRecords": 4,
        "RowsWritten": 2,
        "DuplicatesInFile": 2,
    }
    assert pipeline.numbers() == [1, 2]
    assert {row["recordIndex"] for row in pipeline.rows().values()} == {0, 1}


def test_records_past_their_retention_are_counted_and_not_written(pipeline, packed, record):
    pipeline.ingestion.row_retention = timedelta(days=30)
    limit = datetime(2026, 2, 12, 9, 30, tzinfo=UTC)  # the clock's time minus 30 days
    times = {-1: "2026-02-12T09:29:59Z", 0: "2026-02-12T09:30:00Z", 1: "2026-02-12T09:30:01Z"}
    records = [record(2 + offset, eventTime=time) for offset, time in times.items()]

    result = pipeline.ingest(pipeline.deliver(packed(*records)))

    assert (result.metrics["RowsWritten"], result.metrics["ExpiredRecords"]) == (1, 2)
    (row,) = pipeline.rows().values()
    assert row["eventTime"] == "2026-02-12T09:30:01Z"
    assert row["expiresAt"] == int((limit + timedelta(days=30, seconds=1)).timestamp())


@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=20,
    phases=[Phase.generate],  # shrinking an example would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(kinds=st.lists(st.sampled_from(["sound", "unwanted", "repeated", "old", "bad"]), max_size=20))
def test_counts_of_any_file_add_up(new_pipeline, packed, record, kinds):
    changes = {
        "unwanted": {"eventSource": "s3.amazonaws.com"},
        "repeated": {"eventID": "99999999-0000-4000-8000-000000000000"},
        "old": {"eventTime": "2026-01-01T00:00:00Z"},
        "bad": {"eventTime": "?"},
    }
    pipeline = new_pipeline()
    pipeline.ingestion.row_retention = timedelta(days=30)

    pipeline.ingest(pipeline.deliver(packed(*(record(n, **changes.get(kind, {})) for n, kind in enumerate(kinds)))))

    number = Counter(kinds)
    found = pipeline.files()["file"]
    assert {
        name: found[name] for name in ("records", "wanted", "written", "rejected", "expired", "duplicatesInFile")
    } == {
        "records": len(kinds),
        "wanted": len(kinds) - number["unwanted"],
        "written": number["sound"] + min(number["repeated"], 1),
        "rejected": number["bad"],
        "expired": number["old"],
        "duplicatesInFile": max(number["repeated"] - 1, 0),
    }
    assert len(pipeline.rows()) == found["written"]
    assert len(pipeline.files()) == 1 + found["rejected"]


def test_ledger_entries_have_a_retention_of_their_own(pipeline, packed, record):
    pipeline.ingestion.ledger_retention = timedelta(days=400)

    pipeline.ingest(pipeline.deliver(packed(record(1), record(2, eventTime="?"))))

    expiry = int((pipeline.clock.now + timedelta(days=400)).timestamp())
    assert {entry: item["expiresAt"] for entry, item in pipeline.files().items()} == {
        "file": expiry,
        "reject#1": expiry,
    }
    assert "expiresAt" not in next(iter(pipeline.rows().values()))


def test_rows_wait_for_the_whole_file_to_prove_sound(pipeline, packed, record):
    content = packed(*map(record, range(60)))

    result = pipeline.ingest(pipeline.deliver(content[:-4]))

    assert result.metrics == {"UnreadableFiles": 1}
    assert pipeline.rows() == {}


def test_very_many_rows_are_written_as_they_come(pipeline, packed, record, wire, monkeypatch):
    monkeypatch.setattr("aitrail.rows.reading.MAX_HELD_BYTES", 100_000)
    records = [record(number % 30, requestParameters={"text": "x" * 20_000}) for number in range(31)]
    content = packed(record(40, eventTime="?"), *records, record(41, eventTime="?"))

    broken = pipeline.ingest(pipeline.deliver(content[:-4]))

    assert broken.metrics["UnreadableFiles"] == 1
    assert broken.metrics["RowsWritten"] == len(pipeline.rows()) == pipeline.files()["file"]["written"] > 0
    assert "records" not in pipeline.files()["file"]
    wire.calls.clear()

    whole = pipeline.ingest(pipeline.deliver(content))

    assert (whole.metrics["RowsWritten"], whole.metrics["DuplicatesInFile"]) == (30, 1)
    assert pipeline.numbers() == [*range(30)]
    assert pipeline.files().keys() == {"file", "reject#0", "reject#32"}
    assert wire.operations().count("BatchWriteItem") > 3


def test_of_very_many_rejects_the_ledger_keeps_the_first_and_counts_all(pipeline, packed, record, monkeypatch):
    monkeypatch.setattr("aitrail.rows.reading.MAX_KEPT_REJECTS", 3)
    monkeypatch.setattr("aitrail.rows.reading.MAX_HELD_BYTES", 10_000)
    records = [record(number, eventTime=None) for number in range(10)]
    bad, better = packed(*records), packed(*[record(0), record(1)], *records[2:])

    result = pipeline.ingest(pipeline.deliver(bad))
    kept = pipeline.files()
    pipeline.ingest(pipeline.deliver(better))

    assert (result.status, result.metrics["RejectedRecords"]) == ("ingested", 10)
    assert kept.keys() == {"file", "reject#0", "reject#1", "reject#2"}
    assert kept["file"]["rejected"] == 10
    assert pipeline.files().keys() == {"file", "reject#2", "reject#3", "reject#4"}


def test_sources_that_look_like_a_wanted_one_are_counted_and_named(pipeline, packed, record):
    sources = ["polly-v2.amazonaws.com", "POLLY-v2.amazonaws.com", "lex.eu.amazonaws.com", "lexicon.amazonaws.com"]

    result = pipeline.ingest(pipeline.deliver(packed(*[record(eventSource=source) for source in sources])))

    assert result.metrics == {"IngestedFiles": 1, "Records": 4, "UnknownSources": 3}
    assert result.details["unknownSources"] == {"polly-v2.amazonaws.com": 2, "lex.eu.amazonaws.com": 1}


def test_only_the_most_frequent_of_very_many_lookalikes_are_named(pipeline, packed, record):
    sources = ["polly-often.amazonaws.com", *(f"polly-{number:04}.amazonaws.com" for number in range(1000))]
    records = [record(number, eventSource=source) for number, source in enumerate([sources[0], *sources])]

    result = pipeline.ingest(pipeline.deliver(packed(*records)))

    assert result.metrics["UnknownSources"] == 1001
    assert list(result.details["unknownSources"])[:2] == ["polly-often.amazonaws.com", "polly-0000.amazonaws.com"]
    assert (len(result.details["unknownSources"]), result.details["moreUnknownSources"]) == (20, 980)


def test_counts_that_disagree_fail_the_delivery(pipeline, packed, record, monkeypatch):
    class Miscounting(LogFile):
        unwanted = property(lambda _: 0, lambda *_: None)

    monkeypatch.setattr("aitrail.rows.reading.LogFile", Miscounting)

    with pytest.raises(CountsDisagreeError, match="2 records are 0 unwanted and 1 wanted; of these 1 written"):
        pipeline.ingest(pipeline.deliver(packed(record(1), unwanted(record))))

    assert pipeline.files() == {}

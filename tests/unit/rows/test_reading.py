"""Reading one log file in one pass: duplicates, rejects without references to records, and interruption at any step."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.rows import MAX_KEPT_REJECTS, RowHashes, record_of
from aitrail.rows.memory import row_memory
from aitrail.rows.plain import plain
from aitrail.rows.reading import Reading, RejectedRecord
from aitrail.services import load
from tests.shared import hostile_records
from tests.shared.fuzzing import law

GUID = "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"


def record(**changes):
    return {"eventTime": "2026-11-18T08:00:00Z", "eventSource": "polly.amazonaws.com", "eventID": GUID} | changes


def memory(row):
    known = plain(row)
    return known.memory if known else row_memory(row)


def hash_of(rows):
    """The slow twin: each row as json.dumps writes it."""
    hashes = RowHashes()
    for row in rows:
        hashes.add(row)
    return hashes.sha256() if hashes else None


def reading_of(*records, **options):
    content = io.BytesIO(json.dumps({"Records": records}).encode())
    return Reading(content, log_file="x", registry=load(), **options)


@law(100)
@given(records=st.lists(hostile_records.records, min_size=1, max_size=6))
def test_the_hash_of_a_file_is_that_of_its_rows_whichever_way_they_are_hashed(records):
    reading = reading_of(*records)

    rows = [row for batch in reading.batches() for row in batch.rows]

    assert (reading.rows_sha256 if rows else None) == hash_of(rows)


def test_the_same_record_twice_is_one_row():
    reading = reading_of(record(), record())

    (batch,) = reading.batches()

    assert [row["eventID"] for row in batch.rows] == [GUID]
    assert (reading.wanted, reading.duplicates_in_file) == (2, 1)
    reading.reconcile(written=1)


def test_different_records_under_one_guid_are_rows_of_their_own():
    records = [record(eventName="SynthesizeSpeech"), record(eventName="DeleteLexicon"), record(eventName="GetLexicon")]
    reading = reading_of(*records, *records)

    (batch,) = reading.batches()

    assert [record_of(row) for row in batch.rows] == records
    assert len({row["eventID"] for row in batch.rows}) == len(records)
    assert reading.rows_sha256 == hash_of(batch.rows)
    assert batch.rows[0]["eventID"] == GUID
    assert reading.duplicates_in_file == len(records)


@pytest.mark.parametrize("value", [None, [[]] * 1000, [None] * 1000], ids=["small", "empty lists", "nulls"])
def test_rows_wait_for_the_end_as_long_as_they_take_little_memory(value, monkeypatch):
    monkeypatch.setattr("aitrail.rows.reading.MAX_HELD_BYTES", 300_000)
    records = [record(eventID=f"{index:08x}-0000-4000-8000-000000000000", x=value) for index in range(300)]

    batches = list(reading_of(*records).batches())

    *taken, _ = [sum(map(memory, batch.rows)) for batch in batches]
    largest = max(memory(row) for batch in batches for row in batch.rows)
    assert all(300_000 < each <= 300_000 + largest for each in taken)
    assert len(taken) > 1
    assert sum(len(batch.rows) for batch in batches) == 300
    assert [batch.is_last for batch in batches] == [False] * len(taken) + [True]


def test_of_very_many_rejects_the_first_are_kept_and_all_are_counted(monkeypatch):
    monkeypatch.setattr("aitrail.rows.reading.MAX_HELD_BYTES", 1_000_000)
    reading = reading_of(*[record(eventTime=None)] * (MAX_KEPT_REJECTS + 7), record())

    rejects = [reject.key for batch in reading.batches() for reject in batch.rejects]

    assert rejects == [*range(MAX_KEPT_REJECTS)]
    assert (reading.rejected, reading.left_out_rejects) == (MAX_KEPT_REJECTS + 7, 7)
    reading.reconcile(written=1)


def test_a_reject_keeps_text_and_no_record():
    reject = RejectedRecord.of(record(eventTime=1.0), key=0, reason="eventTime")

    assert json.loads(reject.kept["record"]) == record(eventTime=1.0)
    assert (reject.event_source, reject.event_name) == ("polly.amazonaws.com", None)


class StopError(Exception):
    pass


def test_a_reading_can_be_ended_at_any_step_of_its_content():
    content = io.BytesIO(b'{"Records":[' + b"0," * 500_000 + b"0]}")
    steps = iter(range(3))

    def at_each_step():
        if next(steps, None) is None:
            raise StopError

    reading = Reading(content, log_file="x", registry=load(), at_each_step=at_each_step)

    with pytest.raises(StopError):
        list(reading.batches())
    assert 0 < reading.content.bytes < 1_000_000

"""Reading one log file in one pass: duplicates, rejects without references to records, and interruption at any step."""

import io
import json

import pytest

from aitrail.rows import record_of
from aitrail.rows.reading import MAX_HELD_BYTES, Reading, RejectedRecord
from aitrail.services import load

GUID = "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"


def record(**changes):
    return {"eventTime": "2026-11-18T08:00:00Z", "eventSource": "polly.amazonaws.com", "eventID": GUID} | changes


def reading_of(*records, **options):
    content = io.BytesIO(json.dumps({"Records": records}).encode())
    return Reading(content, log_file="x", registry=load(), **options)


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
    assert batch.rows[0]["eventID"] == GUID
    assert reading.duplicates_in_file == len(records)


def test_very_many_small_rows_do_not_wait_for_the_end():
    number = MAX_HELD_BYTES // 4096 + 2
    records = [record(eventID=f"{index:08x}-0000-4000-8000-000000000000") for index in range(number)]

    batches = list(reading_of(*records).batches())

    assert len(batches) == 2
    assert sum(len(batch.rows) for batch in batches) == number


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

"""The record of a row is found in its log file, and all differences are named."""

import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.logfile import UnreadableLogFile
from aitrail.questions import NoOriginalError, differing_attributes, differing_fields, original_of
from aitrail.rows import row_of

NAME = "s3://example-trail-logs/key.json.gz"
OTHER_SERVICE = {"eventSource": "s3.amazonaws.com"}


def stream(*records):
    return io.BytesIO(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))


def row(record, index=0):
    return row_of(record, log_file=NAME, record_index=index)


def test_original_is_the_record_at_the_index_of_the_row(records):
    wanted = list(records.values())
    file = stream(OTHER_SERVICE, *wanted, OTHER_SERVICE)

    original = original_of(row(wanted[2], 3), file)

    assert original == wanted[2]


def test_original_is_found_whatever_its_event_id_and_service_have_become(records):
    changed = records["transcribe"] | {"eventID": "other"}

    original = original_of(row(records["polly-by-user"]), stream(changed))

    assert original == changed


def test_original_is_found_though_its_service_is_registered_no_more(records):
    record = records["polly-by-user"]
    kept = row(record) | {"eventSource": "Retired.amazonaws.com"}

    original = original_of(kept, stream(record | {"eventSource": "retired.amazonaws.com"}))

    assert original["eventSource"] == "retired.amazonaws.com"


NO_RECORDS = {
    "file is shorter": ((OTHER_SERVICE,), "it has no record 1: it has 1, counted from 0"),
    "another service": (
        (OTHER_SERVICE, OTHER_SERVICE, OTHER_SERVICE),
        "its record 1 is a different one: it is from neither polly.amazonaws.com nor any recorded service",
    ),
}


@pytest.mark.parametrize(("content", "message"), NO_RECORDS.values(), ids=NO_RECORDS)
def test_file_without_a_record_there_is_told(records, content, message):
    with pytest.raises(NoOriginalError) as raised:
        original_of(row(records["polly-by-user"], 1), stream(*content))

    assert str(raised.value) == message


def test_damage_behind_the_record_is_noticed(records):
    record = records["polly-by-user"]
    whole = stream(record, *[OTHER_SERVICE | {"padding": str(number)} for number in range(5_000)]).getvalue()

    with pytest.raises(UnreadableLogFile):
        original_of(row(record), io.BytesIO(whole[:-8]))


CHANGES = {
    "value": ({"userAgent": "other"}, ["userAgent"]),
    "several": ({"sharedEventID": "new", "awsRegion": "eu-west-3"}, ["awsRegion", "sharedEventID"]),
    "integer for true": ({"readOnly": 0}, ["readOnly"]),
    "null for nothing": ({"errorCode": None}, ["errorCode"]),
    "eventID": ({"eventID": "0b1c2d3e-4f50-4162-8374-000000000000"}, ["eventID"]),
    "unknown field": ({"tomorrow": 1}, ["tomorrow"]),
}


@pytest.mark.parametrize(("changes", "expected"), CHANGES.values(), ids=CHANGES)
def test_differing_fields_are_named(records, changes, expected):
    record = records["polly-by-user"]

    assert differing_fields(row(record), record | changes) == expected


NUMBERS = {"1": 1, "1.0": 1.0, "true": True, "text": "1", "0.0": 0.0, "-0.0": -0.0, "0": 0, "NaN": float("nan")}


@pytest.mark.parametrize("kept", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("found", NUMBERS.values(), ids=NUMBERS)
def test_values_agree_only_if_their_types_do(records, kept, found):
    def record(value):
        return records["polly-by-user"] | {"requestParameters": {"value": [value]}, "tomorrow": value}

    same = json.dumps(kept) == json.dumps(found)

    assert differing_fields(row(record(kept)), record(found)) == ([] if same else ["requestParameters", "tomorrow"])


def test_halves_of_a_character_are_not_the_character(records):
    halves, character = ({"userAgent": text} for text in ("\ud83d\ude00", "\U0001f600"))
    record = records["polly-by-user"]

    assert differing_fields(row(record | halves), record | halves) == []
    assert differing_fields(row(record | halves), record | character) == ["userAgent"]


def test_field_that_the_log_file_lacks_is_named(records):
    record = records["polly-by-user"]

    assert differing_fields(row(record), {name: record[name] for name in record if name != "userAgent"}) == [
        "userAgent"
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@given(values, values, st.sampled_from(["x", "", "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"]))
@settings(derandomize=True, database=None, deadline=None, max_examples=50)
def test_row_agrees_with_the_record_that_it_was_made_of(parameters, other, event_id):
    record = {
        "eventTime": "2026-11-18T23:59:59Z",
        "eventSource": "polly.amazonaws.com",
        "eventID": event_id,
        "eventName": "PutLexicon",
        "requestParameters": parameters,
        "tomorrow": other,
    }
    kept = row(record)

    original = original_of(kept, stream(record))

    assert differing_fields(kept, original) == []
    assert differing_attributes(kept, original) == []


def test_derived_attribute_that_the_record_does_not_give_is_named(records):
    record = records["polly-by-user"]
    changed = row(record) | {"principal": "user/somebody-else", "expiresAt": 1}
    del changed["accessKeyId"]

    assert differing_attributes(changed, record) == ["accessKeyId", "principal"]
    assert differing_fields(changed, record) == []


def test_record_that_gives_no_row_gives_no_derived_attributes(records):
    record = records["polly-by-user"]

    assert differing_attributes(row(record), record | {"eventTime": "yesterday"}) == []

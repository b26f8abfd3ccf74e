"""A row that counts as plain is what the slow way makes of its record, and what is told of it is true."""

import json
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aitrail.dynamodb import items
from aitrail.rows import OF_PROVENANCE, Reject, made_row_of, row
from aitrail.rows.memory import row_memory
from aitrail.rows.plain import plain
from tests.shared import hostile_records
from tests.shared.fuzzing import law
from tests.unit.rows.plain_rows import RECORD

PROVENANCE = {"logFile": "s3://logs/key", "recordIndex": 7}
GUID = {"eventID": "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"}
NUMBERS = (
    st.integers()
    | st.floats()
    | st.floats(1e-4, 1e-2)
    | st.floats(1e14, 1e17)
    | st.decimals(-(10**10), 10**10, places=3).map(float)
    | st.sampled_from([0, 10**38, 10**38 - 1, 1 - 10**38, -(10**38), 2**63, 2**64, 1763709812.744, 1.0, -0.0])
)
TEXTS = st.text(st.characters(max_codepoint=127), max_size=5) | st.sampled_from(["\ud800", "é", "\x7f", "x" * 70_000])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=40,
)


def nested(depth):
    value = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def slowly(record, **options):
    """The slow twin: the row that is made when none counts as plain; or the reason of a reject."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row, "plain", lambda _: None)
        return outcome(record, **options)[0]


def outcome(record, **options):
    try:
        return made_row_of(record, provenance=PROVENANCE, **options)
    except Reject as reject:
        return reject.reason, None


def assert_true(made, known):
    kept = {name: value for name, value in made.items() if name not in OF_PROVENANCE}
    assert known.text.decode() == items.json_text(kept)
    assert known.memory >= row_memory(made)
    assert items.item_size(made) <= min(items.MAX_ITEM_BYTES, 2 * len(known.text) + 4 * len(made["logFile"]) + 60)


@law(400)
@given(record=hostile_records.records, redacted=st.lists(st.sampled_from(["/a", "/b"]), max_size=1))
def test_rows_of_hostile_records_are_those_of_the_slow_way(record, redacted):
    options = {"redacted": redacted, "retention": timedelta(days=9)}

    made, known = outcome(record, **options)

    assert repr(made) == repr(slowly(record, **options))
    if known:
        assert_true(made, known)


@law(400)
@given(value=VALUES, name=st.sampled_from(["requestParameters", "x"]))
def test_rows_with_any_value_are_those_of_the_slow_way(value, name):
    record = RECORD | GUID | {name: value}

    made, known = outcome(record)

    assert repr(made) == repr(slowly(record))
    if known:
        assert_true(made, known)


@law()
@given(number=NUMBERS)
def test_a_plain_number_is_written_as_python_does(number):
    known = plain({"a": number})

    assume(known)
    assert known.text.decode() == json.dumps({"a": number}, separators=(",", ":"))
    assert items.kept_size(number) >= 0


@pytest.mark.parametrize("name", hostile_records.NAMES)
def test_ordinary_rows_are_plain(name):
    assert outcome(hostile_records.changed(name))[1]


ORDINARY = {
    "numbers": [0, -1, 10**38 - 1, 1763709812.744, -0.5],
    "no values": [{}, [], "", None, True],
    "controls": '"\\\n\x00/<>&',
    "29 levels": [nested(27)],
    "a long text": "x" * 60_000,
}
OTHERS = {
    "an empty name": {"": 1},
    "an empty name within": [{"a": [{"": 1}]}],
    "an integral float": [1.0],
    "negative zero": -0.0,
    "a large float": 1e15 + 0.5,
    "a small float": 0.0009,
    "NaN": float("nan"),
    "infinity": {"a": float("inf")},
    "a large integer": 10**38,
    "a large negative integer": -(10**38),
    "an integer of more than 64 bits and 38 digits": 2**200,
    "a lone surrogate": "\ud800",
    "text outside of ASCII": "é",
    "a name outside of ASCII": {"é": 1},
    "DEL": "\x7f",
    "too many levels": nested(40),
    "very many levels": nested(100_000),
    "many containers": [[]] * 40,
    "a very long text": "x" * 65_536,
    "a very long name": {"x" * 65_536: 1},
    "a value that JSON does not have": (1,),
}


@pytest.mark.parametrize("value", ORDINARY.values(), ids=ORDINARY)
def test_what_dynamodb_keeps_is_plain(value):
    found = {"eventID": "a", "requestParameters": value, **PROVENANCE}

    assert_true(found, plain(found))


@pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS)
def test_what_it_may_change_is_not(value):
    assert plain({"eventID": "a", "requestParameters": value, **PROVENANCE}) is None


def test_a_very_long_name_of_a_log_file_counts_as_well():
    assert plain({"eventID": "a", "logFile": "x" * 65_536}) is None


def test_every_attribute_of_provenance_is_left_out():
    assert plain({"eventID": "a"} | dict.fromkeys(OF_PROVENANCE, "x")).text == b'{"eventID":"a"}'

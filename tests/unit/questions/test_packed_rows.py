"""Rows as bytes: whatever JSON a record has, its row comes back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aitrail.dynamodb.tables import NARROW_COLUMNS
from aitrail.questions.packed_rows import packed, unpacked
from aitrail.rows import Reject, row_of
from tests.shared.fuzzing import law

TEXTS = st.text(st.characters(codec=None))  # with lone surrogates
NUMBERS = st.integers() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@law(100)
@given(
    st.dictionaries(
        TEXTS | st.sampled_from(["requestParameters", "userAgent", "readOnly", "eventID"]), VALUES, max_size=4
    )
)
def test_row_comes_back_from_its_bytes(fields):
    record = fields | {"eventSource": "polly.amazonaws.com", "eventTime": "2026-11-21T10:00:00Z"}
    try:
        row = row_of(record, log_file="a.json", record_index=2**40)
    except Reject:
        return

    found = packed(row)

    assert json.dumps(unpacked(found.whole)) == json.dumps(row)
    assert unpacked(found.narrow) == {name: row[name] for name in NARROW_COLUMNS if name in row}
    assert (found.event_id, found.event_time) == (row["eventID"], row["eventTime"])


def test_integer_of_more_than_64_bits_comes_back():
    row = {"eventID": "a", "eventTime": "b", "readOnly": 10**30, "requestParameters": {"n": [-(2**63) - 1]}}

    assert unpacked(packed(row).whole) == row

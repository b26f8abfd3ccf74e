"""The hash of a log file's rows changes with every row, and with nothing else."""

import hashlib
import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.dynamodb import from_item, to_item
from aitrail.rows import OF_PROVENANCE, RowHashes, row_hash
from aitrail.rows.plain import plain
from tests.shared.fuzzing import law

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**37), 10**37) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abB"), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["eventID", "principal", "usage", "logFile"]), VALUES), max_size=5)


def hash_of(rows):
    hashes = RowHashes()
    for row in rows:
        hashes.add(row)
    return hashes.sha256()


def obvious(rows):
    """The slow twin: the rows as text, each with its hash, sorted."""
    kept = [{name: value for name, value in row.items() if name not in OF_PROVENANCE} for row in rows]
    each = [json.dumps(row, sort_keys=True, separators=(",", ":")) for row in kept]
    return hashlib.sha256(b"".join(sorted(hashlib.sha256(text.encode()).digest() for text in each))).digest()


@law()
@given(rows=ROWS, order=st.randoms())
def test_the_order_of_rows_and_their_way_through_dynamodb_change_nothing(rows, order):
    stored = [from_item(to_item(row)) for row in rows]
    order.shuffle(stored)

    assert b64decode(hash_of(stored) + "=") == obvious(rows)


@law()
@given(one=ROWS, other=ROWS)
def test_different_rows_have_different_hashes(one, other):
    def as_texts(rows):
        return sorted(
            json.dumps({k: v for k, v in row.items() if k not in OF_PROVENANCE}, sort_keys=True) for row in rows
        )

    assert (hash_of(one) == hash_of(other)) == (as_texts(one) == as_texts(other))


HOSTILE = st.text() | st.sampled_from([*map(chr, range(128)), *"\x7fä\u2028\ud800😀", "\x00\x7f", "\udc00\ud800"])
MADE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=12,
)


@law()
@given(row=st.dictionaries(st.sampled_from(["eventID", "usage", "other", *OF_PROVENANCE]), MADE))
def test_a_plain_row_has_the_hash_that_it_has_in_the_table(row):
    row = {name: "s3://b/k" if name == "logFile" else value for name, value in row.items()}
    before = json.dumps(row)
    hashes = RowHashes()

    if known := plain(row):
        hashes.add_plain(known)

    assert list(hashes) == ([row_hash(row)] if known else [])
    assert json.dumps(row) == before


@pytest.mark.parametrize("name", sorted(OF_PROVENANCE))
def test_provenance_does_not_count(name):
    assert row_hash({"eventID": "a", name: "x"}) == row_hash({"eventID": "a"})


@pytest.mark.parametrize(
    ("attribute", "like_it"),
    [
        ({"B": b"x"}, {"M": {"B": {"S": "eA=="}}}),
        ({"SS": ["x"]}, {"M": {"SS": {"L": [{"S": "x"}]}}}),
        ({"L": [{"NS": ["1"]}]}, {"L": [{"M": {"NS": {"L": [{"S": "1"}]}}}]}),
    ],
    ids=["bytes", "a set", "a set in a list"],
)
def test_a_value_of_a_type_that_no_row_has_is_not_taken_for_one_that_prints_alike(attribute, like_it):
    foreign, usual = from_item({"a": attribute}), from_item({"a": like_it})

    assert foreign == usual
    assert row_hash(foreign) != row_hash(usual)


def test_as_many_rows_as_the_hash_is_of():
    hashes = RowHashes()
    assert (len(hashes), bool(hashes)) == (0, False)

    hashes.add({"eventID": "a"})

    assert (len(hashes), list(hashes), len(hashes.sha256())) == (1, [row_hash({"eventID": "a"})], 43)

"""Typed attributes equal boto3's, which is slow but obvious; sizes and storability equal those of the slow path."""

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import example, given
from hypothesis import strategies as st

from aitrail.dynamodb import ForeignValue, from_item, items, to_item
from tests.shared.fuzzing import law

LAW = law(100)
NUMBERS = (
    st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=True)
    | st.sampled_from([0, -0.0, 1.0, 1e3, 1.5, 1e-7, 1e-127, 1e-129, 2.0**60, 10**38, 10**38 - 1, 1 - 10**38])
)
TEXTS = st.text(max_size=8) | st.sampled_from(["", "\ud800", "é", "\U0001f600", "x" * 70_000])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4),
    max_leaves=20,
)


def with_decimals(value):
    """The value as boto3's serializer accepts it: with floats as Decimals of the same shortest digits."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: with_decimals(item) for key, item in value.items()}
    return [with_decimals(item) for item in value] if isinstance(value, list) else value


def nested(depth, leaf):
    for level in range(depth):
        leaf = [leaf] if level % 2 else {"a": leaf}
    return leaf


@LAW
@given(value=VALUES)
@example(value=nested(31, "x"))
def test_attributes_are_those_of_boto3(value):
    stored, _ = items.storable("field", value)

    item = to_item({"field": stored})

    assert item == {"field": TypeSerializer().serialize(with_decimals(stored))}
    assert from_item(item) == {"field": items.plain(TypeDeserializer().deserialize(item["field"]))}
    assert repr(from_item(item)) == repr({"field": stored})


@LAW
@given(value=VALUES)
@example(value=nested(30, "x"))
@example(value=nested(31, "x"))
@example(value=nested(29, {}))
@example(value=nested(30, []))
@example(value={"": 1})
def test_a_value_is_kept_exactly_if_nothing_of_it_is_stored_as_json_text(value):
    stored, paths = items.storable("field", value)

    size = items.kept_size(value)

    assert (size >= 0) is (paths == [])
    assert items.kept_size(stored) == items._size(stored) == items.item_size({"": stored})
    if size >= 0:
        assert repr(stored) == repr(value)
        assert size == items._size(value)


@pytest.mark.parametrize("text", ["1E+3", "1000", "1.0", "1E3"])
def test_whole_numbers_are_integers_however_they_are_written(text):
    (value,) = from_item({"a": {"N": text}}).values()

    assert type(value) is int


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()], ids=["bytes", "set", "object"])
def test_values_that_no_record_holds_are_refused(value):
    with pytest.raises(TypeError, match="DynamoDB cannot store a"):
        to_item({"a": {"b": [value]}})


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ({"B": b"x"}, {"B": "eA=="}),
        ({"SS": ["y", "x"]}, {"SS": ["x", "y"]}),
        ({"NS": ["2", "1"]}, {"NS": ["1", "2"]}),
        ({"BS": [b"x"]}, {"BS": ["eA=="]}),
    ],
    ids=["B", "SS", "NS", "BS"],
)
def test_attributes_that_no_row_has_are_told_apart_from_those_that_rows_have(attribute, expected):
    value = from_item({"a": {"L": [attribute]}})["a"][0]

    assert (type(value), value) == (ForeignValue, expected)

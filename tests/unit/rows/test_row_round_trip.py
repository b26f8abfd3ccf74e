"""The record can be rebuilt exactly from its row, including types, after DynamoDB's conversions of numbers."""

import json
import math
from decimal import Context, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aitrail.dynamodb import from_item, to_item
from aitrail.rows import RECORD_FIELDS, record_of, row_of
from tests.shared.fuzzing import law

LAW = law(100)
EXACT = Context(prec=200)
BASE = {"eventTime": "2026-11-18T23:59:59Z", "eventSource": "polly.amazonaws.com", "eventID": "event"}


def as_dynamodb_keeps_it(typed):
    """Typed attributes as read from DynamoDB: a number loses its trailing zeros, its exponent and its -0."""
    ((kind, value),) = typed.items()
    if kind == "N":
        number = Decimal(value)
        assert len(number.as_tuple().digits) <= 38
        assert number == 0 or Decimal("1E-130") <= abs(number) <= Decimal(
            "9.9999999999999999999999999999999999999E+125"
        )
        return {
            "N": format(EXACT.plus(number.normalize(EXACT)), "f") if number == number.to_integral_value() else value
        }
    if kind == "M":
        assert all(0 < len(name.encode()) <= 65_535 for name in value)
        return {"M": {name: as_dynamodb_keeps_it(item) for name, item in value.items()}}
    if kind == "L":
        return {"L": [as_dynamodb_keeps_it(item) for item in value]}
    if kind == "S":
        value.encode()
    return typed


def depth(typed):
    ((kind, value),) = typed.items()
    children = {"M": lambda: list(value.values()), "L": lambda: value}.get(kind, list)()
    return 1 + max(map(depth, children), default=0) if kind in "ML" else 0


def strictly_equal(left, right):
    """Equal, and of the same types: 1 is not 1.0, 0.0 is not -0.0, True is not 1; NaN is NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(strictly_equal(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(strictly_equal, left, right))
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    return left == right


def rebuilt(record):
    row = row_of(record, log_file="s3://logs/key", record_index=0)
    item = {name: as_dynamodb_keeps_it(value) for name, value in to_item(row).items()}
    assert all(depth(value) < 32 for value in item.values())
    return record_of(from_item(item))


def assert_rebuilt(record):
    assert strictly_equal(rebuilt(record), record)


# Halves of a character, wrongly encoded each for itself; the character; and what marks stored halves.
HALVES = ["\ud83d\ude00", "\ude00\ud83d\ude00\ud83d", "\U0001f600", "base64:", "base64:W10="]
numbers = (
    st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | st.sampled_from([1.0, -0.0, 1e3, 1e22, 1e300, 1e-127, 1e-129, 5e-324, 0.1, 1755580939.744, 10**38, 10**38 - 1])
)
texts = (
    st.text(max_size=8)
    | st.sampled_from(HALVES)
    | st.sampled_from(["", "~", "/", "~1", "a/b", "\ud800", "\udcff", "\x00", "NaN", "1"])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=20,
)
names = st.sampled_from(
    [*sorted(RECORD_FIELDS - BASE.keys()), "other", "asJson", "resource", "service", "expiresAt", "", "/"]
)
records_of_anything = st.dictionaries(names | texts, values, max_size=8)
records_of_anything = records_of_anything.map(lambda fields: fields | BASE)


@LAW
@given(records_of_anything, values)
@example({"other": 1.0, **BASE}, None)
@example({"": {"": 1.0}, **BASE}, "event")
@example({"requestParameters": {"0": [1.0]}, **BASE}, "x" * 65)
@example({"requestParameters": [1.0] * 21, **BASE}, "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0")
def test_any_record_is_rebuilt_from_its_row(record, event_id):
    assert_rebuilt(record | {"eventID": event_id})


@LAW
@given(records_of_anything)
def test_a_record_without_an_event_id_is_rebuilt(record):
    assert_rebuilt({name: value for name, value in record.items() if name != "eventID"})


@LAW
@given(records_of_anything)
def test_a_row_is_made_of_plain_json_values(record):
    row = row_of(record, log_file="x", record_index=0)

    assert strictly_equal(json.loads(json.dumps(row)), row)
    assert strictly_equal(record_of(row), record)


@pytest.mark.parametrize("levels", [1, 29, 30, 31, 32, 33, 200])
@pytest.mark.parametrize("container", [lambda value: [value], lambda value: {"a": value}], ids=["lists", "maps"])
def test_nesting_of_any_depth_is_rebuilt(levels, container):
    value = "end"
    for _ in range(levels):
        value = container(value)

    assert_rebuilt(BASE | {"requestParameters": value})
    assert_rebuilt(BASE | {"tomorrow": value})


def test_real_looking_records_are_rebuilt(records):
    for record in records.values():
        assert_rebuilt(record)


@pytest.mark.parametrize("halves", HALVES, ids=ascii)
def test_halves_of_a_character_are_rebuilt_as_halves_wherever_they_are(halves):
    assert_rebuilt(BASE | {"userAgent": halves})
    assert_rebuilt(BASE | {"eventID": halves})
    assert_rebuilt(BASE | {"requestParameters": {"a": [1, {halves: 1.0}], halves: halves}})
    assert_rebuilt(BASE | {"tomorrow": {"a": halves}, "other": {halves: [halves]}})
    assert_rebuilt(BASE | {halves: None})
    assert_rebuilt(BASE | {"requestParameters": [halves] * 21})


def test_halves_of_a_character_are_stored_in_base64():
    row = row_of(BASE | {"userAgent": "\ud83d\ude00", "requestID": "\U0001f600"}, log_file="x", record_index=0)

    assert (row["asJson"], row["requestID"]) == (["/userAgent"], "\U0001f600")
    assert row["userAgent"] == "base64:Iu2gve24gCI="


def test_a_record_with_halves_of_a_character_is_not_the_record_with_the_character():
    keys = {
        row_of({**BASE, "eventID": "a", "userAgent": text}, log_file="x", record_index=0)["eventID"]
        for text in ("\ud83d\ude00", "\U0001f600")
    }

    assert len(keys) == 2


def test_a_name_that_dynamodb_would_refuse_is_kept():
    assert_rebuilt(BASE | {"requestParameters": {"x" * 65_536: 1}})


def test_values_that_dynamodb_would_change_are_named():
    record = BASE | {"requestParameters": {"a/b": [0.5, 1.0], "~": "\ud800"}, "tomorrow": 1e3, "readOnly": float("nan")}

    row = row_of(record, log_file="x", record_index=0)

    assert row["asJson"] == ["/other/tomorrow", "/readOnly", "/requestParameters/a~1b/1", "/requestParameters/~0"]
    assert row["requestParameters"] == {"a/b": [0.5, "1.0"], "~": '"\\ud800"'}
    assert (row["other"], row["readOnly"]) == ({"tomorrow": "1000.0"}, "NaN")


def test_a_field_with_many_such_values_is_one_json_text():
    row = row_of(BASE | {"requestParameters": {"x": [1.0] * 21}}, log_file="x", record_index=0)

    assert row["asJson"] == ["/requestParameters"]
    assert row["requestParameters"] == '{"x":[' + ",".join(["1.0"] * 21) + "]}"

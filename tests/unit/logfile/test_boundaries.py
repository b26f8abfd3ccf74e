"""Where items of JSON text end, compared with a loop over its characters."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aitrail.logfile.boundaries import end_of_items, likely_end
from tests.shared.fuzzing import law

LEAVES = st.sampled_from(['"', "\\", '\\"', ",", "[", "]", '"],["', "},{", "a", "", "\\\\", 1, None, True])
VALUES = st.recursive(
    LEAVES, lambda values: st.lists(values) | st.dictionaries(LEAVES.map(str), values, max_size=3), max_leaves=12
)
TEXTS = st.tuples(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from([None, 1]), st.integers(1, 200)).map(
    lambda drawn: ",".join([json.dumps(drawn[0], indent=drawn[1])[1:-1]] * drawn[2])
)


def slow_end_of_items(text):
    """The place of the last comma at depth 0 outside of strings before which no item is open."""
    depth, is_in_string, is_escaped, found = 0, False, False, 0
    for place, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_in_string:
            is_in_string, is_escaped = character != '"', character == "\\"
        elif character == '"':
            is_in_string = True
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and not depth:
            found = place
    return found


@law(300)
@given(TEXTS, st.integers(0, 20_000))
def test_items_end_at_the_last_comma_between_them(text, length):
    text = text[:length]

    assert end_of_items(text.encode()) == slow_end_of_items(text)


@law()
@given(TEXTS, st.integers(0, 20_000), st.booleans())
def test_a_likely_end_is_within_the_text(text, start, in_object):
    start = min(start, len(text))

    end = likely_end(text.encode(), start, len(text), in_object=in_object)

    assert end == 0 or (start <= end < len(text) and text[end:].lstrip()[0] == ",")


def test_usual_separators_are_found_without_counting_brackets():
    for items in (["1"] * 9, ["[1,[]]"] * 9, ['"a"'] * 9, ['{"eventVersion":1,"a":[]}'] * 9, ['{"a":{"b":1}}'] * 9):
        text = ",".join(items)

        assert likely_end(text.encode(), 0, len(text), in_object=False) == len(text) - len(items[0]) - 1


def test_separators_with_white_space_are_found_for_records():
    records = json.dumps([{"eventVersion": "1", "a": [{"b": 1}, {"c": 1}]}] * 3, indent=4)[1:]

    end = likely_end(records.encode(), records.index("{"), len(records), in_object=False)

    assert json.loads("[" + records[:end] + "]") == json.loads("[" + records)[:2]

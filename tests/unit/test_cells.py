import json
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cells import cell_text, csv_cell, json_line, name_text, printable
from aitrail.dynamodb import items

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=500)
# Unicode's words for characters that nobody sees, although they count as letters, marks or symbols.
UNSEEN_WORDS = (
    *("HANGUL FILLER", "SEONG FILLER", "SCRIPT FILLER", "BLANK", "NULL NOTEHEAD"),
    *("VARIATION SELECTOR", "GRAPHEME JOINER", "VOWEL INHERENT"),
)
SEEN = {"BLANK SYMBOL"}


def is_unseen(character):
    """The slow way: by category and by name."""
    name = unicodedata.name(character, "")
    is_nothing = any(word in name for word in UNSEEN_WORDS) and name not in SEEN
    return is_nothing or (unicodedata.category(character)[0] in "CZ" and character != " ")


EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
UNSEEN = [character for character in EVERY if is_unseen(character)]
LOOKALIKES = (
    "a\\\\nrtxuU00200b8 e\u0301\u00e9\u00a0\u3000\u200b\u2060\u202e\ufe0f\u115f\u3164\uffa0\u2800"
    "\n\r\t\x7f\x1b\ud800\U000e0100"
)
# Mostly ones that look the same as another one.
NAMES = st.one_of(st.text(alphabet=LOOKALIKES, max_size=8), st.text(), st.text(st.sampled_from(UNSEEN), max_size=3))


def perceived(text):
    """What a reader sees of a text in a table."""
    composed = unicodedata.normalize("NFC", "".join(character for character in text if not is_unseen(character)))
    return composed.strip(" ")


def test_exactly_the_characters_that_nobody_sees_are_escaped():
    assert [character for character in EVERY if printable(character) != character] == UNSEEN


def test_characters_that_unicode_ignores_are_escaped_although_python_prints_them():
    ranges = ["034F", "115F", "1160", "17B4", "17B5", "180B", "180C", "180D", "180F", "3164", "FFA0"]
    selectors = [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
    ignored = [chr(code) for code in (*(int(code, 16) for code in ranges), *selectors)]

    assert len(ignored) == 267
    assert all(printable(character) == character.encode("unicode_escape").decode() for character in ignored)


@given(text=st.text() | NAMES)
@LAW
def test_printable_text_is_one_line_of_visible_characters(text):
    shown = printable(text)

    assert shown.isprintable()
    assert not any(map(is_unseen, shown))
    assert shown == text or any(map(is_unseen, text))
    assert printable(shown) == shown


@given(name=NAMES)
@LAW
def test_all_of_a_name_is_visible_in_a_table(name):
    shown = name_text(name)

    assert perceived(shown) == shown
    assert not unicodedata.category(shown[:1] or "-").startswith("M")


@given(name=NAMES)
@LAW
def test_a_name_can_be_told_from_what_is_shown_of_it(name):
    shown = name_text(name)

    # What has no escapes is the name; otherwise, also its backslashes are escaped.
    is_escaped = shown != name
    assert (read_back(shown) if is_escaped else shown) == name
    assert name_text(shown) != shown or not is_escaped


def read_back(shown):
    if not shown.isascii():
        shown = "".join(each if each.isascii() else each.encode("unicode_escape").decode() for each in shown)
    return shown.encode("ascii").decode("unicode_escape")


@given(names=st.lists(NAMES, unique=True, max_size=30))
@LAW
def test_two_different_names_never_look_the_same(names):
    assert len({perceived(name_text(name)) for name in names}) == len(names)


SAME = {
    "invisible": ["alice", "alice\u200b", "alice\u2060", "alice\ufe0f", "alice\u3164", "ali\U000e0101ce"],
    "blank": ["", " ", "  ", "\u2800", "\u115f", "\u00a0", "\u3000"],
    "spaces": ["alice", "alice ", " alice", " alice "],
    "composed": ["Zo\u00eb", "Zoe\u0308"],
    "escapes": ["a\nb", "a\\nb", "a\\\\nb", "a\\\nb", "a\x0ab\\"],
}


@pytest.mark.parametrize("names", SAME.values(), ids=SAME)
def test_lookalikes_are_told_apart(names):
    assert len({perceived(name_text(name)) for name in names}) == len(set(names))


USUAL = [
    "user/Alice",
    "role/a-b_c",
    "CORP\\alice",
    "Zo\u00eb \u65e5\u672c \U0001f600",
    "a  b",
    "\u0928\u092e\u0938\u094d\u0924\u0947",
    "",
]


@pytest.mark.parametrize("name", USUAL, ids=ascii)
def test_usual_names_are_shown_as_they_are(name):
    assert name_text(name) == cell_text(name) == printable(name) == name


ESCAPES = {
    "\x1b[31m": "\\x1b[31m",
    "a\nb\r\tc": "a\\nb\\r\\tc",
    "\u202etxt": "\\u202etxt",
    "\x9b": "\\x9b",
    "é😀 ": "é😀 ",
    "a\u2800": "a\\u2800",
}


@pytest.mark.parametrize(("text", "expected"), ESCAPES.items(), ids=map(ascii, ESCAPES))
def test_what_is_not_visible_is_shown_as_its_escape(text, expected):
    assert printable(text) == expected


CELLS = {
    "spaces": (" a ", "\\x20a\\x20", " a "),
    "backslash": ("a\\nb", "a\\\\nb", "a\\nb"),
    "formula": ("=1", "=1", "'=1"),
    "object": ({"a": "\u200b\x7f;"}, '{"a": "\\u200b\\u007f;"}', '{"a": "\\u200b\\u007f\\u003b"}'),
    "null": (None, "", ""),
    "boolean": (True, "true", "true"),
}


@pytest.mark.parametrize(("value", "table", "csv"), CELLS.values(), ids=CELLS)
def test_cells_of_tables_and_of_csv(value, table, csv):
    assert (cell_text(value), csv_cell(value)) == (table, csv)


@given(value=st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))
@LAW
def test_json_is_printable_ascii(value):
    line = json_line(value)

    assert line.isascii()
    assert line.isprintable()


@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.decimals(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
@LAW
def test_json_is_that_of_a_copy_with_plain_numbers(value):
    assert json_line(value) == json.dumps(items.plain(value), sort_keys=True).replace("\x7f", r"\u007f")


def test_what_is_no_json_value_is_refused():
    with pytest.raises(TypeError, match="set is no JSON value"):
        json_line({"a": {1}})

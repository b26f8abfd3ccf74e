import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cells import printable

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)


@given(text=st.text())
@LAW
def test_printable_text_is_one_line_of_visible_characters(text):
    shown = printable(text)

    assert shown.isprintable()
    assert shown == text or not text.isprintable()


ESCAPES = {
    "\x1b[31m": "\\x1b[31m",
    "a\nb\r\tc": "a\\nb\\r\\tc",
    "\u202etxt": "\\u202etxt",
    "\x9b": "\\x9b",
    "é😀 ": "é😀 ",
}


@pytest.mark.parametrize(("text", "expected"), ESCAPES.items(), ids=map(ascii, ESCAPES))
def test_what_is_not_visible_is_shown_as_its_escape(text, expected):
    assert printable(text) == expected

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.ingest import line_of
from aitrail.ingest.log_line import LONGEST_LINE

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=100)
SIZES = st.sampled_from([0, 1, 60, 2_000, 40_000])
PIECES = st.sampled_from(["a", "\u2028", "\ud800", "\U0001f600", "\x00"])
TEXTS = st.builds(lambda text, size: text * size, PIECES, SIZES)
LISTS = st.builds(lambda value, size: [value] * min(size, 2_000), TEXTS, SIZES)
OBJECTS = st.builds(lambda text, size: {f"{number}{text}": text for number in range(min(size, 100))}, TEXTS, SIZES)
VALUES = TEXTS | LISTS | OBJECTS | st.builds(lambda value: {"a": [{"b": value}]}, TEXTS | OBJECTS)


@given(values=st.lists(VALUES, max_size=30))
@LAW
def test_a_line_is_short_and_ascii_and_names_everything_whatever_it_is_about(values):
    log = {f"name{number}": value for number, value in enumerate(values)}

    line = line_of(log)

    assert len(line) <= LONGEST_LINE
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line).keys() == log.keys()


USUAL = {
    "level": "INFO",
    "message": "ingested",
    "cold_start": True,
    "logFile": "s3://example-logs/a.json.gz",
    "unknownSources": {"polly-v2.amazonaws.com": 2},
    "Records": 3,
    "nothing": None,
    "notes": ["The delivery is s3://example-logs/a.json.gz."],
    "exception": "Traceback (most recent call last):\n" + 100 * '  File "/var/task/aitrail/ingest/ingestion.py"\n',
}


def test_a_usual_line_is_complete():
    assert json.loads(line_of(USUAL)) == USUAL


CUT = {
    "text": ("x" * 30_001, "x" * 30_000 + "\u2026 1 more characters"),
    "list": ([1] * 102, [1] * 100 + ["\u2026 2 more"]),
    "object": (
        {str(number): 1 for number in range(101)},
        {str(number): 1 for number in range(100)} | {"\u2026": "1 more"},
    ),
    "error": (ValueError("bad"), "bad"),
}


@pytest.mark.parametrize(("value", "expected"), CUT.values(), ids=CUT)
def test_what_is_left_out_is_counted(value, expected):
    assert json.loads(line_of({"a": value})) == {"a": expected}

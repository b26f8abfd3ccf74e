"""The memory of rows is never estimated at less than they take."""

import gc
import json
import tracemalloc
from io import BytesIO

import pytest

from aitrail.rows import Reading
from aitrail.rows.memory import row_memory
from aitrail.rows.plain import plain
from aitrail.services import load
from bench.corpora import Corpus

VALUES = {
    "nothing": "1",
    "nulls": "[" + "null," * 20_000 + "1]",
    "small numbers": "[" + "1," * 20_000 + "1]",
    "numbers": "[" + "1000," * 20_000 + "1]",
    "large numbers": "[" + "123456789012345678901234567890," * 10_000 + "1]",
    "fractions": "[" + "1.5," * 20_000 + "1]",
    "letters": "[" + '"a",' * 20_000 + "1]",
    "short texts": "[" + '"ab",' * 20_000 + "1]",
    "short texts outside of ASCII": "[" + r'"\u00e9b",' * 10_000 + "1]",
    "short texts outside of Latin-1": "[" + r'"\u20acb",' * 10_000 + "1]",
    "empty lists": "[" + "[]," * 20_000 + "1]",
    "empty maps": "[" + "{}," * 20_000 + "1]",
    "small maps": "[" + '{"a":""},' * 10_000 + "1]",
    "nested lists": "[" + ("[" * 25 + "]" * 25 + ",") * 1500 + "1]",
    "nested maps": "[" + ('{"a":' * 25 + "1" + "}" * 25 + ",") * 600 + "1]",
    "few empty maps": "[" + "{}," * 20 + "1]",
    "few lists of numbers": "[" + ("[" + "1000," * 500 + "1],") * 20 + "1]",
    "few lists of letters": "[" + ('["a"' + ',"a"' * 500 + "],") * 20 + "1]",
    "few small maps": "[" + '{"a":"b"},' * 20 + "1]",
    "map of nulls": "{" + ",".join(f'"{number}":null' for number in range(4000)) + "}",
    "names": "{" + ",".join(f'"name{number}":1' for number in range(10_000)) + "}",
    "names outside of ASCII": "{" + ",".join(f'"\U0001f600{number}":1' for number in range(10_000)) + "}",
    "one text": '"' + "a" * 100_000 + '"',
    "one text of quotes": '"' + r"\"" * 50_000 + '"',
    "one text outside of ASCII": '"' + "a" * 100_000 + r'\ud83d\ude00"',
    "text instead of values": "[" + "[" * 90 + "]" * 90 + ",1.0" * 1000 + "]",
}
ROWS = 5


def counted(row):
    known = plain(row)
    return known.memory if known else row_memory(row)


def held(content):
    """The rows of a log file, and the bytes that are allocated for them and what is kept with them."""
    reading = Reading(BytesIO(content), log_file="s3://b/k", registry=load())
    tracemalloc.start()
    try:
        rows = [row for batch in reading.batches() for row in batch.rows]
        gc.collect()
        return rows, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def log_file(value):
    record = (
        '{{"eventTime":"2026-03-14T09:20:00Z","eventSource":"polly.amazonaws.com",'
        '"eventID":"{:08x}-0000-4000-8000-000000000000","requestParameters":{}}}'
    )
    return f'{{"Records":[{",".join(record.format(number, value) for number in range(ROWS))}]}}'.encode()


@pytest.fixture(scope="module", autouse=True)
def warm():
    held(log_file("1"))


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_rows_take_no_more_memory_than_estimated(value):
    rows, taken = held(log_file(value))

    assert len(rows) == ROWS
    assert taken <= sum(map(row_memory, rows)) * 1.01
    assert taken <= sum(map(counted, rows)) * 1.01


def test_the_estimate_for_ordinary_rows_is_close():
    content = BytesIO()
    records = Corpus(wanted=1.0).records()
    content.write(b'{"Records":[' + b",".join(next(records) for _ in range(300)) + b"]}")

    rows, taken = held(content.getvalue())

    assert taken < sum(map(row_memory, rows)) < sum(map(counted, rows)) < 2 * taken
    assert json.dumps(rows)

"""Reading a log file yields wanted records in order, counts that agree, and a reason if it is unreadable."""

import gzip
import hashlib
import io
import json
import tracemalloc
from collections import Counter
from itertools import chain, repeat

import pytest

from aitrail.logfile.jsontext import JsonText
from aitrail.logfile.selection import Limits, LogFile, UnreadableLogFile, wanted_records

SOURCES = frozenset({"polly.amazonaws.com", "lex.amazonaws.com"})
POLLY = {"eventVersion": "1.08", "eventSource": "polly.amazonaws.com", "eventName": "SynthesizeSpeech"}
LEX = {"eventVersion": "1.08", "eventSource": "lex.amazonaws.com", "eventName": "CreateBot"}
S3 = {"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}


def compact(*records):
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


class Parts:
    """A stream of parts that are never in memory at the same time."""

    def __init__(self, parts):
        self.parts = iter(parts)
        self.rest = b""

    def read(self, size):
        part = self.rest or next(self.parts, b"")
        self.rest = part[size:]
        return part[:size]


@pytest.fixture
def peak_memory():
    """A function that returns the peak of allocated bytes since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


VALUES = {
    "no float": ["1.5", {"1e5": 2**70, "a": -1}, None, True],
    "a float": {"a": [1.5]},
    "a float with an exponent": 1e300,
    "an integral float": -0.0,
    "NaN": float("nan"),
    "a lone surrogate": "\ud800",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "formatted"])
def test_wanted_records_have_the_values_that_json_loads_gives_them(value, indent):
    records = [POLLY, LEX | {"x": value}]
    content = json.dumps({"Records": [S3 | {"x": value}, *records]}, separators=(",", ":"), indent=indent).encode()

    found = [record for _, record in LogFile(io.BytesIO(content), SOURCES)]

    assert json.dumps(found) == json.dumps(records)


PACKINGS = {
    "gzip": gzip.compress,
    "plain": bytes,
    "gzip members": lambda content: gzip.compress(content[:50]) + gzip.compress(content[50:]),
    "gzip with padding": lambda content: gzip.compress(content) + bytes(512),
}


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_wanted_records_come_in_file_order_with_their_position(pack):
    file = pack(compact(S3, POLLY, S3, LEX, POLLY))

    found = list(LogFile(io.BytesIO(file), SOURCES))

    assert found == [(1, POLLY), (3, LEX), (4, POLLY)]


def test_the_counts_are_complete_after_the_last_record():
    content = compact(S3, POLLY, 1, None, {"eventSource": 5}, {}, S3, POLLY)
    log_file = LogFile(io.BytesIO(gzip.compress(content)), SOURCES)

    found = list(log_file)

    assert len(found) == 2
    assert (log_file.records, log_file.unwanted) == (8, 6)
    assert (log_file.bytes, log_file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_records_are_given_before_the_rest_of_the_file_is_read():
    opening = b'{"Records":[' + b",".join([json.dumps(POLLY).encode()] * 5000)[: 1 << 16]
    parts = chain([opening], repeat(b"not reached"))

    first = next(iter(LogFile(Parts(parts), SOURCES, piece_bytes=1000)))

    assert first == (0, POLLY)


@pytest.mark.parametrize("piece_bytes", [1, 200, 100_000], ids=lambda size: f"pieces of {size}")
def test_unwanted_lookalikes_are_counted_by_lower_case_and_asked_for_once(piece_bytes):
    asked = []

    def is_lookalike(source):
        asked.append(source)
        return source.startswith("polly")

    sources = ["Polly-Next.amazonaws.com", "s3.amazonaws.com", "polly.amazonaws.com", "polly-next.amazonaws.com"] * 50
    file = io.BytesIO(compact(*({"eventVersion": "1", "eventSource": source} for source in sources)))
    log_file = LogFile(file, SOURCES, is_lookalike=is_lookalike, piece_bytes=piece_bytes)

    list(log_file)

    assert log_file.unknown_sources == Counter({"polly-next.amazonaws.com": 100})
    assert sorted(asked) == ["polly-next.amazonaws.com", "s3.amazonaws.com"]
    assert (log_file.records, log_file.unwanted) == (200, 150)


def test_a_flood_of_lookalikes_is_bounded_in_number_and_in_length():
    sources = ["a" * 254, "b" * 253, *(f"source-{number}" for number in range(5000))]
    log_file = LogFile(
        io.BytesIO(compact(*({"eventSource": source} for source in sources))), SOURCES, is_lookalike=lambda _: True
    )

    list(log_file)

    assert list(log_file.unknown_sources) == sources[1:1001]
    assert log_file.unwanted == 5002


@pytest.mark.parametrize(
    "content",
    [compact(*[S3, POLLY] * 2000), json.dumps({"Records": [S3, POLLY] * 2000}, indent=4).encode()],
    ids=["compact", "pretty"],
)
def test_usual_files_are_not_read_value_by_value(content, monkeypatch):
    values = []
    read_value = JsonText.value
    monkeypatch.setattr(JsonText, "value", lambda text: values.append(read_value(text)) or values[-1])

    found = list(LogFile(io.BytesIO(gzip.compress(content)), SOURCES))

    assert len(found) == 2000
    assert values == ["Records"]


def test_what_cannot_be_leapt_over_is_tried_once(monkeypatch):
    content = compact(*[S3, float("nan")] * 5000)
    tried = []
    leap = JsonText.leap
    monkeypatch.setattr(JsonText, "leap", lambda *args: tried.append(leap(*args)) or tried[-1])

    log_file = LogFile(io.BytesIO(content), SOURCES, piece_bytes=4096)

    assert list(log_file) == []
    assert log_file.records == 10_000
    assert sum(size for size, _ in tried) <= len(content)


def test_the_registry_names_the_sources_by_default():
    file = compact(S3, POLLY, {"eventSource": "Transcribe.amazonaws.com"}, LEX, {"eventSource": "ec2.amazonaws.com"})

    found = [index for index, _ in wanted_records(io.BytesIO(file))]

    assert found == [1, 2, 3]


def test_sources_can_be_named():
    found = list(wanted_records(io.BytesIO(compact(POLLY, S3)), frozenset({"s3.amazonaws.com"})))

    assert found == [(1, S3)]


NO_OBJECT = "The content is not a JSON object"
NO_RECORDS = "The JSON document has no Records list"
TRUNCATED = "The JSON document is truncated"
SECOND = "A second Records key contradicts the records before it"
TRAILING = "The JSON document is followed by other bytes"
TOO_DEEP = "A value nests too deeply"
TOO_LONG = "A value cannot be read: Exceeds the limit (4300 digits) for integer string conversion"
UNREADABLE = {
    "nothing": (b"", "The log file is empty", None),
    "gzip of nothing": (gzip.compress(b""), "The log file is empty", None),
    "text": (b"<Error>AccessDenied</Error>", NO_OBJECT, None),
    "zeros": (bytes(1000), NO_OBJECT, None),
    "a list": (b"[{}]", NO_OBJECT, None),
    "no Records": (b'{"Configuration":[]}', NO_RECORDS, None),
    "Records null": (b'{"Records":null}', NO_RECORDS, None),
    "Records an object": (b'{"Records":{"0":{}}}', NO_RECORDS, None),
    "Records a string": (b'{"Records":"[]"}', NO_RECORDS, None),
    "Records twice, a wanted one first": (compact(POLLY)[:-1] + b',"Records":[]}', SECOND, len(compact(POLLY)) + 10),
    "cut in the opening": (b'{"Rec', "The content is not JSON: Unterminated string starting at", 1),
    "cut between records": (compact(S3)[:-2], TRUNCATED, len(compact(S3)) - 2),
    "cut before the last brace": (compact(S3)[:-1], TRUNCATED, len(compact(S3)) - 1),
    "cut in a record": (b'{"Records":[{"a":"b', "The content is not JSON: Unterminated string starting at", 17),
    "damage in a record": (b'{"Records":[{"a":b}]}', "The content is not JSON: Expecting value", 17),
    "no comma": (b'{"Records":[{}{}]}', "The content is not JSON: expected , or ]", 14),
    "no colon": (b'{"Records"}', "The content is not JSON: expected :", 10),
    "no key": (b"{1:2}", 'The content is not JSON: expected "', 1),
    "bytes behind": (compact(S3) + b"\n\0", TRAILING, len(compact(S3)) + 1),
    "not UTF-8": (b'{"Records":[{"a":"\xff"}]}', "The content is not UTF-8", 18),
    "half a character": (compact(S3) + b"\xe2\x82", "The content is not UTF-8", len(compact(S3))),
    "nesting": (b'{"Records":[' + b"[" * 100_000, TOO_DEEP, 12),
    "digits": (b'{"Records":[' + b"9" * 4301 + b"]}", TOO_LONG, 12),
    "truncated gzip": (gzip.compress(compact(S3))[:-1], "The gzip stream is truncated", None),
    "bytes behind gzip": (gzip.compress(compact(S3)) + b"x", "The gzip stream is followed by other bytes", None),
    "damaged gzip": (
        gzip.compress(compact(S3))[:-1] + b"\xff",
        "The gzip stream is damaged: length or checksum do not match",
        len(gzip.compress(compact(S3))),
    ),
}


@pytest.mark.parametrize(("file", "reason", "position"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_files_have_a_reason_and_a_position(file, reason, position):
    with pytest.raises(UnreadableLogFile) as raised:
        list(LogFile(io.BytesIO(file), SOURCES))

    error = raised.value
    assert error.reason.startswith(reason)
    assert position is None or error.position == position
    what = "compressed file" if "gzip" in reason else "uncompressed content"
    assert str(error) == (
        error.reason if error.position is None else f"{error.reason} (byte {error.position:,} of the {what})"
    )


def test_halves_of_a_character_that_come_apart_are_no_character():
    parts = [b"{", b'"Records":["\xc3', b"between", b'\xa4"]}']

    with pytest.raises(UnreadableLogFile, match="The content is not UTF-8") as raised:
        list(LogFile(Parts(parts), SOURCES))

    assert raised.value.position == 13


def test_records_before_the_damage_are_given():
    file = gzip.compress(compact(POLLY, S3, LEX, *[S3] * 10))[:-1]
    records = iter(LogFile(io.BytesIO(file), SOURCES, piece_bytes=1))

    assert next(records) == (0, POLLY)
    assert next(records) == (2, LEX)
    with pytest.raises(UnreadableLogFile, match="truncated"):
        next(records)


def test_a_file_may_have_file_bytes_and_no_more():
    content = compact(POLLY)
    size = len(content)

    exact = LogFile(io.BytesIO(content), SOURCES, limits=Limits(file_bytes=size))
    over = LogFile(io.BytesIO(content), SOURCES, limits=Limits(file_bytes=size - 1))

    assert list(exact) == [(0, POLLY)]
    with pytest.raises(UnreadableLogFile, match=f"larger than the limit of {size - 1} bytes"):
        list(over)


@pytest.mark.parametrize("record", [POLLY, 10**20], ids=["object", "number"])
def test_a_record_may_have_record_bytes_and_no_more(record):
    content = compact(record, *range(100))
    size = len(json.dumps(record, separators=(",", ":")))

    exact = LogFile(io.BytesIO(content), SOURCES, limits=Limits(record_bytes=size), piece_bytes=8)
    over = LogFile(io.BytesIO(content), SOURCES, limits=Limits(record_bytes=size - 1), piece_bytes=8)

    assert list(exact) == ([(0, POLLY)] if record is POLLY else [])
    with pytest.raises(UnreadableLogFile, match=f"A value is longer than the limit of {size - 1} bytes"):
        list(over)


MEBIBYTE = 1 << 20
FLOODS = {
    "white space before": ([b" " * 65_536], "larger than the limit"),
    "white space in the list": ([b'{"Records":[', *[b"\n" * 65_536]], "larger than the limit"),
    "one string": ([b'{"Records":["', b"a" * 65_536], "A value is longer"),
    "one key": ([b'{"', b"a" * 65_536], "A value is longer"),
    "one number": ([b'{"Records":[', b"1." + b"1" * 65_534], "not JSON|A value is longer"),
    "one list": ([b'{"Records":[', b"[" + b"[]," * 20_000], "nests too deeply|A value is longer"),
    "damage that nothing ends": ([b'{"Records":[{"a":b', b"a" * 65_536], "The content is not JSON: Expecting value"),
}


@pytest.mark.parametrize(("parts", "reason"), FLOODS.values(), ids=FLOODS)
def test_floods_are_refused_without_being_held(parts, reason, peak_memory):
    stream = Parts(chain(parts[:-1], repeat(parts[-1])))
    limits = Limits(file_bytes=50 * MEBIBYTE, record_bytes=MEBIBYTE // 4)

    with pytest.raises(UnreadableLogFile, match=reason):
        list(LogFile(stream, SOURCES, limits=limits))

    assert peak_memory() < 16 * MEBIBYTE


def test_a_bomb_is_refused_without_being_held(peak_memory):
    bomb = gzip.compress(b" " * MEBIBYTE) * 100

    with pytest.raises(UnreadableLogFile, match="larger than the limit of 52,428,800 bytes"):
        list(LogFile(io.BytesIO(bomb), SOURCES, limits=Limits(file_bytes=50 * MEBIBYTE)))

    assert peak_memory() < 2 * MEBIBYTE


def test_a_large_file_is_not_held(peak_memory):
    records = json.dumps([S3] * 600)[1:-1].encode()
    parts = [b'{"Records":[', *[records + b","] * 800, records, b"]}"]
    log_file = LogFile(Parts(parts), SOURCES)

    found = list(log_file)

    assert (found, log_file.records) == ([], 600 * 801)
    assert log_file.bytes > 39 * MEBIBYTE
    assert peak_memory() < 4 * MEBIBYTE


def test_errors_of_the_stream_pass_through():
    def parts():
        yield compact(S3)[:-2]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        list(LogFile(Parts(parts()), SOURCES))

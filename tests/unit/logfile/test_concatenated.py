"""Log files that follow one another in one input are the same log files as each of them alone."""

import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.logfile import LogFile, UnreadableLogFile, documents
from tests.unit.logfile.short_reads import ShortReads

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)
SOURCES = frozenset({"polly.amazonaws.com"})
BOM = b"\xef\xbb\xbf"


def read(stream, **options):
    """The wanted records of a log file, and the number of all; None if it cannot be read."""
    log_file = LogFile(stream, SOURCES, is_hashed=False, **options)
    try:
        return [*log_file], log_file.records
    except UnreadableLogFile:
        return None


def read_all(content, most=1 << 20):
    """The same for each log file in the content, with the byte where it begins."""
    found = []
    for document in documents(ShortReads(content, most)):
        found.append((document.position, read(document, ends_at=document.ends_at)))
        assert len(found) < 100
    return found


def members(content):
    half = len(content) // 2
    return gzip.compress(content[:half]) + gzip.compress(content[half:])


PACKED = {
    "plain": bytes,
    "plain with a byte order mark": lambda content: BOM + content,
    "plain with white space": lambda content: b"\n " + content + b"\r\n",
    "compressed": gzip.compress,
    "stored": lambda content: gzip.compress(content, 0),
    "compressed, a byte order mark": lambda content: gzip.compress(BOM + content),
    "compressed, in two members": members,
    "compressed, then zero bytes": lambda content: gzip.compress(content) + bytes(700),
    "compressed, then a new line": lambda content: gzip.compress(content) + b"\n",
}
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"eventSource": st.sampled_from(["polly.amazonaws.com", "s3.amazonaws.com"])},
        optional={"text": st.text(max_size=20), "Records": st.just([{"eventSource": "polly.amazonaws.com"}])},
    ),
    max_size=4,
)
DOCUMENTS = st.one_of(
    RECORDS.map(lambda records: {"Records": records}),
    RECORDS.map(lambda records: {"version": "}{", "Records": records}),
    st.sampled_from([{}, {"Records": {}}, {"digestStartTime": "2026-03-14T09:20:00Z"}]),
)


@st.composite
def files(draw, packings=None):
    content = json.dumps(draw(DOCUMENTS), ensure_ascii=draw(st.booleans())).encode()
    return draw(st.sampled_from(packings or list(PACKED.values())))(content), content


@given(st.lists(files(), min_size=1, max_size=6), st.sampled_from([1, 7, 4096, 1 << 20]))
@LAW
def test_log_files_after_one_another_are_read_as_each_alone(several, most):
    found = read_all(b"".join(file for file, _ in several), most)

    assert [log_file for _, log_file in found] == [read(io.BytesIO(content)) for _, content in several]


@pytest.mark.parametrize("size", [40_000, 300_000, 5_000_000])
@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_large_log_files_are_told_apart_as_well(pack, size):
    records = [{"eventSource": "polly.amazonaws.com", "text": "ü€" * 200, "number": n} for n in range(size // 1000)]
    file = pack(json.dumps({"Records": records}, ensure_ascii=False).encode())

    found = read_all(file * 3)

    assert [log_file for _, log_file in found] == [([*enumerate(records)], len(records))] * 3


@given(st.lists(files((gzip.compress,)), min_size=1, max_size=4), st.data())
@LAW
def test_damage_to_one_compressed_file_costs_no_other(several, data):
    place = data.draw(st.integers(0, len(several) - 1))
    alone = [read(io.BytesIO(content)) for _, content in several]
    several = [file for file, _ in several]
    file = several[place]
    at = data.draw(st.integers(0, len(file) - 1))
    is_cut = data.draw(st.booleans())
    damaged = file[:at] if is_cut else file[:at] + bytes([file[at] ^ data.draw(st.integers(1, 255))]) + file[at + 1 :]

    found = [log_file for _, log_file in read_all(b"".join([*several[:place], damaged, *several[place + 1 :]]))]

    before, after = alone[:place], alone[place + 1 :]
    assert found[:place] == before
    assert found[len(found) - len(after) :] == after
    own = found[place : len(found) - len(after)]
    assert own == [alone[place]] if read(io.BytesIO(damaged)) else None in own or not damaged


def test_a_document_that_is_cut_off_ends_where_the_next_compressed_one_begins():
    whole = json.dumps({"Records": [{"eventSource": "polly.amazonaws.com"}]}).encode()
    parts = [gzip.compress(whole[:-9]), gzip.compress(whole), whole[:-9], gzip.compress(whole)]

    found = read_all(b"".join(parts))

    good = ([(0, {"eventSource": "polly.amazonaws.com"})], 1)
    positions = [sum(map(len, parts[:number])) for number in range(4)]
    assert found == list(zip(positions, [None, good, None, good], strict=True))


def test_nothing_in_a_record_is_taken_for_a_log_file():
    inner = [{"eventSource": "polly.amazonaws.com", "eventName": "Forged"}]
    whole = json.dumps({"Records": [{"eventSource": "s3.amazonaws.com", "parameters": [{"Records": inner}]}]}).encode()
    cut = whole.index(b'{"Records"', 1)
    in_members = gzip.compress(whole[:cut]) + gzip.compress(whole[cut:])

    assert read_all(in_members + in_members) == [(0, ([], 1)), (len(in_members), ([], 1))]
    assert read_all(whole[:-1] + whole) == [(0, None)]


def test_what_follows_a_plain_document_that_is_cut_off_is_skipped_up_to_a_compressed_one():
    whole = b'{"Records": [1]}'
    document, *others = documents(io.BytesIO(whole[:-3] + whole + whole + gzip.compress(whole)))
    assert [(other.number, other.position) for other in others] == [(2, 3 * len(whole) - 3)]

    document = next(documents(io.BytesIO(whole[:-3] + whole + whole + gzip.compress(whole))))
    assert read(document, ends_at=document.ends_at) is None

    assert document.skip() == 3 * len(whole) - 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-be"])
def test_one_document_in_another_encoding_is_read_and_several_are_refused(encoding):
    # What UTF-16 has for these two characters looks like the beginning of a gzip member.
    content = json.dumps({"Records": [{"eventSource": "polly.amazonaws.com", "text": "\u8b1f\u0108"}]})
    whole = json.dumps(json.loads(content), ensure_ascii=False).encode(encoding)

    assert [log_file for _, log_file in read_all(whole)] == [read(io.BytesIO(whole))]
    assert read_all(whole + whole) == [(0, None)]


@pytest.mark.parametrize("content", [b"", b" \n", gzip.compress(b"")], ids=["nothing", "white space", "empty member"])
def test_an_input_without_content_is_one_empty_log_file(content):
    assert read_all(content) == [(0, None)]


def test_content_that_is_compressed_twice_is_refused():
    whole = b'{"Records": [1]}'

    found = read_all(gzip.compress(gzip.compress(whole)) + gzip.compress(whole))

    assert [log_file for _, log_file in found] == [None, ([], 1)]

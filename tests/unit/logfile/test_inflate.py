"""Gzip in steps: equals the gzip module, is bounded, and refuses damaged data."""

import gzip
import io
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.logfile import DamagedGzip, inflated
from tests.unit.logfile.short_reads import ShortReads

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)
STEP = 1000
CONTENT = bytes(range(256)) * 40
PACKED = gzip.compress(CONTENT, mtime=0)


def member(flags, fields):
    """A gzip member whose header has these flags and optional fields (RFC 1952, section 2.3)."""
    return b"\x1f\x8b\x08" + bytes([flags]) + PACKED[4:10] + fields + PACKED[10:]


def header_checksum(flags, fields):
    return struct.pack("<H", zlib.crc32(b"\x1f\x8b\x08" + bytes([flags]) + PACKED[4:10] + fields) & 0xFFFF)


ACCEPTED = {
    "nothing": b"",
    "plain": CONTENT,
    "plain, longer than a block": CONTENT * 20,
    "one byte of the magic": b"\x1f",
    "zeros": b"\0" * 100,
    "gzip": PACKED,
    "stored, longer than a block": gzip.compress(CONTENT * 20, 0),
    "well compressed": gzip.compress(b"a" * 1_000_000),
    "empty content": gzip.compress(b""),
    "members": PACKED + gzip.compress(b"") + gzip.compress(b"more"),
    "a member behind a whole block": gzip.compress(CONTENT * 20, 0) + PACKED,
    "zero padding": PACKED + b"\0" * 100_000,
    "zero padding between members": PACKED + b"\0" * 70_000 + PACKED + b"\0",
    "a member across blocks": PACKED + bytes(65_535) + member(4 | 8 | 16, b"\x03\x00abcname\0comment\0"),
    "header with extra field, name and comment": member(4 | 8 | 16, b"\x03\x00abcname\0comment\0"),
    "header with checksum": member(2, header_checksum(2, b"")),
    "header with everything": member(31, b"\x03\x00abcn\0c\0" + header_checksum(31, b"\x03\x00abcn\0c\0")),
    "header with reserved flags": member(0xE0, b""),
}


@pytest.mark.parametrize("most", [1, 7, 65_536, 1 << 20])
@pytest.mark.parametrize("file", ACCEPTED.values(), ids=ACCEPTED)
def test_the_content_is_what_the_gzip_module_finds(file, most):
    expected = gzip.decompress(file) if file.startswith(PACKED[:2]) else file

    pieces = list(inflated(ShortReads(file, most), STEP))

    assert b"".join(pieces) == expected
    assert all(1 <= len(piece) <= STEP for piece in pieces)


def damaged(position, replacement):
    return PACKED[:position] + replacement + PACKED[position + len(replacement) :]


TRUNCATED = "The gzip stream is truncated"
TRAILING = "The gzip stream is followed by other bytes"
MISMATCH = "The gzip stream is damaged: length or checksum do not match"
REFUSED = {
    "cut in the magic's member header": (PACKED[:5], TRUNCATED, 5),
    "cut in the data": (PACKED[:100], TRUNCATED, 100),
    "cut in the trailer": (PACKED[:-1], TRUNCATED, len(PACKED) - 1),
    "cut before the trailer": (PACKED[:-8], TRUNCATED, len(PACKED) - 8),
    "cut in a second member": (PACKED + PACKED[:20], TRUNCATED, len(PACKED) + 20),
    "wrong CRC": (damaged(len(PACKED) - 8, b"\x00\x00"), MISMATCH, len(PACKED)),
    "wrong length": (damaged(len(PACKED) - 4, b"\xff"), MISMATCH, len(PACKED)),
    "wrong length in a second member": (PACKED + damaged(len(PACKED) - 4, b"\xff"), MISMATCH, 2 * len(PACKED)),
    "wrong header checksum": (member(2, b"\x00\x00"), MISMATCH, len(PACKED) + 2),
    "bytes behind": (PACKED + b"\n", TRAILING, len(PACKED)),
    "bytes behind zero padding": (PACKED + b"\0" * 100_000 + b"\x1f", TRAILING, len(PACKED) + 100_000),
    "plain text behind": (PACKED + b'{"Records":[]}', TRAILING, len(PACKED)),
}


@pytest.mark.parametrize("most", [1, 1 << 20])
@pytest.mark.parametrize(("file", "reason", "position"), REFUSED.values(), ids=REFUSED)
def test_damage_is_refused_with_its_reason_and_compressed_position(file, reason, position, most):
    with pytest.raises(DamagedGzip) as raised:
        list(inflated(ShortReads(file, most), STEP))

    assert (raised.value.reason, raised.value.position) == (reason, position)
    assert str(raised.value) == f"{reason}, at byte {position:,} of the compressed file"


@pytest.mark.parametrize(
    "file", [damaged(2, b"\x07"), damaged(10, b"\xff" * 30)], ids=["unknown compression method", "corrupt deflate data"]
)
def test_corrupt_data_is_refused(file):
    with pytest.raises(DamagedGzip, match=r"The gzip stream is damaged: the data is corrupt \(.+\), at byte 384 of "):
        list(inflated(io.BytesIO(file), STEP))


def test_a_bomb_is_inflated_in_steps_that_are_given_up_at_any_time():
    bomb = io.BytesIO(gzip.compress(b"\0" * 100_000_000, 1))
    tracemalloc.start()

    sizes = [len(piece) for piece, _ in zip(inflated(bomb, STEP), range(100), strict=False)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert max(sizes) == STEP
    assert peak < 2_000_000


def test_errors_of_the_stream_pass_through():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise ConnectionError
            return super().read(min(size, 100))

    with pytest.raises(ConnectionError):
        list(inflated(Broken(PACKED), STEP))


PIECES = st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=4)


@LAW
@given(PIECES, st.integers(1, 50))
def test_any_members_and_padding_read_in_any_way_give_the_same_content(pieces, most):
    file = b"".join(gzip.compress(content, level) + b"\0" * zeros for content, zeros, level in pieces)

    content = b"".join(inflated(ShortReads(file, most), STEP))

    assert content == b"".join(content for content, _, _ in pieces)


@LAW
@given(st.data(), st.integers(1, 50))
def test_a_changed_byte_never_changes_the_content_unnoticed(data, most):
    content = data.draw(st.binary(max_size=60))
    file = bytearray(gzip.compress(content, mtime=0))
    # the header's time, extra flags and operating system do not affect the content
    at = data.draw(st.sampled_from([0, 1, 2, *range(10, len(file))]))
    file[at] ^= data.draw(st.integers(1, 255))

    try:
        found = b"".join(inflated(ShortReads(bytes(file), most), STEP))
    except DamagedGzip:
        found = None

    assert found in (None, content, bytes(file))

"""Reads a log file's content in steps of bounded size: gzip, recognized by its magic bytes, or plain bytes.

isal decompresses three times as fast as the standard library (920-955 MB/s compared with 303) if the output is taken in
steps of 64 to 256 KB, which stay in the processor's cache. It verifies CRC and length as well.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor, IsalError

from aitrail.errors import AitrailError

_MAGIC: Final = b"\x1f\x8b"
_BLOCK_BYTES: Final = 64 * 1024  # of each read from a gzip stream


class DamagedGzip(AitrailError):
    """A gzip stream that cannot be decompressed completely; `position` counts bytes of the compressed stream."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason}, at byte {position:,} of the compressed file")
        self.reason = reason
        self.position = position


def inflated(stream: BinaryIO, step_bytes: int) -> Iterator[bytes]:
    """The content of `stream` in non-empty pieces of at most `step_bytes`, which is 2 or more.

    `stream` may return fewer bytes than requested. A gzip stream may have several members (RFC 1952, section 2.2), with
    zero bytes between and after them, as the gzip module allows. Raises DamagedGzip for any other bytes there, for a
    truncated stream, and for damage; in the last case, the position is the number of bytes read when the damage is
    detected. A wrong checksum of a member's header counts as damage, although the gzip module ignores it.
    """
    head = _filled(b"", stream, len(_MAGIC))
    if head == _MAGIC:
        yield from _members(_filled(head, stream, _BLOCK_BYTES), stream, step_bytes)
        return
    content = _filled(head, stream, step_bytes)
    while content:
        yield content
        content = stream.read(step_bytes)


def _filled(block: bytes, stream: BinaryIO, size: int) -> bytes:
    """The block, extended from the stream to `size` bytes, or fewer at the end of the stream."""
    while len(block) < size and (more := stream.read(size - len(block))):
        block += more
    return block


def _members(data: bytes, stream: BinaryIO, step_bytes: int) -> Iterator[bytes]:
    position = 0
    while data:
        if not data.startswith(_MAGIC):
            raise DamagedGzip("The gzip stream is followed by other bytes", position)
        member = IgzipDecompressor(flag=DECOMP_GZIP)
        while True:
            position += len(data)
            if content := _step(member, data, step_bytes, position):
                yield content
            if member.eof:
                break
            data = stream.read(_BLOCK_BYTES) if member.needs_input else b""
            if member.needs_input and not data:
                raise DamagedGzip("The gzip stream is truncated", position)
        position -= len(member.unused_data)
        data, position = _next_member(member.unused_data, stream, position)


def _step(member: IgzipDecompressor, data: bytes, step_bytes: int, position: int) -> bytes:
    try:
        return member.decompress(data, step_bytes)
    except IsalError as error:  # type: ignore[misc] # isal's stub types the class as an instance
        reason = "length or checksum do not match" if "checksum" in str(error) else f"the data is corrupt ({error})"
        raise DamagedGzip(f"The gzip stream is damaged: {reason}", position) from error


def _next_member(data: bytes, stream: BinaryIO, position: int) -> tuple[bytes, int]:
    """The first block after zero padding, and its position; empty at the end of the stream."""
    while block := _filled(data, stream, _BLOCK_BYTES):
        data = block.lstrip(b"\0")
        position += len(block) - len(data)
        if data:
            # isal misreads some headers that are passed in parts.
            return _filled(data, stream, _BLOCK_BYTES), position
    return b"", position

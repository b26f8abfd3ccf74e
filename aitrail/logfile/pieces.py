"""Content that may be compressed in parts -> pieces of it, with the places where a log file may begin.

One begins at the start, where compressed content follows plain content or the reverse, after damage, and at a gzip
member that cannot continue the JSON of the member before it. If a log file that goes on in other members turns out to
be cut off, a member whose content begins with `{"Records"` begins another one.
"""

import json
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from aitrail.logfile.inflate import MAGIC, Blocks, DamagedGzip, Stream, member

_STEP_BYTES: Final = 128 * 1024
# More compressed content than a decompressor usually reads before it notices that its stream was cut off.
_RECENT_BYTES: Final = 1024 * 1024
# The beginning of a member, without the flags that are reserved. JSON in UTF-8 contains no such bytes.
_MEMBER: Final = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
_PART_OF_MEMBER: Final = re.compile(rb"\x1f(\x8b(\x08)?)?\Z")
_RECORDS: Final = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"Records"')
_HEAD_BYTES: Final = 64
# What may follow a } in JSON.
_GOES_ON: Final = re.compile(rb"\s*[,\]}]")


class Begins(IntEnum):
    """Whether a log file begins with a piece."""

    NO = 0
    MAYBE = 1
    YES = 2


class Piece(NamedTuple):
    """A part of the content; `position` is the byte of the input at which it, or its gzip member, begins."""

    content: bytes
    position: int
    begins: Begins
    is_plain: bool

    def part(self, start: int, end: int | None = None, *, begins: Begins = Begins.NO) -> "Piece":
        """A part of the piece."""
        position = self.position + start if self.is_plain else self.position
        return Piece(self.content[start:end], position, begins, self.is_plain)


class Damage(NamedTuple):
    """The end of the pieces of a damaged gzip member, which begins at the byte `position` of the input."""

    error: DamagedGzip
    position: int
    begins: Begins  # YES if the member has no piece


Pieces = Iterator[Piece | Damage]


def pieces_of(stream: Stream) -> Pieces:
    """The pieces of the content."""
    recent = _Recent(stream)
    blocks, before = Blocks(recent), b""
    while block := blocks.full():
        blocks.put_back(block)
        start = blocks.position
        if not block.startswith(MAGIC):
            yield from _plain(blocks)
            before = b""
            continue
        piece = None
        try:
            for piece in _compressed(blocks, before):
                yield piece
                before = piece.content.rstrip()[-1:] or before
            blocks.skip_zeros()
        except DamagedGzip as error:
            yield Damage(error, start, Begins.NO if piece else Begins.YES)
            blocks, before = recent.at_next_member(start + 1), b""


def _compressed(blocks: Blocks, before: bytes) -> Iterator[Piece]:
    """The content of a gzip member; `before` is the last byte of the member before it, empty if there is none."""
    position, contents, head = blocks.position, member(blocks, _STEP_BYTES), b""
    damage: DamagedGzip | None = None
    try:
        while len(head) < _HEAD_BYTES and (content := next(contents, b"")):
            head += content
    except DamagedGzip as error:
        damage = error
    if head:
        yield Piece(head, position, _begins(before, head), is_plain=False)
    if damage:
        raise damage
    for content in contents:
        yield Piece(content, position, Begins.NO, is_plain=False)


def _begins(before: bytes, head: bytes) -> Begins:
    if not before or (before == b"}" and not _GOES_ON.match(head)):
        return Begins.YES
    return Begins.MAYBE if _RECORDS.match(head) else Begins.NO


def _plain(blocks: Blocks) -> Iterator[Piece]:
    """Content that is not compressed, up to a gzip member."""
    piece = Piece(blocks.full(), blocks.position, Begins.YES, is_plain=True)
    piece = piece._replace(position=blocks.position - len(piece.content))
    may_end = bool(piece.position) or not _is_wide(piece.content)
    while piece.content:
        member_begins = _MEMBER.search(piece.content) if may_end else None
        if member_begins:
            blocks.put_back(piece.content[member_begins.start() :])
            yield piece.part(0, member_begins.start(), begins=piece.begins)
            return
        held = _PART_OF_MEMBER.search(piece.content) if may_end else None
        end = held.start() if held else len(piece.content)
        if end:
            yield piece.part(0, end, begins=piece.begins)
        more = blocks.next()
        if not more and end < len(piece.content):
            yield piece.part(end, begins=Begins.NO if end else piece.begins)
        rest = piece.part(end, begins=Begins.NO if end else piece.begins)
        piece = rest._replace(content=rest.content + more if more else b"")


def _is_wide(head: bytes) -> bool:
    """Whether JSON begins in UTF-16 or UTF-32, which may contain what looks like a member."""
    encoding = json.detect_encoding(head)
    text = head[:_HEAD_BYTES].decode(encoding, "ignore")
    return not encoding.startswith("utf-8") and text.lstrip("\ufeff \t\r\n").startswith("{")


class _Recent:
    """A stream that keeps the last bytes that were read from it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._kept = bytearray()
        self._position = 0

    def read(self, size: int, /) -> bytes:
        """See Stream."""
        block = self._stream.read(size)
        self._kept += block
        self._position += len(block)
        del self._kept[:-_RECENT_BYTES]
        return block

    def at_next_member(self, start: int) -> Blocks:
        """What is read from where a gzip member may begin, at the byte `start` or later, to the end of the stream."""
        kept_from = self._position - len(self._kept)
        position = max(start, kept_from)
        text = bytes(self._kept[position - kept_from :])
        while not (found := _MEMBER.search(text)):
            more = self.read(_STEP_BYTES)
            if not more:
                return Blocks(self, position=self._position)
            held = text[-3:]
            position = self._position - len(more) - len(held)
            text = held + more
        return Blocks(self, text[found.start() :], position=position + found.start())

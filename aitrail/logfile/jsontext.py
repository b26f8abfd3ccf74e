"""Reads JSON text forward, value by value, in bounded memory.

The json module's own scanner decodes the values, so validity and meaning are exactly those of json.loads.
"""

import codecs
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, Protocol, TypeVar

from aitrail.errors import AitrailError
from aitrail.logfile.boundaries import end_of_items, likely_end

_WHITE_SPACE: Final = re.compile(rb"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_ENCODING_MARK_BYTES: Final = 4  # as many as json.detect_encoding examines
# Decoding an incomplete value fails close to the end of the text, within one token, of which \ud83d\ude00 is longest.
_WORD_BYTES: Final = 16
# Bytes after a number that are needed to know that it has ended: 1e+ is decoded as 1 until the next digit is there.
_LOOKAHEAD_BYTES: Final = 3
_GROWTH: Final = 4

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class Read(Protocol[_T_co]):
    """Reads the items in a buffer between brackets at `start` and before `end`; returns None on failure.

    If the text is valid, `is_sure` says that the items do end there, and not only perhaps.
    """

    def __call__(self, buffer: bytearray, start: int, end: int, *, is_sure: bool) -> _T_co | None:
        """Must not keep a reference to the buffer."""
        ...


class UnreadableJson(AitrailError):
    """Text that json.loads refuses or that exceeds a limit; `position` counts bytes of the text in UTF-8."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason}, at byte {position:,}")
        self.reason = reason
        self.position = position


def utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The text in UTF-8, in non-empty pieces, from any encoding that json.loads detects.

    Lone surrogates are accepted, as by json.loads. Raises UnreadableJson if the bytes are not valid in that encoding.
    """
    head = b""
    while len(head) < _ENCODING_MARK_BYTES and (chunk := next(chunks, b"")):
        head += chunk
    encoding = json.detect_encoding(head)
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    passed = held = 0
    try:
        for chunk in chain([head], chunks):
            if encoding == "utf-8" and not held and chunk.isascii():
                text = chunk
            else:
                decoded = decoder.decode(chunk)
                held = len(decoder.getstate()[0])
                text = chunk if encoding == "utf-8" else decoded.encode("utf-8", "surrogatepass")
            passed += len(chunk)
            if text:
                yield text
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UnreadableJson(f"The content is not {encoding.upper()}", passed - held + error.start) from error


class JsonText:
    """A cursor over `chunks`, non-empty pieces of valid UTF-8; a value may have up to `longest_value` bytes.

    Decoding a value is tried with the first `first_window` bytes, then with four times as many, and so on.
    Every method raises UnreadableJson if the text is not what the method expects.
    """

    def __init__(self, chunks: Iterator[bytes], *, longest_value: int, first_window: int) -> None:
        self._chunks = chunks
        self._longest_value = longest_value
        self._first_window = first_window
        self._buffer = bytearray()
        self._at = 0
        self._passed = 0
        self._ended = False
        self._window = ""  # text in latin-1, from the position `_window_at` on
        self._window_at = 0
        self._ends_after = 0  # the item at the cursor, which was too long for a leap

    @property
    def position(self) -> int:
        """The number of bytes of the text before the cursor."""
        return self._passed + self._at

    def _need(self, size: int) -> None:
        """Fills the buffer to `size` bytes from the cursor on, or fewer at the end of the text."""
        missing = size - (len(self._buffer) - self._at)
        if missing <= 0 or self._ended:
            return
        passed = max(0, self._at - 1)  # keep the byte before the cursor: `leap` overwrites it
        self._buffer = self._buffer[passed:]
        self._at -= passed
        self._passed += passed
        parts: list[bytes | bytearray] = [self._buffer]
        while missing > 0 and not self._ended:
            parts.append(next(self._chunks, b""))
            missing -= len(parts[-1])
            self._ended = not parts[-1]
        self._buffer = bytearray().join(parts)

    def peek(self) -> bytes:
        """The next byte that is not white space; empty at the end of the text."""
        while True:
            if space := _WHITE_SPACE.match(self._buffer, self._at):
                self._at = space.end()
            if self._at < len(self._buffer) or self._ended:
                return bytes(self._buffer[self._at : self._at + 1])
            self._need(1)

    def take(self, *expected: bytes) -> bytes:
        """Moves past the next byte, which must be one of `expected`, and returns it."""
        found = self.peek()
        if found not in expected:
            names = " or ".join(byte.decode() for byte in expected)
            reason = f"The content is not JSON: expected {names}" if found else "The JSON document is truncated"
            raise UnreadableJson(reason, self.position)
        self._at += 1
        return found

    def items(self, opening: bytes, closing: bytes) -> Iterator[None]:
        """Yields once for each item of the list or object that starts here; the caller reads the item."""
        self.take(opening)
        if self.peek() == closing:
            self.take(closing)
            return
        while True:
            yield
            if self.take(b",", closing) == closing:
                return

    def key(self) -> str:
        """The key that starts here; moves past its colon."""
        if self.peek() != b'"':
            self.take(b'"')
        key: str = self.value()
        self.take(b":")
        return key

    def value(self) -> Any:  # noqa: ANN401 - any JSON value
        """The value that starts here, as json.loads decodes it."""
        self.peek()
        most = self._longest_value + _LOOKAHEAD_BYTES
        size = 0  # what is left of the window that held the previous value
        while True:
            if size:
                self._need(size)
                self._window = self._buffer[self._at : self._at + size].decode("latin-1")
                self._window_at = self.position
            start = self.position - self._window_at
            complete = self._ended and self._window_at + len(self._window) == self._passed + len(self._buffer)
            try:
                value, length = _first_value(self._window, start, complete=complete)
            except (ValueError, RecursionError) as error:
                if size and (complete or size == most):
                    raise self._unreadable(error, complete=complete) from error
            else:
                self._at += length
                return value
            size = min(_GROWTH * size or max(self._first_window, 2 * (self._ends_after - self.position)), most)

    def _unreadable(self, error: Exception, *, complete: bool) -> UnreadableJson:
        """The error of a value at the start of the window."""
        if isinstance(error, RecursionError):
            return UnreadableJson("A value nests too deeply", self.position)
        if not isinstance(error, json.JSONDecodeError):
            return UnreadableJson(f"A value cannot be read: {error}", self.position)
        if not complete and (error.msg.startswith("Unterminated") or error.pos > len(self._window) - _WORD_BYTES):
            return UnreadableJson(f"A value is longer than the limit of {self._longest_value:,} bytes", self.position)
        return UnreadableJson(f"The content is not JSON: {error.msg}", self.position + error.pos)

    def leap(self, size: int, brackets: bytes, read: Read[_T]) -> tuple[bool, _T | None]:
        """Reads several items of a list or object at once, from the cursor on, with `read`, and moves past them.

        The items have about `size` bytes. `read` finds them in a buffer, between `brackets`. Returns whether there is
        an end of items in the text, and the result of `read`. If that is None, the cursor does not move.
        """
        self.peek()
        self._need(size // 2)
        is_sure = False
        for end, is_sure in self._ends_of_items(size, brackets):
            if (found := self._read(end, brackets, read, is_sure=is_sure)) is not None:
                self._at = end
                return True, found
        if not is_sure:
            self._ends_after = self.position + min(size, len(self._buffer) - self._at)
        return is_sure, None

    def _ends_of_items(self, size: int, brackets: bytes) -> Iterator[tuple[int, bool]]:
        """The places where items that begin at the cursor may end, and whether they do."""
        # A remainder smaller than another piece would only have to be moved to the front of the buffer.
        last = self._at + size if len(self._buffer) - self._at > 2 * size else len(self._buffer)
        if self._ended and last == len(self._buffer):
            end = self._buffer.rfind(brackets[1:], self._at)
        else:
            end = likely_end(self._buffer, self._at, last, in_object=brackets == b"{}")
        if end > self._at:
            yield end, False
        if end := end_of_items(bytes(self._buffer[self._at : last])):
            yield self._at + end, True

    def _read(self, end: int, brackets: bytes, read: Read[_T], *, is_sure: bool) -> _T | None:
        # The text is decoded in place: the byte before the cursor is no longer needed, the byte at the end is restored.
        buffer, start, behind = self._buffer, self._at - 1, self._buffer[end]
        buffer[start], buffer[end] = brackets
        found = read(buffer, start, end + 1, is_sure=is_sure)
        buffer[end] = behind
        return found


def _first_value(window: str, start: int, *, complete: bool) -> tuple[Any, int]:
    """The value at `start` and its length in bytes; raises ValueError or RecursionError without one.

    In latin-1 each byte is one character, and all structural characters of JSON are ASCII: offsets count bytes.
    """
    value, end = _DECODER.raw_decode(window, start)
    if end + _LOOKAHEAD_BYTES > len(window) and not complete:
        raise json.JSONDecodeError("Unterminated value", "", end)
    text = window[start:end]
    if not text.isascii():
        value = None  # so that only one value is in memory at a time
        value, _ = _DECODER.raw_decode(text.encode("latin-1").decode("utf-8", "surrogatepass"))
    return value, end - start

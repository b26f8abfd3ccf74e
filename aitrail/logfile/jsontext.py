"""Reads JSON text forward, value by value, in bounded memory.

The json module's own scanner decodes the values, so validity and meaning are exactly those of json.loads.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final, TypeVar

from aitrail.errors import AitrailError

_WHITE_SPACE: Final = re.compile(rb"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_ENCODING_MARK_BYTES: Final = 4  # as many as json.detect_encoding examines
# Decoding an incomplete value fails close to the end of the text, within one token, of which \ud83d\ude00 is longest.
_WORD_BYTES: Final = 16
# Bytes after a number that are needed to know that it has ended: 1e+ is decoded as 1 until the next digit is there.
_LOOKAHEAD_BYTES: Final = 3

_T = TypeVar("_T")


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

    Decoding a value is tried with the first `first_window` bytes, then with twice as many, and so on.
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
        size = min(self._first_window, most)
        while True:
            self._need(size)
            window = self._buffer[self._at : self._at + size]
            complete = self._ended and self._at + size >= len(self._buffer)
            try:
                value, end = _first_value(window, complete=complete)
            except (ValueError, RecursionError) as error:
                if complete or size == most:
                    raise self._unreadable(error, len(window), complete=complete) from error
            else:
                self._at += end
                return value
            size = min(2 * size, most)

    def _unreadable(self, error: Exception, size: int, *, complete: bool) -> UnreadableJson:
        if isinstance(error, RecursionError):
            return UnreadableJson("A value nests too deeply", self.position)
        if not isinstance(error, json.JSONDecodeError):
            return UnreadableJson(f"A value cannot be read: {error}", self.position)
        if not complete and (error.msg.startswith("Unterminated") or error.pos > size - _WORD_BYTES):
            return UnreadableJson(f"A value is longer than the limit of {self._longest_value:,} bytes", self.position)
        return UnreadableJson(f"The content is not JSON: {error.msg}", self.position + error.pos)

    def leap(
        self, size: int, to_boundary: re.Pattern[bytes], read: Callable[[bytearray, int, int], _T | None]
    ) -> tuple[int, _T | None]:
        """Reads several items of a list at once, from the cursor on, with `read`, and moves past them.

        `read` is called with a buffer and the start and end of these items in it, including brackets around them. It
        must not keep a reference to the buffer. The items have about `size` bytes. They end where the match of
        `to_boundary` ends or, at the end of the text, before its last bracket.
        Returns the number of bytes of the items (0 if no end was found) and the result of `read`. If that is None, the
        cursor does not move.
        """
        self._need(size // 2)
        buffer, start, end = self._buffer, self._at, self._end_of_items(size, to_boundary)
        if not end:
            return 0, None
        # The text is decoded in place: the byte before the cursor is no longer needed, the byte at the end is restored.
        behind = buffer[end]
        buffer[start - 1], buffer[end] = b"[]"
        found = read(buffer, start - 1, end + 1)
        buffer[end] = behind
        if found is not None:
            self._at = end
        return end - start, found

    def _end_of_items(self, size: int, to_boundary: re.Pattern[bytes]) -> int:
        # A remainder smaller than another piece would only have to be moved to the front of the buffer.
        last = self._at + size if len(self._buffer) - self._at > 2 * size else len(self._buffer)
        if self._ended and last == len(self._buffer):
            return max(0, self._buffer.rfind(b"]", self._at))
        match = to_boundary.match(self._buffer, self._at, last)
        return match.end() if match else 0


def _first_value(window: bytearray, *, complete: bool) -> tuple[Any, int]:
    """The value at the start of `window` and its length in bytes; raises ValueError or RecursionError without one."""
    # In latin-1 each byte is one character, and all structural characters of JSON are ASCII: the offset counts bytes.
    value, end = _DECODER.raw_decode(window.decode("latin-1"))
    if end + _LOOKAHEAD_BYTES > len(window) and not complete:
        raise json.JSONDecodeError("Unterminated value", "", end)
    if not window[:end].isascii():
        value = None  # so that only one value is in memory at a time
        value, _ = _DECODER.raw_decode(window[:end].decode("utf-8", "surrogatepass"))
    return value, end

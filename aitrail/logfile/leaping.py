"""Decides how many bytes of items are decoded at once: as many as possible, and fewer where that fails."""

from collections.abc import Sized
from typing import Final, Generic, TypeVar

from aitrail.logfile.jsontext import JsonText, Read

_SMALLEST_BYTES: Final = 512
# A piece with many wanted records is decoded twice, and they often occur together: smaller pieces then cost less.
_SHARE_WITH_MANY: Final = 4
# To find one takes as long as to decode 13 KB again, and in a file with fewer, smaller pieces would cost more.
_BYTES_FOR_EACH: Final = 8 * 1024

_Found = TypeVar("_Found", bound=Sized)


def are_few(number: int, size: int) -> bool:
    """Whether so many wanted records in a piece of `size` bytes are worth finding one by one."""
    return number * _BYTES_FOR_EACH <= size


class Leaps(Generic[_Found]):
    """Moves past many items at a time, whose list or object has these brackets, in pieces of about `piece_bytes`.

    `read` returns what it finds in a piece, or None if the items have to be read one by one (see `JsonText.leap`).
    """

    def __init__(self, brackets: bytes, read: Read[_Found], *, piece_bytes: int) -> None:
        self._brackets = brackets
        self._read = read
        self._most = piece_bytes
        self._smallest = min(piece_bytes, _SMALLEST_BYTES)
        self._size = piece_bytes
        self._not_before = 0

    def leap(self, text: JsonText) -> _Found | None:
        """Moves past many items and returns what was found in them; on failure, returns None and stays."""
        while text.position >= self._not_before:
            has_end, found = text.leap(self._size, self._brackets, self._read)
            if found is not None:
                most = self._most if are_few(len(found), self._size) else max(1, self._most // _SHARE_WITH_MANY)
                self._size = min(2 * self._size, most)
                return found
            if not has_end:
                return None  # the item is longer than a piece
            if self._size > self._smallest:
                self._size //= 2
            else:
                self._not_before = text.position + self._size
        return None

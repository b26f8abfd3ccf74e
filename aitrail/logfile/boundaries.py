"""Finds where items of JSON text end, so that many of them can be decoded at once.

`likely_end` looks for bytes that often separate items and may be wrong. `end_of_items` counts brackets outside of
strings and is right for valid JSON; that takes about as long as decoding. `likely_record` may be wrong, too. None of
them validates anything: decoding does.
"""

import re
from itertools import accumulate
from operator import indexOf
from typing import Final

_BETWEEN_RECORDS: Final = b'},{"event'  # AWS writes eventVersion first in records.
# The first byte of an item -> what often separates items like it.
_SEPARATORS: Final = {b"{": (_BETWEEN_RECORDS, b"},{"), b"[": (b"],[",), b'"': (b'","',)}
_IN_OBJECT: Final = (b',"',)
# With white space, as in files that were formatted. The match is greedy: it ends at the last separator.
_TO_SEPARATOR: Final = re.compile(rb'.*\}(?=\s*,\s*\{\s*"event)', re.DOTALL)
_SEARCHED_BYTES: Final = 16 * 1024  # before the end: more would only find few items
_TAIL_BYTES: Final = 4 * 1024
_STEPS: Final = [(byte in b"]}") - (byte in b"[{") for byte in range(256)]  # the change of depth, read backward


def likely_end(text: bytes | bytearray, start: int, end: int, *, in_object: bool) -> int:
    """The place between `start` and `end` where an item probably ends; 0 without one."""
    separators = _IN_OBJECT if in_object else _SEPARATORS.get(bytes(text[start : start + 1]), (b",",))
    searched_from = max(start, end - _SEARCHED_BYTES)
    for separator in separators:
        if (found := text.rfind(separator, searched_from, end)) >= 0:
            return found + separator.index(b",")
    match = _TO_SEPARATOR.match(text, searched_from, end)
    return match.end() if match else 0


def likely_record(text: bytes | bytearray, start: int, end: int, place: int) -> tuple[int, int]:
    """Where the record around `place` probably begins and ends, one of several between `start` and `end`."""
    before, after = text.rfind(_BETWEEN_RECORDS, start, place), text.find(_BETWEEN_RECORDS, place, end)
    return (start if before < 0 else before + 2), (end if after < 0 else after + 1)


def end_of_items(text: bytes) -> int:
    """The place of the last comma that follows an item of the list or object whose items are `text`; 0 without one.

    The last item may be incomplete.
    """
    if b"," not in text:
        return 0
    if b"\\" in text:  # which only strings contain; from left to right, it escapes the byte after it
        text = text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    return _end_in_tail(text, _TAIL_BYTES) or _end_in_tail(text, len(text))


def _end_in_tail(text: bytes, size: int) -> int:
    begin = max(0, len(text) - size)
    parts = text[:begin].split(b'"')
    tail = _without_strings(text[begin:], is_in_string=len(parts) % 2 == 0)
    end = tail.rfind(b",")
    depth = _depth(b"".join(parts[::2])) + _depth(tail[: max(0, end)])
    if end >= 0 and depth:
        # Back to the bracket that begins the item, and to the comma before it.
        try:
            end -= indexOf(accumulate(map(_STEPS.__getitem__, reversed(tail[:end])), initial=depth), 0)
        except ValueError:
            return 0
        end = tail.rfind(b",", 0, end)
    return 0 if end < 0 else begin + end


def _without_strings(text: bytes, *, is_in_string: bool) -> bytes:
    """The text with strings replaced by as many other bytes."""
    parts = text.split(b'"')
    strings = slice(0 if is_in_string else 1, None, 2)
    parts[strings] = [b"_" * len(part) for part in parts[strings]]
    return b"_".join(parts)


def _depth(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{") - text.count(b"]") - text.count(b"}")

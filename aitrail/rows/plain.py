"""Rows that DynamoDB keeps unchanged for certain, which is nearly all of them: known from one look at each value.

Their canonical JSON, which the hash of a row needs, answers the rest: how large they are and what memory they take.
"""

from collections.abc import Iterable
from math import inf
from sys import getsizeof
from typing import Any, Final, NamedTuple

import msgspec

from aitrail.rows.memory import OBJECT_BYTES, ROW_BYTES

# Provenance and expiry of a row depend on the file that was read last, or on an import.
OF_PROVENANCE: Final = frozenset({"logFile", "recordIndex", "importedFrom", "expiresAt"})

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DELETE: Final = b"\x7f"
# DynamoDB accepts longer names and rows. By its count, a value takes at most twice the bytes of its JSON, as an empty
# map does, and the name of the log file four bytes for each character: together less than 400 KB.
_MOST_BYTES: Final = 65_535
# DynamoDB allows 32 levels.
_MOST_CONTAINERS: Final = 30
_MOST_NUMBER: Final = 10**38
# Between these, msgspec writes floats as Python does.
_LEAST_FLOAT: Final = 1e-3
_MOST_FLOAT: Final = 1e15


class Plain(NamedTuple):
    """What is known of a plain row: its canonical JSON without provenance, and the most memory that it takes."""

    text: bytes
    memory: int


def plain(row: dict[str, Any]) -> Plain | None:
    """What is known of a row with all of its record's values; None unless DynamoDB certainly keeps it unchanged."""
    kept = row.copy()
    for name in OF_PROVENANCE:
        kept.pop(name, None)
    try:
        text = _ENCODER.encode(kept)
    except (UnicodeError, RecursionError):  # JSON has lone surrogates and any depth
        return None
    origin = row.get("logFile", "")
    # msgspec does not escape what is not ASCII, nor the only other control character.
    if len(text) > _MOST_BYTES or len(origin) > _MOST_BYTES or not text.isascii() or _DELETE in text:
        return None
    if text.count(b"{") + text.count(b"[") > _MOST_CONTAINERS:
        return None
    objects = _objects(row.values())
    if objects == inf:
        return None
    memory = 2 * getsizeof(row) + OBJECT_BYTES * len(row) + int(objects) + len(text) + len(origin) + ROW_BYTES
    return Plain(text, memory)


def _objects(values: Iterable[Any]) -> float:
    """The memory of what is within maps and lists, without characters; infinite if a value is not plain."""
    total: float = 0
    for value in values:
        kind = type(value)
        if kind is str:
            continue
        if kind is dict:
            total += inf if "" in value else getsizeof(value) + 2 * OBJECT_BYTES * len(value) + _objects(value.values())
        elif kind is list:
            total += getsizeof(value) + OBJECT_BYTES * len(value) + _objects(value)
        elif not (kind is bool or value is None or _is_plain_number(value)):
            return inf
    return total


def _is_plain_number(value: object) -> bool:
    """Whether DynamoDB keeps an int or float exactly, and msgspec writes it as Python does."""
    if type(value) is int:
        return -_MOST_NUMBER < value < _MOST_NUMBER
    return type(value) is float and _LEAST_FLOAT < abs(value) < _MOST_FLOAT and not value.is_integer()

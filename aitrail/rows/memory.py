"""The memory that rows take as Python objects, which has little to do with their bytes by DynamoDB's count.

An empty list has 4 bytes there and 64 here, and an ordinary row takes four times its bytes.
"""

from collections.abc import Iterable
from sys import getsizeof
from typing import Any, Final

OBJECT_BYTES: Final = 56  # of a text without its characters, and its place in a list
_NUMBER_BYTES: Final = 40  # of any number, and its place in a list
# In a text that is not ASCII: up to four, and its UTF-8, which Python keeps once something has asked for it.
_CHARACTER_BYTES: Final = 6
# The row's place in the list, its eventID and record as they are noted for finding duplicates, and the names of a row's
# attributes: there are few, and most of them are the same objects in all rows.
ROW_BYTES: Final = 512


def row_memory(row: dict[str, Any]) -> int:
    """The bytes of memory that a row and the record it shares its values with take, as an upper bound.

    The bound is close if texts are different objects: a text of one character always is the same object.
    """
    return 2 * getsizeof(row) + _contents(row.values()) + ROW_BYTES


def _contents(values: Iterable[Any]) -> int:
    total = 0
    for value in values:
        kind = type(value)
        if kind is str:
            total += OBJECT_BYTES + _characters(value)
        elif kind is dict:
            names = OBJECT_BYTES * len(value) + sum(map(_characters, value))
            total += getsizeof(value) + names + _contents(value.values())
        elif kind is list:
            total += getsizeof(value) + _contents(value)
        else:
            total += _NUMBER_BYTES
    return total


def _characters(text: str) -> int:
    return len(text) if text.isascii() else _CHARACTER_BYTES * (len(text) + 4)

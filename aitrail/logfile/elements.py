"""Decodes all items of a JSON list or object at once; refuses those that json.loads may decode differently.

msgspec scans 1.3 GB a second and creates objects only for the fields that it is asked for. What it refuses is decoded
by json.loads, which accepts more: NaN, integers of any size, lone surrogates.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

# json.loads refuses integers of over 4,300 digits, msgspec accepts them. Every 400th byte of one gives 10 digits.
_DIGIT_STRIDE: Final = 400
_DIGITS_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_INTEGER: Final = b"0" * 10

# The row of a plain record is never too large: paths of values that are kept as JSON text take most, up to 40 times it.
_PLAIN_BYTES: Final = 8_000
_PLAIN_CONTAINERS: Final = 100

REFUSED: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class Element(msgspec.Struct, gc=False):
    """What is decoded of every object."""

    eventSource: str | None = None  # noqa: N815 - CloudTrail's name


class ElementWithId(Element, gc=False):
    """An element whose eventID is a view of the JSON text that was decoded; empty without one."""

    eventID: msgspec.Raw = msgspec.Raw()  # noqa: N815 - CloudTrail's name


class Pairs(list[tuple[str, Any]]):
    """The items of an object, including those with the same key."""


_ELEMENTS: Final = msgspec.json.Decoder(list[Element])
_ELEMENTS_WITH_IDS: Final = msgspec.json.Decoder(list[ElementWithId])
_OTHERS: Final = msgspec.json.Decoder(list[str | float | bool | list[msgspec.Raw] | None])
_VALUES: Final = msgspec.json.Decoder(list[Any])
_RECORD: Final = msgspec.json.Decoder(dict[str, Any])
_RAW_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def elements_of(buffer: bytes | bytearray, start: int, end: int, *, with_ids: bool = False) -> Sequence[Element]:
    """The objects in the list that spans `start` to `end`.

    The bytes must be valid UTF-8. Raises one of REFUSED, also for an empty list.
    """
    _refuse_long_integers(buffer, start, end)
    decoder = _ELEMENTS_WITH_IDS if with_ids else _ELEMENTS
    found: Sequence[Element] = decoder.decode(memoryview(buffer)[start:end])
    if not found:
        raise ValueError("there is nothing in the list")
    return found


def sources_of(buffer: bytes | bytearray, start: int, end: int) -> list[str | None]:
    """The eventSource, or None, of each of the objects. Raises one of REFUSED, as `elements_of` does."""
    return [element.eventSource for element in elements_of(buffer, start, end)]


def number_of_others(buffer: bytes | bytearray, start: int, end: int) -> int:
    """The number of elements in the list, none of which is an object. Raises one of REFUSED, also for an empty list."""
    _refuse_long_integers(buffer, start, end)
    number = len(_OTHERS.decode(memoryview(buffer)[start:end]))
    if not number:
        raise ValueError("there is nothing in the list")
    return number


class Wanted(NamedTuple):
    """Records, and whether all of them are plain: 8,000 bytes, and 100 lists and objects at most."""

    records: list[dict[str, Any]]
    are_plain: bool = True


def records_at(buffer: bytes | bytearray, start: int, end: int, places: Sequence[int]) -> Wanted:
    """The objects at these positions in the list, as json.loads decodes them. Raises one of REFUSED."""
    if not places:
        return Wanted([])
    elements = _RAW_ELEMENTS.decode(memoryview(buffer)[start:end])
    wanted = [bytes(elements[place]) for place in places]
    text = b"[%b]" % b",".join(wanted)
    are_plain = all(map(_is_plain, wanted))
    try:
        return Wanted(_VALUES.decode(text), are_plain)
    except REFUSED:
        return Wanted(json.loads(str(text, "utf-8")), are_plain=False)


def records_of(texts: Sequence[bytes]) -> Wanted:
    """The objects that these texts are, each by itself, as json.loads decodes them. Raises one of REFUSED."""
    return Wanted([_RECORD.decode(text) for text in texts], all(map(_is_plain, texts)))


def _is_plain(text: bytes) -> bool:
    return len(text) <= _PLAIN_BYTES and text.count(b"{") + text.count(b"[") <= _PLAIN_CONTAINERS


def may_have_sources(buffer: bytes | bytearray, start: int, end: int) -> bool:
    """Whether an object in the text may have an eventSource, whose name may be written with escapes."""
    return buffer.find(b"eventSource", start, end) >= 0 or buffer.find(b"\\", start, end) >= 0


def last_value(buffer: bytes | bytearray, start: int, end: int, key: str) -> list[Any]:
    """The last value of a key in the object that spans `start` to `end`, or nothing. Raises one of REFUSED."""
    _refuse_long_integers(buffer, start, end)
    found = _RAW_FIELDS.decode(memoryview(buffer)[start:end]).get(key)
    return [] if found is None else [json.loads(bytes(found))]


def values(buffer: bytes | bytearray, start: int, end: int) -> list[Any]:
    """The elements of the list, as json.loads decodes them. Raises one of REFUSED."""
    return json.loads(_text(buffer, start, end))  # type: ignore[no-any-return]


def values_of_key(buffer: bytes | bytearray, start: int, end: int, key: str) -> list[Any]:
    """The values of each occurrence of a key in the object, with Pairs for objects. Raises one of REFUSED."""
    pairs = json.loads(_text(buffer, start, end), object_pairs_hook=Pairs)
    return [value for name, value in pairs if name == key]


def source_of(element: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """The eventSource of an element, None if it has none that is a string."""
    if type(element) is Pairs:
        element = dict(element)
    source = element.get("eventSource") if type(element) is dict else None
    return source if type(source) is str else None


def _text(buffer: bytes | bytearray, start: int, end: int) -> str:
    return str(memoryview(buffer)[start:end], "utf-8", "surrogatepass")


def _refuse_long_integers(buffer: bytes | bytearray, start: int, end: int) -> None:
    if _LONG_INTEGER in buffer[start:end:_DIGIT_STRIDE].translate(_DIGITS_AS_ZEROS):
        raise ValueError("there may be an integer that json.loads refuses")

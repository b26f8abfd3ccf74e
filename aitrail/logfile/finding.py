"""Decodes pieces of a Records list: the eventSource of each element, and the whole of the wanted ones.

The first decoding does not tell where an element is in the text. Decoding the piece again would, and takes as long. If
only few elements are wanted, they are found without that: the eventID of each element is decoded as a view of the
piece, and the element is around it. Where it begins and ends is guessed by the bytes that separate records. If what is
between can be decoded as one value, it is the element:

1. The view begins at the byte with which it changes. There begins a value at the top of the element, with the key
   eventID: of all brackets that are open there, the element's is the innermost, and the list's is the next.
2. The decoding of the guess agrees with that of the piece on what is in strings. Otherwise they would disagree from the
   beginning of the guess to the view: a quote changes both, and one of them refuses a backslash, which only strings
   contain. Then the guess has the key outside of a string, and is refused.
3. So they agree on brackets. The guess begins with a bracket that is open at the view, but not with the list's, which
   comes before every guess. It is the element's, and the guess ends where that is closed.
"""

from collections.abc import Sequence
from typing import Final

from aitrail.logfile import elements
from aitrail.logfile.boundaries import likely_record
from aitrail.logfile.elements import Element, ElementWithId, Wanted
from aitrail.logfile.leaping import are_few

# To decode eventIDs takes a twentieth longer. Most files have no wanted records; in others, few are seldom alone.
_PIECES_WITH_IDS: Final = 4
_NEAR_BYTES: Final = 6 * 1024  # finds 19 of 20, as records differ in length


class Finder:
    """Decodes pieces of Records lists. Of `bytes`, which cannot be changed, each with a wanted element twice."""

    def __init__(self) -> None:
        self._pieces_with_ids = _PIECES_WITH_IDS  # from here on, unless something is wanted

    def elements(self, buffer: bytes | bytearray, start: int, end: int) -> Sequence[Element]:
        """See `elements.elements_of`."""
        with_ids = isinstance(buffer, bytearray) and self._pieces_with_ids > 0
        return elements.elements_of(buffer, start, end, with_ids=with_ids)

    def records_at(
        self, buffer: bytes | bytearray, start: int, end: int, places: Sequence[int], listed: Sequence[Element]
    ) -> Wanted:
        """See `elements.records_at`. `listed` are all elements of the list, as `elements` returned them just now."""
        if not places:
            self._pieces_with_ids = max(0, self._pieces_with_ids - 1)
            return Wanted([])
        found = None
        is_worth_it = are_few(len(places), end - start)
        if is_worth_it and isinstance(buffer, bytearray) and self._pieces_with_ids:
            found = _found(buffer, start, end, places, listed)
            is_worth_it = found is not None
        self._pieces_with_ids = _PIECES_WITH_IDS if is_worth_it else 0
        return elements.records_at(buffer, start, end, places) if found is None else found


def _found(buffer: bytearray, start: int, end: int, places: Sequence[int], listed: Sequence[Element]) -> Wanted | None:
    """The objects at these positions; None if one of them cannot be found."""
    texts = []
    for place in places:
        likely = start + (end - start) * (place + 1) // len(listed)  # eventID is one of the last keys
        view = _place_of(listed[place], buffer, start, end, likely)
        if view is None:
            return None
        begin, behind = likely_record(buffer, start + 1, end - 1, view)
        texts.append(bytes(memoryview(buffer)[begin:behind]).strip())
    try:
        return elements.records_of(texts)
    except elements.REFUSED:
        return None


def _place_of(element: Element, buffer: bytearray, start: int, end: int, likely: int) -> int | None:
    """Where the eventID of an element begins; None if it has none, or if the same bytes come before it."""
    view = element.eventID if isinstance(element, ElementWithId) else b""
    text = bytes(view)
    if not text:
        return None
    place = buffer.find(text, max(start, likely - _NEAR_BYTES), min(end, likely + _NEAR_BYTES))
    if place < 0:
        place = buffer.index(text, start, end)
    return place if _begins_at(view, buffer, place) else None


def _begins_at(view: bytes, buffer: bytearray, place: int) -> bool:
    """Whether a view of the buffer, whose first byte is the one at this place, begins there."""
    byte = buffer[place]
    buffer[place] = byte ^ 1
    is_changed = memoryview(view)[0] != byte
    buffer[place] = byte
    return is_changed

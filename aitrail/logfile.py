"""Log file -> wanted records, in bounded memory: the hot path.

The document is read forward once, value by value. Inside the Records list a fast lane (`LogFile._leap`) takes many
elements at once: it cuts the text at a likely boundary and lets msgspec decode `[` + piece + `]`. Its success proves
the cut: JSON can be read from left to right in one way only, the piece starts where an element starts, and the last
bracket closes the list only where an element ends. The choice of the cut can therefore do no harm, and what msgspec
refuses is read value by value.

What is accepted and the records that come of it equal those of `json.loads(gzip.decompress(content))["Records"]`.
The differences:

- Records that is an object or a string is refused, not iterated over;
- a second `Records` key is refused once wanted records of the first were given away (with json.loads the last wins);
- content beyond `Limits`, and a gzip member whose header carries a wrong checksum, are refused;
- the interpreter's limit on nesting (about 1,000 levels in Python 3.11) applies to each value of the list by itself;
- its limit on the digits of an integer is taken to be 4,300, CPython's default, or more.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, Final

import msgspec

from aitrail.errors import AitrailError
from aitrail.inflate import DamagedGzip, inflated
from aitrail.jsontext import JsonText, UnreadableJson, utf8

_PIECE_BYTES: Final = 128 * 1024
_FIRST_WINDOW_BYTES: Final = 4096  # most records are smaller
_BOUNDARY: Final = re.compile(rb'\}\s*,\s*\{\s*"event')  # AWS writes eventVersion first
# json.loads refuses integers of over 4,300 digits, msgspec takes them: of such a run every 400th byte makes 10 digits.
_DIGIT_STRIDE: Final = 400
_LONG_INTEGER: Final = re.compile(rb"[0-9]{10}")
# AWS has some hundreds of event sources, and all are host names.
_MOST_SOURCES: Final = 1000
_LONGEST_SOURCE: Final = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes beyond which a log file is refused.

    `file_bytes` bounds the uncompressed content: CloudTrail's quota is 50 MB, and where that means the compressed size,
    it inflates to about 1 GB. `record_bytes` bounds a value that the json module reads, which takes up to 50 bytes of
    memory for each of its bytes: CloudTrail's largest events have 1 MB.
    """

    file_bytes: int = 2 * 1024**3
    record_bytes: int = 8 * 1024**2


DEFAULT_LIMITS: Final = Limits()


class UnreadableLogFile(AitrailError):
    """A log file that is damaged, or no JSON document with a Records list, or over a limit.

    `position` counts bytes of the uncompressed content (as UTF-8 without byte order mark, should it be otherwise), or
    of the compressed file where the gzip stream is damaged: the message says which. None: the file as a whole.
    """

    def __init__(self, reason: str, position: int | None = None, *, of: str = "uncompressed content") -> None:
        super().__init__(reason if position is None else f"{reason} (byte {position:,} of the {of})")
        self.reason = reason
        self.position = position


class _Element(msgspec.Struct, gc=False):
    eventSource: str | None = None  # noqa: N815 - CloudTrail's name


_ELEMENTS: Final = msgspec.json.Decoder(list[_Element])
_RAW_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _never(_source: str) -> bool:
    return False


class LogFile:
    """The wanted records of one log file; iterate once, over pairs of the position in Records and the record.

    `stream` holds gzip or plain JSON and may return less than was asked for; its own errors pass through. A record is
    wanted if its eventSource is a string which, lower-cased, is in `sources`. `is_lookalike` is asked once for each
    other source, as long as there are no more than 1,000. `piece_bytes` is how much is inflated and, at least, leapt
    over at once; `at_each_step` is called for each such piece, and what it raises ends the reading.
    Raises UnreadableLogFile while iterating, possibly after records were given.

    After the last record: `records` counts the elements of Records, `unwanted` those not wanted, `bytes` and `sha256`
    (hex) tell of the uncompressed content, `unknown_sources` counts the elements by lower-cased lookalike source (the
    first 1,000 sources of at most 253 characters).
    """

    def __init__(  # noqa: PLR0913 (each has a default but the first two)
        self,
        stream: BinaryIO,
        sources: frozenset[str],
        *,
        limits: Limits = DEFAULT_LIMITS,
        is_lookalike: Callable[[str], bool] = _never,
        piece_bytes: int = _PIECE_BYTES,
        at_each_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._sources = sources
        self._limits = limits
        self._is_lookalike = lru_cache(_MOST_SOURCES)(is_lookalike)
        self._piece_bytes = piece_bytes
        self._at_each_step = at_each_step
        self._leap_from = 0
        self._digest = hashlib.sha256()
        self.bytes = 0
        self._restart()

    def _restart(self) -> None:
        self.records = 0
        self.unwanted = 0
        self.unknown_sources: Counter[str] = Counter()

    @property
    def sha256(self) -> str:
        """Hex digest of the uncompressed content."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        window = min(_FIRST_WINDOW_BYTES, self._piece_bytes)
        text = JsonText(utf8(self._content()), longest_value=self._limits.record_bytes, first_window=window)
        try:
            yield from self._document(text)
        except UnreadableJson as error:
            raise UnreadableLogFile(error.reason, error.position) from error
        except DamagedGzip as error:
            raise UnreadableLogFile(error.reason, error.position, of="compressed file") from error

    def _content(self) -> Iterator[bytes]:
        limit = self._limits.file_bytes
        for chunk in inflated(self._stream, self._piece_bytes):
            self._at_each_step()
            self.bytes += len(chunk)
            if self.bytes > limit:
                raise UnreadableLogFile(f"The content is larger than the limit of {limit:,} bytes", limit)
            self._digest.update(chunk)
            yield chunk

    def _document(self, text: JsonText) -> Iterator[tuple[int, dict[str, Any]]]:
        if text.peek() != b"{":
            raise UnreadableLogFile("The content is no JSON object" if self.bytes else "The log file is empty")
        found = False
        for _ in text.items(b"{", b"}"):
            if text.key() != "Records":
                text.value()
                continue
            if self.records > self.unwanted:
                raise UnreadableLogFile("A second Records key contradicts the records before it", text.position)
            self._restart()
            found = text.peek() == b"["
            if found:
                yield from self._elements(text)
            else:
                text.value()
        if text.peek():
            raise UnreadableLogFile("The JSON document is followed by other bytes", text.position)
        if not found:
            raise UnreadableLogFile("The JSON document has no Records list")

    def _elements(self, text: JsonText) -> Iterator[tuple[int, dict[str, Any]]]:
        for _ in text.items(b"[", b"]"):
            found = self._leap(text)
            yield from self._walk(text) if found is None else found

    def _leap(self, text: JsonText) -> list[tuple[int, dict[str, Any]]] | None:
        """Step over many elements and give the wanted records among them; None, without a step, where that fails."""
        if text.position < self._leap_from:
            return None
        piece = text.piece(self._piece_bytes, _BOUNDARY)
        # Elements are read one by one up to here, should the leap fail: each byte is tried at most twice.
        self._leap_from = text.position + (len(piece) or self._piece_bytes)
        if not piece or _LONG_INTEGER.search(piece[::_DIGIT_STRIDE]):
            return None
        content = b"[%b]" % piece
        try:
            sources = [element.eventSource for element in _ELEMENTS.decode(content)]
            tally = Counter(sources)
            wanted = {source for source in tally if self._is_wanted(source)}
            hits = [index for index, source in enumerate(sources) if source in wanted] if wanted else []
            found = _records(content, hits)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not sources:
            return None
        found = [(self.records + index, record) for index, record in found]
        self._count(tally)
        text.skip(len(piece))
        return found

    def _walk(self, text: JsonText) -> list[tuple[int, dict[str, Any]]]:
        """Step over one element and give it, if it is wanted."""
        element = text.value()
        source = element.get("eventSource") if isinstance(element, dict) else None
        source = source if isinstance(source, str) else None
        found = [(self.records, element)] if self._is_wanted(source) else []
        self._count({source: 1})
        return found

    def _is_wanted(self, source: str | None) -> bool:
        return source is not None and source.lower() in self._sources

    def _count(self, tally: Mapping[str | None, int]) -> None:
        for source, elements in tally.items():
            self.records += elements
            if self._is_wanted(source):
                continue
            self.unwanted += elements
            if source is not None and len(source) <= _LONGEST_SOURCE and self._is_lookalike(source.lower()):
                self._count_unknown(source.lower(), elements)

    def _count_unknown(self, source: str, elements: int) -> None:
        if source in self.unknown_sources or len(self.unknown_sources) < _MOST_SOURCES:
            self.unknown_sources[source] += elements


def _records(content: bytes, indexes: list[int]) -> list[tuple[int, dict[str, Any]]]:
    """The records at these places of a JSON list, as json.loads decodes them."""
    if not indexes:
        return []
    elements = _RAW_ELEMENTS.decode(content)
    return [(index, json.loads(str(elements[index], "utf-8"))) for index in indexes]


def wanted_records(stream: BinaryIO, sources: frozenset[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Position in Records and record of each wanted record of a log file, as `LogFile` gives them.

    `sources` are lower-cased eventSource values, those of the registry by default. Raises UnreadableLogFile.
    """
    if sources is None:
        from aitrail.services import load  # noqa: PLC0415 - whoever names the sources needs no registry

        sources = load().sources
    return iter(LogFile(stream, sources))

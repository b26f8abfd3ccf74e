"""Log file -> wanted records, in bounded memory: the hot path.

The document is read forward once, value by value. Inside the Records list, a fast path (`LogFile._leap`) decodes many
elements at once: it cuts the text at a likely boundary and has msgspec decode `[` + piece + `]`. If that succeeds, the
cut was right: JSON can be parsed from left to right in only one way, the piece starts where an element starts, and the
last bracket closes the list only where an element ends. A wrong cut therefore does no harm: text that msgspec refuses
is read value by value.

The content accepted and the records yielded are the same as with `json.loads(gzip.decompress(content))["Records"]`,
except that:

- a Records value that is an object or a string is refused, not iterated over;
- a second `Records` key is refused once wanted records of the first have been yielded (in json.loads the last wins);
- content that exceeds `Limits` and a gzip member whose header has a wrong checksum are refused;
- the interpreter's nesting limit (about 1,000 levels in Python 3.11) applies to each element of the list separately;
- the interpreter's limit on the digits of an integer is assumed to be at least 4,300, CPython's default.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, BinaryIO, Final

from aitrail.errors import AitrailError
from aitrail.logfile import elements
from aitrail.logfile.inflate import DamagedGzip, inflated
from aitrail.logfile.jsontext import JsonText, UnreadableJson, utf8

_PIECE_BYTES: Final = 128 * 1024
_FIRST_WINDOW_BYTES: Final = 4096  # most records are smaller
# A piece with a wanted record is decoded twice, and wanted records often occur together: smaller pieces then cost less.
_SMALLEST_SHARE: Final = 4
# AWS writes eventVersion first. The match is greedy: it ends at the last boundary.
_TO_BOUNDARY: Final = re.compile(rb'.*\}(?=\s*,\s*\{\s*"event)', re.DOTALL)
_HEAD: Final = b'{"Records":['
_TAIL: Final = b"]}"
# AWS has some hundreds of event sources, and all are host names.
_MOST_SOURCES: Final = 1000
_LONGEST_SOURCE: Final = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits in bytes; a log file that exceeds one is refused.

    `file_bytes` limits the uncompressed content. CloudTrail's quota is 50 MB; if that is the compressed size, the
    content has about 1 GB. `record_bytes` limits a value that the json module reads, which takes up to 50 bytes of
    memory per byte. CloudTrail's largest events have 1 MB.
    """

    file_bytes: int = 2 * 1024**3
    record_bytes: int = 8 * 1024**2


DEFAULT_LIMITS: Final = Limits()


class UnreadableLogFile(AitrailError):
    """A log file that is damaged, is not a JSON document with a Records list, or exceeds a limit.

    `position` counts bytes of the uncompressed content, converted to UTF-8 without a byte order mark. If the gzip
    stream is damaged, it counts bytes of the compressed file; the message says which. None means the file as a whole.
    """

    def __init__(self, reason: str, position: int | None = None, *, of: str = "uncompressed content") -> None:
        super().__init__(reason if position is None else f"{reason} (byte {position:,} of the {of})")
        self.reason = reason
        self.position = position


def _never(_source: str) -> bool:
    return False


class LogFile:
    """The wanted records of one log file; iterate once, over pairs of the position in Records and the record.

    `stream` contains gzip or plain JSON and may return fewer bytes than requested; its own errors pass through. A
    record is wanted if its eventSource is a string that, in lower case, is in `sources`. `is_lookalike` is called once
    for each other source, as long as there are at most 1,000. The content is decompressed, and mostly decoded, in steps
    of `piece_bytes`. `at_each_step` is called for each step; an exception from it ends the reading.
    Raises UnreadableLogFile while iterating, possibly after some records.

    After the last record, `records` counts the elements of Records, and `unwanted` the unwanted ones. `bytes` and
    `sha256` (hex, None unless `is_hashed`) describe the uncompressed content. `unknown_sources` counts the elements by
    lookalike source in lower case (the first 1,000 sources of at most 253 characters).
    """

    def __init__(  # noqa: PLR0913 (all but the first two have defaults)
        self,
        stream: BinaryIO,
        sources: frozenset[str],
        *,
        limits: Limits = DEFAULT_LIMITS,
        is_lookalike: Callable[[str], bool] = _never,
        piece_bytes: int = _PIECE_BYTES,
        is_hashed: bool = True,
        at_each_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._sources = sources
        self._limits = limits
        self._is_lookalike = lru_cache(_MOST_SOURCES)(is_lookalike)
        self._piece_bytes = piece_bytes
        self._at_each_step = at_each_step
        self._leap_from = 0
        self._leap_bytes = piece_bytes
        # Sources that are neither wanted nor lookalikes, in their original spelling; most elements have one of these.
        self._plain: set[str | None] = {None}
        self._digest = hashlib.sha256() if is_hashed else None
        self.bytes = 0
        self._restart()

    def _restart(self) -> None:
        self.records = 0
        self.unwanted = 0
        self.unknown_sources: Counter[str] = Counter()

    @property
    def sha256(self) -> str | None:
        """Hex digest of the uncompressed content."""
        return self._digest.hexdigest() if self._digest else None

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        try:
            chunks = self._content()
            first, second = next(chunks, b""), next(chunks, b"")
            found = None if second else self._whole(first)
            yield from self._document(self._text(chain([first, second], chunks))) if found is None else found
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
            if self._digest:
                self._digest.update(chunk)
            yield chunk

    def _text(self, chunks: Iterator[bytes]) -> JsonText:
        window = min(_FIRST_WINDOW_BYTES, self._piece_bytes)
        return JsonText(utf8(filter(None, chunks)), longest_value=self._limits.record_bytes, first_window=window)

    def _whole(self, content: bytes) -> list[tuple[int, dict[str, Any]]] | None:
        """The wanted records of a document that fits into one chunk, as most do; None if it has an unusual form.

        If the text between head and tail is a JSON list, the document has no other key and nothing follows it.
        """
        if content.startswith(_HEAD) and content.endswith(_TAIL) and content.isascii():
            return self._select(content, len(_HEAD) - 1, len(content) - len(_TAIL) + 1)
        return None

    def _document(self, text: JsonText) -> Iterator[tuple[int, dict[str, Any]]]:
        if text.peek() != b"{":
            raise UnreadableLogFile("The content is not a JSON object" if self.bytes else "The log file is empty")
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
        """Moves past many elements and returns the wanted records among them; on failure, returns None and stays."""
        begin = text.position
        if begin < self._leap_from:
            return None
        size, found = text.leap(self._leap_bytes, _TO_BOUNDARY, self._select)
        if found is None:
            # Elements are read one by one up to this position, so each byte is tried at most twice.
            self._leap_from = begin + (size or self._leap_bytes)
        elif found:
            self._leap_bytes = max(1, self._piece_bytes // _SMALLEST_SHARE)
        else:
            self._leap_bytes = min(2 * self._leap_bytes, self._piece_bytes)
        return found

    def _select(self, buffer: bytes | bytearray, start: int, end: int) -> list[tuple[int, dict[str, Any]]] | None:
        """Counts the elements of the list between `start` and `end` and returns its wanted records; None on failure."""
        try:
            sources = elements.sources_of(buffer, start, end)
            notable: dict[int, str] = {} if self._plain.issuperset(sources) else dict(self._notable(sources))
            places = [index for index, source in notable.items() if self._is_wanted(source)]
            records = elements.records_at(buffer, start, end, places)
        except elements.REFUSED:
            return None
        found = [(self.records + place, record) for place, record in zip(places, records, strict=True)]
        self._count(len(sources), notable.values())
        return found

    def _walk(self, text: JsonText) -> list[tuple[int, dict[str, Any]]]:
        """Moves past one element and returns it if it is wanted."""
        element = text.value()
        source = element.get("eventSource") if isinstance(element, dict) else None
        notable = dict(self._notable([source if isinstance(source, str) else None]))
        found = [(self.records + index, element) for index, source in notable.items() if self._is_wanted(source)]
        self._count(1, notable.values())
        return found

    def _notable(self, sources: Iterable[str | None]) -> Iterator[tuple[int, str]]:
        """The index and the source of each element that is wanted or has a lookalike source."""
        for index, source in enumerate(sources):
            if source is None or source in self._plain:
                continue
            is_short = len(source) <= _LONGEST_SOURCE
            if self._is_wanted(source) or (is_short and self._is_lookalike(source.lower())):
                yield index, source
            elif is_short and len(self._plain) < _MOST_SOURCES:
                self._plain.add(source)

    def _is_wanted(self, source: str) -> bool:
        return source.lower() in self._sources

    def _count(self, records: int, notable: Iterable[str]) -> None:
        self.records += records
        self.unwanted += records
        for source in notable:
            if self._is_wanted(source):
                self.unwanted -= 1
            else:
                self._count_unknown(source.lower())

    def _count_unknown(self, source: str) -> None:
        if source in self.unknown_sources or len(self.unknown_sources) < _MOST_SOURCES:
            self.unknown_sources[source] += 1


def wanted_records(stream: BinaryIO, sources: frozenset[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The wanted records of a log file, each with its position in Records, as `LogFile` yields them.

    `sources` are eventSource values in lower case, by default the registry's. Raises UnreadableLogFile.
    """
    if sources is None:
        from aitrail.services import load  # noqa: PLC0415 - callers that pass sources need no registry

        sources = load().sources
    return iter(LogFile(stream, sources, is_hashed=False))

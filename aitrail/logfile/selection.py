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
# A piece with a wanted record is decoded twice, and where one is the next is often near: smaller pieces then cost less.
_SMALLEST_SHARE: Final = 4
# AWS writes eventVersion first. Greedy: up to the last boundary.
_TO_BOUNDARY: Final = re.compile(rb'.*\}(?=\s*,\s*\{\s*"event)', re.DOTALL)
_HEAD: Final = b'{"Records":['
_TAIL: Final = b"]}"
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
    (hex, None unless `is_hashed`) tell of the uncompressed content, `unknown_sources` counts the elements by
    lower-cased lookalike source (the first 1,000 sources of at most 253 characters).
    """

    def __init__(  # noqa: PLR0913 (each has a default but the first two)
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
        # Sources that are neither wanted nor lookalikes, as they are spelled: those of nearly all elements.
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
        """The wanted records of a document that is all in one chunk, as most are; None where it is not the usual one.

        If what lies between head and tail is a JSON list, the document has no other key and nothing behind it.
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
        """Step over many elements and give the wanted records among them; None, without a step, where that fails."""
        begin = text.position
        if begin < self._leap_from:
            return None
        size, found = text.leap(self._leap_bytes, _TO_BOUNDARY, self._select)
        if found is None:
            # Elements are read one by one up to here: each byte is tried at most twice.
            self._leap_from = begin + (size or self._leap_bytes)
        elif found:
            self._leap_bytes = max(1, self._piece_bytes // _SMALLEST_SHARE)
        else:
            self._leap_bytes = min(2 * self._leap_bytes, self._piece_bytes)
        return found

    def _select(self, buffer: bytes | bytearray, start: int, end: int) -> list[tuple[int, dict[str, Any]]] | None:
        """The wanted records of the list that should lie there, with all elements counted; None if it is no such."""
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
        """Step over one element and give it, if it is wanted."""
        element = text.value()
        source = element.get("eventSource") if isinstance(element, dict) else None
        notable = dict(self._notable([source if isinstance(source, str) else None]))
        found = [(self.records + index, element) for index, source in notable.items() if self._is_wanted(source)]
        self._count(1, notable.values())
        return found

    def _notable(self, sources: Iterable[str | None]) -> Iterator[tuple[int, str]]:
        """The place and the source of each element that is wanted or has a lookalike source."""
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
    """Position in Records and record of each wanted record of a log file, as `LogFile` gives them.

    `sources` are lower-cased eventSource values, those of the registry by default. Raises UnreadableLogFile.
    """
    if sources is None:
        from aitrail.services import load  # noqa: PLC0415 - whoever names the sources needs no registry

        sources = load().sources
    return iter(LogFile(stream, sources, is_hashed=False))

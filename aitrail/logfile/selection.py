"""Log file -> wanted records, in bounded memory: the hot path.

The document is read forward once, value by value. A fast path (`Leaps`) decodes many elements of the Records
list at once: it cuts the text at a likely boundary and has msgspec, or else the json module, decode `[` + piece + `]`.
If that succeeds, the cut was right: JSON can be parsed from left to right in only one way, the piece starts where an
element starts, and the last bracket closes the list only where an element ends. A wrong cut therefore does no harm:
smaller pieces are tried, and what both refuse is read value by value. The keys of the document are treated likewise.

The content accepted and the records yielded are the same as with `json.loads(gzip.decompress(content))["Records"]`,
except that:

- a Records value that is an object or a string is refused, not iterated over;
- a second `Records` key is refused once wanted records of the first have been yielded (in json.loads the last wins);
- content that exceeds `Limits` and a gzip member whose header has a wrong checksum are refused;
- the interpreter's nesting limit (about 1,000 levels in Python 3.11) applies to each element of the list separately;
- the interpreter's limit on the digits of an integer is assumed to be at least 4,300, CPython's default.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from msgspec import Struct

from aitrail.errors import AitrailError
from aitrail.logfile import elements
from aitrail.logfile.finding import Finder
from aitrail.logfile.inflate import DamagedGzip, Stream, inflated
from aitrail.logfile.jsontext import JsonText, UnreadableJson, utf8
from aitrail.logfile.leaping import Leaps

if TYPE_CHECKING:
    import hashlib

_PIECE_BYTES: Final = 160 * 1024
_FIRST_WINDOW_BYTES: Final = 64 * 1024
# Keys that are read one by one before the fast path is tried: "Records" is usually the first, and long.
_FIRST_KEYS: Final = 8
_HEAD: Final = b'{"Records":['
_TAIL: Final = b"]}"
# AWS has some hundreds of event sources, and all are host names.
MOST_SOURCES: Final = 1000
LONGEST_SOURCE: Final = 253


class Limits(Struct, frozen=True, kw_only=True):
    """Limits in bytes; a log file that exceeds one is refused.

    `file_bytes` limits the uncompressed content. CloudTrail's quota is 50 MB; if that is the compressed size, the
    content has about 1 GB. `record_bytes` limits a value that the json module reads, which takes up to 50 bytes of
    memory per byte. CloudTrail's largest events have 1 MB.
    """

    file_bytes: int = 2 * 1024**3
    record_bytes: int = 4 * 1024**2


DEFAULT_LIMITS: Final = Limits()

_Found = list[tuple[int, dict[str, Any]]]


class UnreadableLogFile(AitrailError):
    """A log file that is damaged, is not a JSON document with a Records list, or exceeds a limit.

    `position` counts bytes of the uncompressed content, converted to UTF-8 without a byte order mark. If the gzip
    stream is damaged, it counts bytes of the compressed file; the message says which. None means the file as a whole.
    """

    def __init__(self, reason: str, position: int | None = None, *, of: str = "uncompressed content") -> None:
        super().__init__(reason if position is None else f"{reason} (byte {position:,} of the {of})")
        self.reason = reason
        self.position = position


class EndsAt(Protocol):
    """What is called at the end of the document."""

    def __call__(self, position: int, /, *, is_followed: bool) -> bool:
        """Whether the log file may end here. Raises DamagedGzip."""
        ...


def ends_alone(_position: int, *, is_followed: bool) -> bool:
    """Refuses what follows the document."""
    return not is_followed


def only_list(content: bytes) -> tuple[int, int] | None:
    """Start and end of the Records list, if the document begins and ends as CloudTrail writes it; otherwise None.

    If the text between them is a JSON list, the document has no other key and nothing follows it.
    """
    if content.startswith(_HEAD) and content.endswith(_TAIL) and content.isascii():
        return len(_HEAD) - 1, len(content) - len(_TAIL) + 1
    return None


def _never(_source: str) -> bool:
    return False


def _sha256() -> "hashlib._Hash":
    import hashlib  # noqa: PLC0415 (loads OpenSSL, which questions do not need)

    return hashlib.sha256()


class LogFile:
    """The wanted records of one log file; iterate once, over pairs of the position in Records and the record.

    `stream` contains gzip or plain JSON and may return fewer bytes than requested; its own errors pass through. A
    record is wanted if its eventSource is a string that, in lower case, is in `sources`. `is_lookalike` is called once
    for each other source, as long as there are at most 1,000. The content is decompressed, and mostly decoded, in steps
    of `piece_bytes`. `at_each_step` is called for each step; an exception from it ends the reading. `ends_at` is
    called at the end of the document with its position; if it returns False, the file is refused.
    Raises UnreadableLogFile while iterating, possibly after some records.

    After the last record, `records` counts the elements of Records, and `unwanted` the unwanted ones. `bytes` and
    `sha256` (hex, None unless `is_hashed`) describe the uncompressed content. `unknown_sources` counts the elements by
    lookalike source in lower case (the first 1,000 sources of at most 253 characters). While iterating, `is_plain`
    tells that the record which came last is short and flat: it has at most 8,000 bytes, and 100 lists and objects.
    """

    def __init__(  # noqa: PLR0913 (all but the first two have defaults)
        self,
        stream: Stream,
        sources: frozenset[str],
        *,
        limits: Limits = DEFAULT_LIMITS,
        is_lookalike: Callable[[str], bool] = _never,
        piece_bytes: int = _PIECE_BYTES,
        is_hashed: bool = True,
        at_each_step: Callable[[], None] = lambda: None,
        ends_at: EndsAt = ends_alone,
    ) -> None:
        self._stream = stream
        self._sources = sources
        self._limits = limits
        self._is_lookalike = lru_cache(MOST_SOURCES)(is_lookalike)
        self._piece_bytes = piece_bytes
        self._at_each_step = at_each_step
        self._ends_at = ends_at
        # Sources that are neither wanted nor lookalikes, in their original spelling; most elements have one of these.
        self._plain: set[str | None] = {None}
        self._finder = Finder()
        self._digest = _sha256() if is_hashed else None
        self.bytes = 0
        self.is_plain = False
        self._has_records = False
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
            if found is not None:
                self._ends_at(len(first), is_followed=False)
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

    def _whole(self, content: bytes) -> _Found | None:
        """The wanted records of a document that fits into one chunk, as most do; None if it has an unusual form."""
        span = only_list(content)
        return self._select(content, *span) if span else None

    def _document(self, text: JsonText) -> Iterator[tuple[int, dict[str, Any]]]:
        if text.peek() != b"{":
            raise UnreadableLogFile("The content is not a JSON object" if self.bytes else "The log file is empty")
        keys = Leaps(b"{}", self._skip, piece_bytes=self._piece_bytes)
        for number, _ in enumerate(text.items(b"{", b"}")):
            if number >= _FIRST_KEYS and keys.leap(text) is not None:
                continue
            yield from self._field(text)
        is_followed = bool(text.peek())
        if not self._ends_at(text.position, is_followed=is_followed):
            raise UnreadableLogFile("The JSON document is followed by other bytes", text.position)
        if not self._has_records:
            raise UnreadableLogFile("The JSON document has no Records list")

    def _field(self, text: JsonText) -> Iterator[tuple[int, dict[str, Any]]]:
        if text.key() != "Records":
            text.value()
            return
        if self.records > self.unwanted:
            raise UnreadableLogFile("A second Records key contradicts the records before it", text.position)
        self._restart()
        self._has_records = text.peek() == b"["
        if self._has_records:
            yield from self._elements(text)
        else:
            text.value()

    def _elements(self, text: JsonText) -> Iterator[tuple[int, dict[str, Any]]]:
        leaps = Leaps(b"[]", self._select_or_load, piece_bytes=self._piece_bytes)
        for _ in text.items(b"[", b"]"):
            found = leaps.leap(text)
            yield from self._walk(text) if found is None else found

    def _select(self, buffer: bytes | bytearray, start: int, end: int) -> _Found | None:
        """Counts the elements of the list between `start` and `end` and returns its wanted records; None on failure."""
        try:
            listed = self._finder.elements(buffer, start, end)
            sources = [element.eventSource for element in listed]
            notable: dict[int, str] = {} if self._plain.issuperset(sources) else dict(self._notable(sources))
            places = [index for index, source in notable.items() if self._is_wanted(source)]
            records, self.is_plain = self._finder.records_at(buffer, start, end, places, listed)
        except elements.REFUSED:
            return None
        return self._counted(places, records, len(sources), notable)

    def _select_or_load(self, buffer: bytearray, start: int, end: int, *, is_sure: bool) -> _Found | None:
        """Does the same for elements of any type; loads all of them only if that is sure to be worth it."""
        first = buffer[start + 1 : start + 2]
        if first == b"{" and (found := self._select(buffer, start, end)) is not None:
            return found
        if first == b'"':  # msgspec takes longer for texts
            return self._load(buffer, start, end)
        try:
            self._count(elements.number_of_others(buffer, start, end), ())
        except elements.REFUSED:
            return self._load(buffer, start, end) if is_sure else None
        return []

    def _load(self, buffer: bytearray, start: int, end: int) -> _Found | None:
        try:
            values = elements.values(buffer, start, end)
        except elements.REFUSED:
            return None
        return self._select_from(values)

    def _walk(self, text: JsonText) -> _Found:
        """Moves past one element and returns it if it is wanted."""
        return self._select_from([text.value()])

    def _select_from(self, values: list[Any]) -> _Found:
        self.is_plain = False
        has_objects = dict in set(map(type, values))
        notable = dict(self._notable(map(elements.source_of, values))) if has_objects else {}
        places = [index for index, source in notable.items() if self._is_wanted(source)]
        return self._counted(places, [values[place] for place in places], len(values), notable)

    def _counted(
        self, places: list[int], records: list[dict[str, Any]], number: int, notable: dict[int, str]
    ) -> _Found:
        found = [(self.records + place, record) for place, record in zip(places, records, strict=True)]
        self._count(number, notable.values())
        return found

    def _skip(self, buffer: bytearray, start: int, end: int, *, is_sure: bool) -> _Found | None:
        """Moves past keys of the document; None on failure, and if a Records list among them has wanted records."""
        may_be_wanted = self.records > self.unwanted or elements.may_have_sources(buffer, start, end)
        try:
            last = elements.last_value(buffer, start, end, "Records")
            if not last or not may_be_wanted:
                return self._skip_lists(last)
        except elements.REFUSED:
            pass
        if not is_sure or self.records > self.unwanted:
            return None
        try:
            return self._skip_lists(elements.values_of_key(buffer, start, end, "Records"))
        except elements.REFUSED:
            return None

    def _skip_lists(self, values: Sequence[Any]) -> _Found | None:
        """Does so for the values of Records keys, the last of which is the valid one."""
        notable: dict[int, str] = {}
        for value in values:
            notable = dict(self._notable(map(elements.source_of, value))) if type(value) is list and value else {}
            if any(map(self._is_wanted, notable.values())):
                return None
        for value in values[-1:]:
            self._restart()
            self._has_records = type(value) is list
            self._count(len(value) if self._has_records else 0, notable.values())
        return []

    def _notable(self, sources: Iterable[str | None]) -> Iterator[tuple[int, str]]:
        """The index and the source of each element that is wanted or has a lookalike source."""
        for index, source in enumerate(sources):
            if source is None or source in self._plain:
                continue
            is_short = len(source) <= LONGEST_SOURCE
            if self._is_wanted(source) or (is_short and self._is_lookalike(source.lower())):
                yield index, source
            elif is_short and len(self._plain) < MOST_SOURCES:
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
        if source in self.unknown_sources or len(self.unknown_sources) < MOST_SOURCES:
            self.unknown_sources[source] += 1


def wanted_records(stream: BinaryIO, sources: frozenset[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The wanted records of a log file, each with its position in Records, as `LogFile` yields them.

    `sources` are eventSource values in lower case, by default the registry's. Raises UnreadableLogFile.
    """
    if sources is None:
        from aitrail.services import load  # noqa: PLC0415 - callers that pass sources need no registry

        sources = load().sources
    return iter(LogFile(stream, sources, is_hashed=False))

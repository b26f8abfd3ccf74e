"""Counts the records of small log files without wanted ones, as most files of a trail are, without a LogFile for each.

This takes two thirds of the time. Whatever is unusual about a file is left to LogFile.
"""

from collections.abc import Callable
from typing import Final

from aitrail.logfile import elements
from aitrail.logfile.inflate import Begun, Stream, whole_member
from aitrail.logfile.selection import LONGEST_SOURCE, MOST_SOURCES, only_list

# Of the compressed file, and of its content: what is decompressed in vain costs little.
_MOST_BYTES: Final = 32 * 1024
_MOST_CONTENT_BYTES: Final = 128 * 1024


class SmallFiles:
    """The small log files of a scan; `sources` and `is_lookalike` are those of `LogFile`."""

    def __init__(self, sources: frozenset[str], *, is_lookalike: Callable[[str], bool]) -> None:
        self._sources = sources
        self._is_lookalike = is_lookalike
        # Sources that are neither wanted nor lookalikes, in their original spelling: most files have only these.
        self._plain: set[str | None] = {None}

    def unwanted(self, stream: Stream) -> tuple[int | None, Stream]:
        """The number of records in a log file, if none of them is wanted or has a lookalike source.

        None says nothing about the file: LogFile has to read it from the stream that is also returned.
        """
        head = stream.read(_MOST_BYTES)
        if len(head) == _MOST_BYTES:
            return None, Begun(head, stream)
        more = stream.read(_MOST_BYTES)
        return None if more else self._unwanted(head), Begun(head + more, stream)

    def _unwanted(self, file: bytes) -> int | None:
        content = whole_member(file, _MOST_CONTENT_BYTES)
        span = only_list(content) if content else None
        if content is None or span is None:
            return None
        try:
            found = elements.sources_of(content, *span)
        except elements.REFUSED:
            return None
        return len(found) if self._plain.issuperset(found) or self._are_plain(found) else None

    def _are_plain(self, sources: list[str | None]) -> bool:
        new = [source for source in sources if source is not None and source not in self._plain]
        if len(self._plain) + len(new) > MOST_SOURCES or not all(map(self._is_plain, new)):
            return False
        self._plain.update(new)
        return True

    def _is_plain(self, source: str) -> bool:
        lower = source.lower()
        return len(source) <= LONGEST_SOURCE and lower not in self._sources and not self._is_lookalike(lower)

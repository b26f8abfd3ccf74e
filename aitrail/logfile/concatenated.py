"""Takes apart an input in which log files follow one another, compressed or not, as `cat` writes them.

A log file ends with its JSON document, or where another one begins (see `pieces`). What was read too far is put back.
"""

import json
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterator
from typing import Final

from aitrail.logfile.inflate import MAGIC, DamagedGzip, Stream
from aitrail.logfile.pieces import Begins, Damage, Piece, Pieces, pieces_of

_STEP_BYTES: Final = 128 * 1024
# More than a reader of JSON is ahead of the end of a document.
_READ_AHEAD_BYTES: Final = 16 * 1024 * 1024
# As many as json.detect_encoding examines.
_HEAD_BYTES: Final = 4
_WHITE_SPACE: Final = b" \t\r\n"


def documents(stream: Stream) -> Iterator["Document"]:
    """The log files of the input, one after the other; there always is one, which may be empty.

    What is not read of one is skipped when the next one is asked for. Zero bytes after gzip members and white space
    between log files belong to none. Reading raises the stream's own errors.
    """
    pieces, number = _Queue(pieces_of(stream)), 0
    while (position := pieces.start()) is not None or not number:
        number += 1
        document = Document(number, position or 0, pieces)
        yield document
        document.finish()


class Document:
    """One log file of the input, the `number`th, which begins at the byte `position`: a stream of its content."""

    def __init__(self, number: int, position: int, pieces: "_Queue") -> None:
        self.number = number
        self.position = position
        self._pieces = pieces
        self._is_over = False
        self._is_whole = self._is_skipped = False
        self._size = 0
        self._recent: deque[Piece] = deque()
        self._recent_bytes = 0
        self._head = b""
        # Damage to the last gzip member, where that begins in the input, and the size of the content before it.
        self.damage: DamagedGzip | None = None
        self._damaged_from = 0
        self._sound = 0

    def read(self, size: int = _STEP_BYTES) -> bytes:
        """Up to `size` bytes of uncompressed content; empty at the end, and where the input is damaged."""
        piece = None if self._is_over else self._pieces.next()
        if piece is None or (piece.begins is Begins.YES and self._size):
            self._is_over = True
            self._pieces.put_back(piece)
            return b""
        if isinstance(piece, Damage):
            # Nobody knows yet whether the damaged member is part of this log file.
            self._is_over, self.damage, self._damaged_from = True, piece.error, piece.position
            return b""
        if not self._size and piece.content.startswith(MAGIC):
            self._is_over, self.damage = True, DamagedGzip("The content is compressed twice", piece.position)
            return b""
        if len(piece.content) > size:
            self._pieces.put_back(piece.part(size))
            piece = piece.part(0, size, begins=piece.begins)
        self._keep(piece)
        return piece.content

    def _keep(self, piece: Piece) -> None:
        if not self._recent or piece.position != self._recent[-1].position:
            self._sound = self._size
        self._head = (self._head + piece.content)[:_HEAD_BYTES] if len(self._head) < _HEAD_BYTES else self._head
        self._size += len(piece.content)
        self._recent.append(piece)
        self._recent_bytes += len(piece.content)
        while self._recent_bytes - len(self._recent[0].content) > _READ_AHEAD_BYTES:
            self._recent_bytes -= len(self._recent.popleft().content)

    def ends_at(self, position: int, *, is_followed: bool) -> bool:
        """Ends the log file at this byte of its content, without a byte order mark.

        Returns False if it is followed by another one that cannot be told apart. Raises DamagedGzip if the log file is
        in the damaged part of the input.
        """
        mark_bytes = {"utf-8": 0, "utf-8-sig": len(BOM_UTF8)}.get(json.detect_encoding(self._head))
        if mark_bytes is None:  # positions in other encodings cannot be compared
            if self.damage:
                raise self.damage
            return not is_followed
        end = mark_bytes + position
        if self.damage and (end > self._sound or not self._size):
            raise self.damage
        self._put_back(self._size - end)
        self._is_whole = True
        return True

    def _put_back(self, behind: int) -> None:
        """Puts back the last bytes of the content, and the damage after them."""
        self._is_over = True
        if self.damage:
            begins = Begins.NO if behind else Begins.YES
            self._pieces.put_back(Damage(self.damage, self._damaged_from, begins))
            self.damage = None
        while behind > 0:
            piece = self._recent.pop()
            start = max(0, len(piece.content) - behind)
            behind -= len(piece.content) - start
            self._pieces.put_back(piece.part(start, begins=piece.begins if behind else Begins.YES))

    def _put_back_another(self) -> None:
        """Puts back a log file that was read as the continuation of this one, which is cut off."""
        sizes = [(piece.begins, len(piece.content)) for piece in self._recent]
        for place, (begins, _) in enumerate(sizes):
            if begins is Begins.MAYBE:
                self._put_back(sum(size for _, size in sizes[place:]))
                return

    def skip(self) -> int | None:
        """Moves to where the next log file may begin, and returns the position; None if that is nowhere."""
        if not (self._size or self._is_over):
            self._pieces.next()  # its own beginning
        if not self._is_whole:
            self._put_back_another()
        self._is_over = self._is_skipped = True
        while piece := self._pieces.next():
            if piece.begins:
                self._pieces.put_back(piece)
                return self._pieces.start()
        return None

    def finish(self) -> None:
        """Skips what has not been read."""
        if not (self._is_whole or self._is_skipped):
            self.skip()


class _Queue:
    """Pieces, and those at the front that were put back."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._front: list[Piece | Damage] = []

    def next(self) -> Piece | Damage | None:
        return self._front.pop() if self._front else next(self._pieces, None)

    def put_back(self, piece: Piece | Damage | None) -> None:
        if piece is not None:
            self._front.append(piece)

    def start(self) -> int | None:
        """Moves past white space, and returns the position of what follows; None at the end."""
        while (piece := self.next()) is not None:
            if isinstance(piece, Damage):
                self.put_back(piece)
                return piece.position
            if content := piece.content.lstrip(_WHITE_SPACE):
                self.put_back(piece := piece.part(len(piece.content) - len(content), begins=Begins.YES))
                return piece.position
        return None

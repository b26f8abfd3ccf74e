"""What was found in local log files, kept for later questions in a file that only its user may read.

It holds rows, and so content of log files. Nothing in it is believed that is not exactly as it was written, and of a
log file that has changed since. Whatever prevents its use, such as a read-only home, is no error: files are read again.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, NamedTuple

import msgspec

from aitrail import __version__
from aitrail.questions.file_state import State
from aitrail.questions.packed_rows import PackedRow
from aitrail.questions.parts import Part
from aitrail.rows import recorded_with
from aitrail.services import Registry

NAME: Final = "log-files.sqlite"
# And SQLite's own files beside it, which it believes: the last two are not written here, but could be put there.
NAMES: Final = (NAME, *(f"{NAME}-{each}" for each in ("journal", "wal", "shm")))
MOST_BYTES: Final = 500_000_000
# Rows of one log file beyond this are read again: they are held in memory until the file has been read.
_MOST_BYTES_OF_A_FILE: Final = 32_000_000
_BYTES_AT_ONCE: Final = 4_000_000
# A file may change twice in the shortest time that a file system tells apart.
_SETTLED_NS: Final = 2 * 10**9
_APPLICATION: Final = 0x61697472  # "aitr"
_FORMAT: Final = 1
_SCHEMA: Final = (
    "CREATE TABLE files (path BLOB PRIMARY KEY, state TEXT, day INTEGER, size INTEGER, digest BLOB, content BLOB)",
    "CREATE INDEX by_day ON files (day, size)",
)
_FIND: Final = """
    SELECT path, state, day, digest, CASE WHEN length(content) <= 65536 THEN content END FROM files WHERE path IN ({})
"""
_OTHERS, _OTHERS_WRITE = 0o077, 0o022
_SECONDS_OF_A_DAY = 86_400


class _KeptPart(msgspec.Struct, array_like=True):
    rows: list[PackedRow]
    reports: list[str]
    counts: dict[str, int]
    unknown_sources: dict[str, int]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[_KeptPart])


class Contents(NamedTuple):
    """The number of log files of which something is kept, and the bytes of all of it."""

    files: int
    size: int


class ScanCache:
    """What was found in log files, in `folder`; `fingerprint` stands for everything that determines rows.

    It has at most `most` bytes: what has not been used for the longest time makes room. Processes may share it. One
    thread at a time may use it.
    """

    def __init__(
        self, folder: Path, *, fingerprint: str, most: int = MOST_BYTES, now: Callable[[], int] = time.time_ns
    ) -> None:
        self.file = folder / NAME
        self._fingerprint, self._most, self._now = fingerprint, most, now
        self._here = b""
        self._pending: dict[bytes, tuple[str, bytes]] = {}
        self._pending_bytes = 0
        self._used: set[bytes] = set()
        # Of the file whose parts are being noted.
        self._path: str
        self._size: int
        self._state: State | None
        self._parts: list[Part]
        self.begin()
        self._database: sqlite3.Connection | None = None
        self._attempt(self._open)

    def state_of(self, path: str) -> State | None:
        """The state of a regular file before it is read; None if a change could leave it the same."""
        state = State.of(path)
        return state if state and max(state.modified, state.changed) + _SETTLED_NS < self._now() else None

    def find(self, files: Sequence[tuple[str, State | None]]) -> list[list[Part] | None]:
        """What was found in log files (path and state) in that state, in their order; None for what is not known."""
        found = self._attempt(lambda database: self._find(database, files)) if self._database else None
        return found or [None] * len(files)

    def _find(self, database: sqlite3.Connection, files: Sequence[tuple[str, State | None]]) -> list[list[Part] | None]:
        wanted = {self._key(path): self._text(state) for path, state in files if state}
        rows = database.execute(_FIND.format(", ".join("?" * len(wanted))), list(wanted))
        found = {row[0]: self._parts_of(database, *row) for row in rows.fetchall() if row[1] == wanted[row[0]]}
        return [found.get(self._key(path)) if state else None for path, state in files]

    def _parts_of(  # noqa: PLR0913, PLR0917 (the columns)
        self, database: sqlite3.Connection, key: bytes, text: str, day: int, digest: bytes, content: bytes | None
    ) -> list[Part]:
        if content is None:
            (content,) = database.execute("SELECT content FROM files WHERE path = ?", (key,)).fetchone()
        if content is None or digest != _digest(key, text, content):
            raise sqlite3.DatabaseError("what was written is not what is read")
        try:
            kept = _DECODER.decode(content)
        except (msgspec.DecodeError, RecursionError) as error:
            raise sqlite3.DatabaseError(str(error)) from error
        if day != self._day:
            self._used.add(key)
        return [Part(each.rows, each.reports, each.counts, each.unknown_sources) for each in kept]

    def begin(self) -> None:
        """Forgets what was noted of a file that is not finished: a question was given up while it was read."""
        self._path, self._state, self._parts, self._size = "", None, [], 0

    def note(self, path: str, state: State, part: Part) -> None:
        """Takes a part of what was found in a log file, with its `state_of` before it was read; see `finish`.

        The parts of a file come one after the other.
        """
        if path != self._path:
            self.finish()
            self._path, self._state = path, state
        self._size += sum(len(row.narrow) + len(row.whole) for row in part.rows)
        if self._size > _MOST_BYTES_OF_A_FILE:
            self._parts.clear()
        else:
            self._parts.append(part)

    def finish(self) -> None:
        """Keeps what was noted of the last file, if it is readable and still in the state in which it was before."""
        path, state, parts, size = self._path, self._state, self._parts, self._size
        self.begin()
        is_usable = size <= _MOST_BYTES_OF_A_FILE and self._database is not None
        if not is_usable or any(part.counts.get("unreadable") for part in parts):
            return
        if state is None or state != State.of(path):
            return
        kept = [_KeptPart(part.rows, part.reports, part.counts, part.unknown_sources) for part in parts]
        try:
            content = _ENCODER.encode(kept)
        except UnicodeError:  # JSON may contain lone surrogates
            return
        self._pending[self._key(path)] = self._text(state), content
        self._pending_bytes += len(content)
        if self._pending_bytes > _BYTES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Writes what is still to be written."""
        pending, self._pending, self._pending_bytes = self._pending, {}, 0
        used, self._used = self._used, set()
        if pending or used:
            self._attempt(lambda database: self._write(database, pending, used))

    def _write(self, database: sqlite3.Connection, pending: dict[bytes, tuple[str, bytes]], used: set[bytes]) -> None:
        day = self._day
        rows = [
            (key, text, day, _size(key, content), _digest(key, text, content), content)
            for key, (text, content) in pending.items()
        ]
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany("UPDATE files SET day = ? WHERE path = ?", ((day, key) for key in used))
            database.executemany("DELETE FROM files WHERE path = ?", ((key,) for key in pending))
            if self._has_room(database, sum(row[3] for row in rows)):
                database.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise

    def _has_room(self, database: sqlite3.Connection, size: int) -> bool:
        """Makes room with what was not used today, which would only make room for itself again, oldest first."""
        excess = _contents(database).size + size - self._most
        old = database.execute("SELECT rowid, size FROM files WHERE day < ? ORDER BY day, rowid", (self._day,))
        removed = []
        while excess > 0 and (row := old.fetchone()):
            removed.append(row[:1])
            excess -= row[1]
        database.executemany("DELETE FROM files WHERE rowid = ?", removed)
        return excess <= 0

    def _open(self, _: None = None) -> None:
        self._here = os.fsencode(Path.cwd()) + b"\0"
        _prepare(self.file)
        self._database = database = _connected(self.file)
        if not _is_ours(database):
            raise sqlite3.DatabaseError("the file is not of this format")

    def _attempt(self, action: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (what the action returns)
        """What the action on the database returns; None if the cache cannot be used, which then is not used any more.

        A file that is damaged or of another kind is removed: the next command begins a new one.
        """
        try:
            return action(self._database)
        except (OSError, sqlite3.OperationalError):  # such as a lock, a full disk, a read-only folder
            self.close()
        except (sqlite3.Error, UnicodeError, TypeError):  # a damaged file may have values of any type
            self.close()
            with suppress(OSError):
                self.file.unlink()
        return None

    def close(self) -> None:
        """Uses the cache no more."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    @property
    def _day(self) -> int:
        return self._now() // 10**9 // _SECONDS_OF_A_DAY

    def _key(self, path: str) -> bytes:
        """The file, and its name in rows, which is the path as somebody gave it."""
        return os.fsencode(path) if path.startswith("/") else self._here + os.fsencode(path)

    def _text(self, state: State | None) -> str:
        return f"{self._fingerprint} {state}"


def scan_cache_in(folder: Path, registry: Registry) -> ScanCache:
    """What was found in log files with this registry and this version of aitrail."""
    return ScanCache(folder, fingerprint=f"{__version__} {recorded_with(registry)}")


def contents(folder: Path) -> Contents:
    """What is kept in a folder; nothing if that cannot be told. Raises OSError."""
    file = folder / NAME
    size = file.stat().st_size
    with suppress(sqlite3.Error), closing(_connected(file)) as database:
        if _is_ours(database):
            return Contents(_contents(database).files, size)
    return Contents(0, size)


def _connected(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=1, isolation_level=None, check_same_thread=False)
    database.text_factory = partial(str, encoding="utf-8", errors="replace")  # damaged texts are no error of SQLite
    database.execute("PRAGMA synchronous = OFF")  # whatever is lost is read again
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _prepare(file: Path) -> None:
    """Creates folder and file for this user only. Raises OSError if somebody else could have written to them."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid():
            raise PermissionError("the folder is somebody else's")
        if found.st_mode & _OTHERS:
            os.fchmod(folder, 0o700)
        if found.st_mode & _OTHERS_WRITE:  # others may have put a journal there, from which SQLite would restore
            for name in NAMES:
                (file.parent / name).unlink(missing_ok=True)
    finally:
        os.close(folder)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or not S_ISREG(found.st_mode):
            raise PermissionError("the file is somebody else's")
        if found.st_mode & _OTHERS:  # others may have written to it
            os.ftruncate(descriptor, 0)
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _is_ours(database: sqlite3.Connection) -> bool:
    """Whether the database has this format; an empty one gets it."""
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    if not pages:
        database.execute("BEGIN IMMEDIATE")
        if not _existing(database):  # another process may have begun at the same time
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {_APPLICATION}")
            database.execute(f"PRAGMA user_version = {_FORMAT}")
        database.execute("COMMIT")
    identity = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return identity == [_APPLICATION, _FORMAT] and _existing(database) == [*_SCHEMA]


def _existing(database: sqlite3.Connection) -> list[str]:
    found = database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
    return [statement for (statement,) in found]


def _contents(database: sqlite3.Connection) -> Contents:
    files, size = database.execute("SELECT count(*), coalesce(sum(size), 0) FROM files").fetchone()
    return Contents(files, size)


def _digest(key: bytes, state: str, content: bytes) -> bytes:
    return blake2b(b"\0".join((key, state.encode(), content)), digest_size=16).digest()


def _size(key: bytes, content: bytes) -> int:
    return len(key) + len(content) + 200  # with the other columns and the index

"""Which eventIDs were seen, and with what, in bounded memory."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from aitrail.questions.temporary_database import temporary_database

if TYPE_CHECKING:
    import sqlite3

# About 50 MB of memory. What is beyond it goes to a temporary file.
_MOST_IN_MEMORY: Final = 400_000
_SEEN: Final = "seen (eventID INTEGER PRIMARY KEY, content INTEGER)"


class SeenIds:
    """The eventIDs that were added, each with the hash of its content.

    The eventIDs are kept as hashes, which take half of the memory. Nobody can choose eventIDs with the same hash, as
    each process hashes with its own secret. If two had the same one by chance, their contents would seem to differ.
    """

    def __init__(self, most: int = _MOST_IN_MEMORY) -> None:
        self._most = most
        self._recent: dict[int, int] = {}
        self._database: sqlite3.Connection | None = None

    def add(self, event_id: str, content: int) -> int | None:
        """Adds an eventID unless it is there; returns the content with which it is there, or None."""
        key = hash(event_id)
        found = self._recent.get(key)
        if found is None and self._database:
            row = self._database.execute("SELECT content FROM seen WHERE eventID = ?", (key,)).fetchone()
            found = row and row[0]
        if found is None:
            self._keep({key: content})
        return found

    def add_all(self, event_ids: Sequence[str], contents: Sequence[int]) -> bool:
        """Adds these eventIDs if none of them is there, and they differ from each other; returns whether it did."""
        new = dict(zip(map(hash, event_ids), contents, strict=True))
        if len(new) < len(event_ids) or not self._recent.keys().isdisjoint(new) or self._has_let_go_any(new):
            return False
        self._keep(new)
        return True

    def _keep(self, new: dict[int, int]) -> None:
        self._recent |= new
        if len(self._recent) >= self._most:
            self._let_go()

    def _has_let_go_any(self, keys: Collection[int]) -> bool:
        if not self._database:
            return False
        marks = ", ".join("?" * len(keys))
        query = f"SELECT 1 FROM seen WHERE eventID IN ({marks}) LIMIT 1"  # noqa: S608 (contains no input)
        return self._database.execute(query, tuple(keys)).fetchone() is not None

    def _let_go(self) -> None:
        if self._database is None:
            self._database = temporary_database(_SEEN)
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", sorted(self._recent.items()))
        self._database.execute("COMMIT")
        self._recent.clear()

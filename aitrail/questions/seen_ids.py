"""Which eventIDs were seen, and with what, in bounded memory."""

from typing import TYPE_CHECKING, Final

from aitrail.questions.temporary_database import temporary_database

if TYPE_CHECKING:
    import sqlite3

# About 50 MB of memory. What is beyond it goes to a temporary file.
_MOST_IN_MEMORY: Final = 200_000
_SEEN: Final = "seen (eventID TEXT PRIMARY KEY, content INTEGER) WITHOUT ROWID"


class SeenIds:
    """The eventIDs that were added, each with a number of up to 64 bits that stands for its content."""

    def __init__(self, most: int = _MOST_IN_MEMORY) -> None:
        self._most = most
        self._recent: dict[str, int] = {}
        self._database: sqlite3.Connection | None = None

    def add(self, event_id: str, content: int) -> int | None:
        """Adds an eventID unless it is there; returns the content with which it is there, or None."""
        found = self._recent.get(event_id)
        if found is None and self._database:
            row = self._database.execute("SELECT content FROM seen WHERE eventID = ?", (event_id,)).fetchone()
            found = row and row[0]
        if found is None:
            self._recent[event_id] = content
            if len(self._recent) >= self._most:
                self._let_go()
        return found

    def _let_go(self) -> None:
        if self._database is None:
            self._database = temporary_database(_SEEN)
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", sorted(self._recent.items()))
        self._database.execute("COMMIT")
        self._recent.clear()

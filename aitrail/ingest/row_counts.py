"""What the dashboard shows of the rows of a log file: how many of each service and outcome, and the characters."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aitrail.questions import characters_of


@dataclass(slots=True, kw_only=True)
class RowCounts:
    """The rows so far, by service and outcome, which both have few values, and the characters of their calls.

    Characters that a record should tell and does not are not counted.
    """

    by_outcome: Counter[tuple[str, str]] = field(default_factory=Counter)
    characters: int = 0

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Adds rows, as they are written."""
        for row in rows:
            self.by_outcome[row["service"], row["outcome"]] += 1
            self.characters += characters_of(row) or 0

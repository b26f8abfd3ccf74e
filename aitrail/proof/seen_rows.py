"""The rows of a window of events in the table, by the log file that they name. They may have any shape."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from aitrail.deliveries import log_key_of
from aitrail.dynamodb import items
from aitrail.questions import Filter, Order, Row, RowSource
from aitrail.rows import Expiry, RowHashes
from aitrail.window import Window


@dataclass(slots=True, kw_only=True)
class Times:
    """The first and the last eventTime of some rows."""

    first: str
    last: str

    def add(self, event_time: str) -> None:
        """Adds a row."""
        self.first, self.last = min(self.first, event_time), max(self.last, event_time)


@dataclass(slots=True, kw_only=True)
class SeenRows:
    """What one pass over the table's rows has found.

    `hashes` are of the rows that name the log files of the window, including rows that have expired but are not deleted
    yet; `current` counts the others of these. `elsewhere` has the times of the current rows that name other files.
    """

    hashes: defaultdict[str, RowHashes] = field(default_factory=lambda: defaultdict(RowHashes))
    current: Counter[str] = field(default_factory=Counter)
    elsewhere: dict[str, Times] = field(default_factory=dict)


def see_rows(source: RowSource, events: Window, *, files: Container[str], expiry: Expiry) -> SeenRows:
    """Reads the rows with an eventTime in `events`; `files` are the log files of the window."""
    seen = SeenRows()
    for name, row in rows_by_file(source, events):
        is_current = not expiry.has_expired(row)
        if name in files:
            seen.hashes[name].add(row)
            seen.current[name] += is_current
        elif is_current and name in seen.elsewhere:
            seen.elsewhere[name].add(row["eventTime"])
        elif is_current:
            seen.elsewhere[name] = Times(first=row["eventTime"], last=row["eventTime"])
    return seen


def rows_by_file(source: RowSource, events: Window) -> Iterator[tuple[str, Row]]:
    """The whole rows of these events with the log file that they name; imported rows, which name none, are left out."""
    for row in source.whole(source.rows(Filter(), events, order=Order.ANY)):
        if "logFile" in row or "importedFrom" not in row:
            yield named_by(row), row


def named_by(row: Row) -> str:
    """The log file that a row of any shape names."""
    name = row.get("logFile")
    return name if isinstance(name, str) else repr(name)


def is_name(text: str) -> bool:
    """Whether the text may be the name of a log file in the ledger: rows may name anything."""
    return items.is_partition_key(text) and log_key_of(text) is not None

"""Which of several rows of one call stands for it, so that sums over rows are those of `usage`. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from aitrail.questions.amounts import is_call, is_network_activity
from aitrail.questions.corrections import Corrections
from aitrail.questions.counting import Reading
from aitrail.questions.source import Row
from aitrail.questions.usage_members import shared_event_id


class CountedRows:
    """The rows that count. `add` is given all rows of a window before `counting` is asked about one of them.

    A call that was corrected counts in its first row, as the newest record tells it; if that row does not meet the
    conditions, in the first correction that does. An action that several accounts have recorded counts in the first of
    their rows by eventID. Memory depends on the number of such calls.
    """

    def __init__(self) -> None:
        # eventID -> the row that counts in its place, or None, for rows that do not count as they are.
        self._instead: dict[str, Row | None] = {}
        # sharedEventID -> the eventIDs of the rows that could count, in the order among them.
        self._copies: defaultdict[str, dict[str, tuple[bool, str]]] = defaultdict(dict)

    def add(self, rows: Iterable[Row], reading: Reading) -> None:
        """Takes the rows of a window, as `Reading.of` says which; they may be more than those that are asked about."""
        corrections = Corrections()
        for row in rows:
            if corrections.take(row):
                self._instead[row["eventID"]] = None
            elif reading.matches(row):
                self._share(row["eventID"], row)
        for row in reading.later:
            corrections.take_later(row)
        for corrected in corrections.resolved(reading.find, reading.is_within, reading.earlier):
            self._correct(*corrected, reading)

    def _correct(self, first: Row | None, right: Row, newer: list[Row], reading: Reading) -> None:
        shown: Iterator[Row] = filter(reading.matches, newer)
        if first is not None and reading.is_read(first):
            self._copies[shared_event_id(first) or ""].pop(first["eventID"], None)
            shown = iter([first])
        place = next((each["eventID"] for each in shown if reading.is_within(each["eventTime"])), None)
        if place is not None:
            self._instead[place] = counts = right if reading.matches(right) else None
            if counts:
                self._share(place, counts)

    def _share(self, place: str, row: Row) -> None:
        if (shared := shared_event_id(row)) and is_call(row):
            self._copies[shared][place] = is_network_activity(row), row["eventID"]

    def counting(self, row: Row) -> Row | None:
        """The row as it counts; None if it does not, as it is no call, or another row counts for it."""
        place = row["eventID"]
        counts = self._instead.get(place, row)
        if counts is None or not is_call(counts):
            return None
        copies = self._copies.get(shared_event_id(counts) or "")
        return counts if not copies or min(copies, key=copies.__getitem__) == place else None

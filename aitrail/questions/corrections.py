"""Records that correct other records: the newest one counts in the place of the call that it corrects. Pure.

If CloudTrail learns more of a call after it has delivered the record, it delivers another one, whose
`addendum.originalEventID` names the first (`usage.originalEventID` of its row).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from aitrail.questions.source import Row
from aitrail.questions.usage_members import usage_member


class Corrections:
    """The corrections among the rows of a window, and of the hours around it, in any order."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._around: dict[str, Row] = {}

    def take(self, row: Row) -> bool:
        """Keeps a row of the window if it is a correction; returns whether it is one."""
        return _take(row, self._rows)

    def take_later(self, row: Row) -> bool:
        """Keeps a row of the time after the window if it is a correction; returns whether it is one."""
        return _take(row, self._around)

    def resolved(
        self,
        find: Callable[[Sequence[str]], Iterable[Row]],
        is_within: Callable[[str], bool],
        earlier: Iterable[Row] = (),
    ) -> Iterator[tuple[Row | None, Row, list[Row]]]:
        """For each corrected call of the window: its first row, the row that counts, and its corrections, oldest first.

        The row that counts is the newest correction, at the time of the first row. The first row is None if there is
        none, and corrections alone tell of the call: then the oldest of them is its first. A call whose first row is
        outside the window is left to the window of that row. `find` returns the rows with these eventIDs. `earlier` has
        the rows of the hours before the window; they are read only if a first row is missing.
        """
        by_first = self._by_first()
        if not by_first:
            return
        known = self._rows.keys() | self._around.keys()  # if corrections correct each other, one of them is their first
        rows = {row["eventID"]: row for row in find(sorted(by_first.keys() - known)) if "eventTime" in row}
        if by_first.keys() - rows.keys():
            for each in earlier:
                _take(each, self._around)
            by_first = self._by_first()
        for first, corrections in sorted(by_first.items()):
            corrections.sort(key=_time_and_id)
            oldest, newest = corrections[0], corrections[-1]
            row = rows.get(first)
            if row is None:
                if is_within(oldest["eventTime"]):
                    yield None, _at_time_of(oldest, newest), corrections
            elif is_within(row["eventTime"]):
                yield row, _at_time_of(row, newest), corrections

    def _by_first(self) -> dict[str, list[Row]]:
        """The eventID of each corrected call's first record -> its corrections, which may correct each other."""
        known, firsts = self._rows | self._around, dict[str, str]()
        for event_id in known:
            path: dict[str, None] = {}
            each = event_id
            while each in known and each not in firsts and each not in path:
                path[each] = None
                each = _corrected_by(known[each])
            if each in path:  # corrections that correct each other: the first of them by name stands for all
                names = list(path)
                each = min(names[names.index(each) :])
            firsts |= dict.fromkeys(path, firsts.get(each, each))
        found: dict[str, list[Row]] = {}
        for event_id, first in firsts.items():
            found.setdefault(first, []).append(known[event_id])
        return found


def is_correction(row: Row) -> bool:
    """Whether a row corrects another one."""
    corrected = usage_member(row, "originalEventID")
    return isinstance(corrected, str) and corrected != ""


def _take(row: Row, kept: dict[str, Row]) -> bool:
    if not is_correction(row):
        return False
    kept[row["eventID"]] = row
    return True


def _corrected_by(row: Row) -> str:
    return str(usage_member(row, "originalEventID"))


def _at_time_of(first: Row, row: Row) -> Row:
    return row | {name: first[name] for name in ("eventTime", "eventDay")}


def _time_and_id(row: Row) -> tuple[str, str]:
    return row["eventTime"], row["eventID"]

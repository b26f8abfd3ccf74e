"""Marks the records of a list that are not simply calls: corrections, ends of streams, what VPC endpoints recorded."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from aitrail.questions import ENDPOINT_REFUSAL, RECORD_KINDS, record_kind

RECORD = "recordType"
# A table judges by at most this many of its first rows which columns it needs.
_JUDGED = 1000
_Rows = Iterator[dict[str, Any]]


def judged(rows: _Rows, most: int | None) -> tuple[Sequence[dict[str, Any]], _Rows]:
    """The first rows, which tell the columns that a table needs, and all rows."""
    first = list(islice(rows, _JUDGED if most is None else min(most, _JUDGED)))
    return first, chain(first, rows)


def marked(rows: Iterable[dict[str, Any]]) -> _Rows:
    """The rows, with the kinds of their records as RECORD."""
    return (row | {RECORD: kind} if (kind := record_kind(row)) else row for row in rows)


def with_record(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Sequence[str]:
    """The columns, with RECORD after the operation if any of the rows has it."""
    if not any(RECORD in row for row in rows):
        return columns
    after = columns.index("operation") + 1
    return tuple(dict.fromkeys((*columns[:after], RECORD, *columns[after:])))


class Kinds:
    """Counts the kinds of records while their rows pass through."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows = rows
        self._counts: Counter[str] = Counter()

    def __iter__(self) -> _Rows:
        for row in self._rows:
            kind = record_kind(row)
            self._counts.update([kind] if kind else [])
            yield row

    @property
    def remark(self) -> str:
        """A line for people if the list has more records than calls, or may have; otherwise, it is empty."""
        found = [
            f"{kind}: {self._counts[kind]:,}"
            for kind in RECORD_KINDS
            if self._counts[kind] and kind != ENDPOINT_REFUSAL
        ]
        return (
            f"Some of these records share a call with others ({', '.join(found)}): aitrail usage counts calls."
            if found
            else ""
        )

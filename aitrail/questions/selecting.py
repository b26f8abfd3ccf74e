"""Selects rows by a filter, and reads the whole rows of those of which the narrow columns do not tell enough."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from aitrail.questions.filters import Filter
from aitrail.questions.source import Order, Row, RowSource
from aitrail.window import Window

# Few at first, for those who want only a few rows; then more, which are read side by side.
_FEWEST, _MOST = 25, 200
_Whole = Callable[[Iterable[Row]], Iterable[Row]]


def selected(rows: Iterable[Row], wanted: Filter, whole: _Whole, *, are_whole: bool = False) -> Iterator[Row]:
    """The narrow rows that meet the filter, in their order; if `are_whole`, their whole rows.

    `whole` reads whole rows: only of those that meet every other condition, each once. A row that cannot be read, as it
    has been deleted or is not everywhere yet, stays: nothing tells that it does not meet the filter.
    """
    if not wanted.user_agent:
        met = filter(wanted.matcher(), rows)
        return iter(whole(met)) if are_whole else met
    return _selected(rows, wanted, whole, are_whole=are_whole)


def _selected(rows: Iterable[Row], wanted: Filter, whole: _Whole, *, are_whole: bool) -> Iterator[Row]:
    verdict, matches, size = wanted.verdict(), wanted.matcher(), _FEWEST
    verdicts = ((row, found) for row in rows if (found := verdict(row)) is not False)
    while batch := list(islice(verdicts, size)):
        unread = [row for row, found in batch if are_whole or found is None]
        read = {row["eventID"]: row for row in (whole(unread) if unread else ())}
        for row, found in batch:
            is_read = read.get(row["eventID"], row)
            if found or is_read is row or matches(is_read):
                yield is_read if are_whole else row
        size = min(2 * size, _MOST)


def whole_rows(
    source: RowSource, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
) -> Iterator[Row]:
    """The whole rows of a source that meet the filter, at most `limit`; none is read twice."""
    if not wanted.user_agent:
        return iter(source.whole(source.rows(wanted, window, order=order, limit=limit)))
    candidates = source.rows(replace(wanted, user_agent=()), window, order=order)
    return islice(selected(candidates, wanted, source.whole, are_whole=True), limit)

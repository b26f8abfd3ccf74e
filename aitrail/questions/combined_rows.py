"""Several sources of rows as one, such as the tables of several stacks, or a table and log files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import chain, islice
from typing import Any

from aitrail.aws import in_order
from aitrail.errors import noted
from aitrail.questions.filters import Filter
from aitrail.questions.source import Order, Row, RowSource, address_of_all, answerable
from aitrail.questions.spellings import ConditionError
from aitrail.window import Window

# Few at first, for those who want only a few rows; then more, which each source reads side by side.
_FEWEST, _MOST = 25, 200


class RowOf(dict[str, Any]):
    """A row with the source that gave it, which is asked for its other attributes."""

    __slots__ = ("source",)

    def __init__(self, row: Row, source: RowSource) -> None:
        super().__init__(row)
        self.source = source


class CombinedRows:
    """Several sources as one. An error of reading one of them ends the question, with a note that names the source.

    Rows with the same eventID and eventTime are of one call, which is given once: from the first source, in their
    order, that has such a row which meets the filter. Sorted by time, these rows are neighbors, so that no eventIDs
    have to be kept; therefore, ANY is an order by time, too. A record has only one eventTime: if rows with the same
    eventID have different ones, someone changed a row, and all of them are given. `names` name the sources for people;
    without them, their addresses do. Raises ConditionError without sources.
    """

    def __init__(self, sources: Sequence[RowSource], *, names: Sequence[str] = ()) -> None:
        if not sources:
            raise ConditionError("Give at least one source.")
        names = names or [source.address for source in sources]
        named = [_parts(name, source) for name, source in zip(names, sources, strict=True)]
        self._named = tuple(chain.from_iterable(named))
        self._sources = tuple(source for _, source in self._named)

    @property
    def address(self) -> str:
        """See RowSource; the same in any order of the sources."""
        return address_of_all(source.address for source in self._sources)

    @property
    def complete(self) -> bool:
        """See RowSource."""
        return all(source.complete for source in self._sources)

    @property
    def by_day(self) -> bool:
        """See RowSource."""
        return any(source.by_day for source in self._sources)

    @property
    def kept_since(self) -> datetime | None:
        """See RowSource; of the source that lacks the most."""
        return max((each for source in self._sources if (each := source.kept_since)), default=None)

    @property
    def filled_since(self) -> datetime | None:
        """See RowSource; of the source that was filled last."""
        return max((each for source in self._sources if (each := source.filled_since)), default=None)

    def rows(
        self, wanted: Filter, window: Window, *, order: Order = Order.NEWEST_FIRST, limit: int | None = None
    ) -> Iterator[Row]:
        """See RowSource. Raises the errors of the sources."""
        order = Order.NEWEST_FIRST if order is Order.ANY else order

        def read(name: str, source: RowSource) -> Iterator[Row]:
            with noted(name):
                for row in source.rows(wanted, window, order=order, limit=limit):
                    yield RowOf(row, source)

        return islice(_merged([read(*named) for named in self._named], order), limit)

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """See RowSource. Raises the errors of the sources."""
        rest, size = iter(rows), _FEWEST
        while batch := list(islice(rest, size)):
            yield from self._whole(batch)
            size = min(2 * size, _MOST)

    def _whole(self, rows: list[Row]) -> list[Row]:
        """The whole rows: each from its source, and one without a source from the first source that has it."""
        found = list(rows)
        for name, source in self._named:
            missing = [at for at, row in enumerate(rows) if found[at] is row and self._may_have(source, row)]
            if missing:
                with noted(name):
                    read = list(source.whole(rows[at] for at in missing))
                for at, row in zip(missing, read, strict=True):
                    found[at] = row
        return found

    def _may_have(self, source: RowSource, row: Row) -> bool:
        own = row.source if isinstance(row, RowOf) else None
        return own is source or own not in self._sources

    def row(self, event_id: str) -> Row | None:
        """See RowSource; of the first source that has it. Raises the errors of the sources."""
        for name, source in self._named:
            with noted(name):
                if found := source.row(event_id):
                    return RowOf(found, source)
        return None

    def refuse_beyond(self, window: Window) -> None:
        """See BoundedSource. Raises BeyondSourceError if one of the sources does."""
        for _, source in self._named:
            answerable(source, window)

    def newest_of_each(self, wanted: Filter, window: Window) -> list[Row | None]:
        """The newest matching row of each source; None if it has none. Raises the errors of the sources."""
        return [self._newest(name, source, wanted, window) for name, source in self._named]

    def _newest(self, name: str, source: RowSource, wanted: Filter, window: Window) -> Row | None:
        with noted(name):
            return next(source.rows(wanted, window, limit=1), None)

    def effort(self) -> str:
        """See RowSource."""
        return "; ".join(f"{source.effort().rstrip('.')} for {name}" for name, source in self._named)


def _parts(name: str, source: RowSource) -> tuple[tuple[str, RowSource], ...]:
    return source._named if isinstance(source, CombinedRows) else ((name, source),)  # noqa: SLF001 (of the same class)


def _merged(streams: Sequence[Iterator[Row]], order: Order) -> Iterator[Row]:
    """The rows of all streams in one order, each call once, from the first of the streams that have it."""
    last = None
    for row in merge(*_begun(streams), key=_time_and_id, reverse=order is Order.NEWEST_FIRST):
        time_and_id = _time_and_id(row)
        if time_and_id != last:
            yield row
        last = time_and_id


def _begun(streams: Sequence[Iterator[Row]]) -> list[Iterator[Row]]:
    """The streams, after their first rows have been read side by side."""
    tasks = [partial(list[Row], islice(stream, 1)) for stream in streams]
    firsts = in_order(tasks, workers=len(tasks))
    return [chain(first, stream) for first, stream in zip(firsts, streams, strict=True)]


def _time_and_id(row: Row) -> tuple[str, str]:
    return row["eventTime"], row["eventID"]

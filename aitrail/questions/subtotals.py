"""Adds up the rows of log files where they are read, so that other processes need not send a row of each call. Pure."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from aitrail.questions.amounts import Amounts, amounts_of, is_call
from aitrail.questions.dimensions import TIMES, key_function
from aitrail.questions.filters import Filter
from aitrail.questions.source import Row
from aitrail.questions.tally import Key
from aitrail.rows import OF_ONE_CALL
from aitrail.services import Registry
from aitrail.window import Window

if TYPE_CHECKING:
    from aitrail.costs import Prices


class Subtotal(NamedTuple):
    """What some rows amount to. Can be pickled.

    `groups` has the amounts of those that count by themselves; `related` has the places of all others among the rows.
    """

    event_ids: list[str]
    groups: dict[Key, Amounts]
    related: list[int]


class Subtotals:
    """Adds up rows that meet the conditions and are of the window, by the values of dimensions. Can be pickled.

    The conditions must not need whole rows.
    """

    def __init__(  # noqa: PLR0913 (each is a separate choice)
        self,
        names: Sequence[str],
        wanted: Filter,
        window: Window,
        *,
        prices: "Prices | None",
        zone: tzinfo,
        registry: Registry,
    ) -> None:
        self._names, self._wanted, self._window = tuple(names), wanted, window
        self._prices, self._registry = prices, registry
        self._zone = UTC if set(names).isdisjoint(TIMES) else zone
        self._functions: tuple[Callable[[Row], bool], Callable[[Row], Key]] | None = None

    @property
    def can_be_sent(self) -> bool:
        """Whether other processes can get it: not every time zone can be pickled."""
        if self._zone is UTC:
            return True
        import pickle  # noqa: PLC0415 (most questions are in UTC)

        try:
            pickle.dumps(self._zone)
        except Exception:  # noqa: BLE001 (a class of the caller's)
            return False
        return True

    def of(self, rows: Sequence[Row]) -> Subtotal:
        """What the rows amount to."""
        matches, key_of = self._functions = self._functions or (
            self._wanted.matcher(),
            key_function(self._names, self._zone),
        )
        first, last = self._window.bounds
        groups, related = defaultdict[Key, Amounts](Amounts), list[int]()
        for place, row in enumerate(rows):
            if not OF_ONE_CALL.isdisjoint(row.get("usage", ())):
                related.append(place)
            elif first <= row["eventTime"] <= last and matches(row) and is_call(row):
                groups[key_of(row)].add(amounts_of(row, self._prices, self._registry))
        return Subtotal([row["eventID"] for row in rows], dict(groups), related)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_functions": None}

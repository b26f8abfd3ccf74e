"""Usage: counts each call once, with its errors, characters, time of streams, and the cost of characters. Pure.

CloudTrail may record one call several times: a record that corrects another one, a record for each of several accounts,
the start and the end of a stream, and a copy at a VPC endpoint. What belongs together is found when rows are read, in
any order.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from aitrail.cells import counted
from aitrail.questions.amounts import CHARACTERS, COST, Amounts, measures_of
from aitrail.questions.counting import Count, Reading
from aitrail.questions.dimensions import TIMES, DimensionError, dimensions, group_order, key_function
from aitrail.questions.naming import NOTHING_NAMED, Naming
from aitrail.questions.periods import periods_between
from aitrail.questions.source import Row
from aitrail.questions.spellings import or_valid, shown
from aitrail.questions.tally import Key, Tally
from aitrail.services import Registry
from aitrail.window import Window, parse_time

if TYPE_CHECKING:
    from aitrail.costs import Prices

_ROWS_ALONE = Reading()


class _Marker(str):
    """A text that equals no other one, not even of the same characters: callers choose names and user agents."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__


# The value of a dimension in a group that sums all values without a group of their own.
OTHERS = _Marker("(others)")
# More than a week of minutes, and a year of hours.
_MOST_PERIODS = 11_000


class Usage(list[dict[str, Any]]):
    """The groups, in order: the values of dimensions, and measures, by name. For `periods`, see `with_zeros`."""

    def __init__(self, tally: Tally, names: Sequence[str], *, with_cost: bool) -> None:
        self._tally, self._names, self._with_cost = tally, tuple(names), with_cost
        self.measures = measures_of(tally.registry)
        self.periods: list[str] = []
        self._amounts = tally.by_group()
        # The shown values of a group -> the groups of the tally that it sums.
        self._keys: dict[Key, tuple[Key, ...]] = {key: (key,) for key in self._amounts}
        self._arrange("calls")

    def _arrange(self, measure: str) -> None:
        groups = {key: self._group(key, amounts) for key, amounts in self._amounts.items()}

        def order(key: Key) -> tuple[Any, ...]:
            return OTHERS in key, *group_order(self._names, key, groups[key][measure] or 0)

        self[:] = [groups[key] for key in sorted(groups, key=order)]

    def sorted_by(self, measure: str) -> Self:
        """The same groups: by time if a dimension is one, then by the measure, most first, then by name.

        Raises DimensionError if there is no such measure.
        """
        self._arrange(self._checked(measure))
        return self

    def _checked(self, measure: str) -> str:
        known = (*self.measures, *((COST,) if self._with_cost else ()))
        if measure not in known:
            raise DimensionError(f"Cannot sort by {shown(measure)}{or_valid(str(measure), known)}")
        return measure

    def top(self, number: int, measure: str) -> Self:
        """Keeps the values of the first dimension with the most of a measure, and sums all others as OTHERS.

        Other dimensions stay: by principal and day, there are OTHERS of each day. Raises DimensionError without a
        dimension, or if there is no such measure.
        """
        if not self._names:
            raise DimensionError("There is no dimension whose values could be kept.")
        self._checked(measure)
        sizes = {first: self._measures(each)[measure] or 0 for first, each in self.by_first().items()}
        largest = sorted(sizes, key=lambda first: group_order(self._names[:1], (first,), sizes[first])[1:])[:number]
        return self.keep(largest, measure)

    def by_first(self) -> dict[str | None, Amounts]:
        """The amounts of each value of the first dimension."""
        sums = self._tally.sums({key: shown[0] for shown, keys in self._keys.items() for key in keys})
        return {shown[0]: Amounts() for shown in self._keys} | sums

    def keep(self, firsts: Collection[str | None], measure: str) -> Self:
        """Keeps these values of the first dimension, as `top` does; groups are sorted by the measure."""
        summed: defaultdict[Key, list[Key]] = defaultdict(list)
        for own, keys in self._keys.items():
            summed[own if own[0] in firsts else (OTHERS, *own[1:])].extend(keys)
        self._keys = {own: tuple(keys) for own, keys in summed.items()}
        sums = self._tally.sums({key: own for own, keys in summed.items() for key in keys})
        self._amounts = {own: sums.get(own, Amounts()) for own in summed}
        self._arrange(measure)
        return self

    def with_zeros(self, window: Window, zone: tzinfo = UTC) -> bool:
        """Sets `periods` to those of the window, if a dimension is one of TIMES; adds groups for those without calls.

        With other dimensions, no groups are added. The periods of a window that has very many are those from the first
        to the last call. Returns whether there are not too many even then.
        """
        times = [name for name in self._names if name in TIMES]
        if len(times) != 1 or not self:
            return True
        found = self._periods(times[0], window, zone)
        self.periods = found or []
        if len(self._names) == 1:
            missing: list[Key] = [key for period in self.periods if (key := (period,)) not in self._keys]
            self._keys |= dict.fromkeys(missing, ())
            self._amounts |= {key: Amounts() for key in missing}
            self._arrange("calls")
        return found is not None

    def _periods(self, name: str, window: Window, zone: tzinfo) -> list[str] | None:
        total = self.amounts()
        first, last = parse_time(total.first), parse_time(total.last)
        for since, until in ((window.since, window.until), (first, last + timedelta(seconds=1))):
            periods = list(islice(periods_between(name, since, until, zone), _MOST_PERIODS + 1))
            if len(periods) <= _MOST_PERIODS:
                return periods
        return None

    def total(self, groups: Collection[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The measures of these groups, or of all, together.

        A call that counts in the groups of several accounts counts once: the total may be less than the sum.
        """
        return self._measures(self.amounts(groups))

    def amounts(self, groups: Collection[dict[str, Any]] | None = None) -> Amounts:
        """The amounts of these groups, or of all, together; see `total`."""
        shown = self._keys if groups is None else map(self._shown, groups)
        return self._tally.sum_of(key for each in shown for key in self._keys[each])

    def by_group(self) -> Mapping[Key, Amounts]:
        """The amounts of each group, by the values of the dimensions."""
        return self._amounts

    def notes(self) -> Iterator[str]:
        """Lines for people about what the measures and the cost do not include, or include in several groups."""
        total = self.amounts()
        yield from notes_on_amounts(total, self._tally.registry)
        if repeated := sum(group["calls"] for group in self) - total.calls:
            yield (
                f"CloudTrail recorded some calls for several accounts: the groups have {repeated:,} more than the "
                "total, which counts each call once."
            )

    def _shown(self, group: dict[str, Any]) -> Key:
        return tuple(group[name] for name in self._names)

    def _group(self, key: Key, amounts: Amounts) -> dict[str, Any]:
        return dict(zip(self._names, key, strict=True)) | self._measures(amounts)

    def _measures(self, amounts: Amounts) -> dict[str, Any]:
        measures: dict[str, Any] = {name: amounts.measure(name) for name in self.measures}
        if self._with_cost:
            measures |= {COST: amounts.cost, "costIsAtLeast": amounts.unpriceable > 0}
        return measures


def usage(  # noqa: PLR0913 (each is a separate choice)
    rows: Iterable[Row],
    by: Sequence[str],
    prices: "Prices | None" = None,
    *,
    report: Callable[[str], None] | None = None,
    zone: tzinfo = UTC,
    naming: Naming = NOTHING_NAMED,
    registry: Registry | None = None,
    reading: Reading = _ROWS_ALONE,
) -> Usage:
    """The measures of each group and, with `prices`, its `cost`.

    `by` names dimensions (see `aitrail.questions.dimensions`), which become keys; the value is None if a row has none.
    `errors` are calls with any outcome but ok. `characters` are those of calls that synthesize speech; service files
    may define other amounts (see amounts_in). `streamSeconds` is an upper bound: the time between the records that
    start and end a stream. `unmeasured` counts successful calls of which an amount or the stream time is not known.
    `cost` is a Decimal in the prices' currency and covers Polly's charge for characters; it is None for a group
    without any price, or without any known number of characters. With `costIsAtLeast`, the characters of other calls
    are not known. `report` is called for what the measures and `cost` do not include. TIMES are those of the time zone
    `zone`, teams and networks those of `naming`, services and amounts those of `registry`.

    Groups are sorted by time if one of TIMES is among `by`, then by calls, most first, then by name. Memory depends on
    the number of groups, and of calls that several records describe. Raises DimensionError, and the errors of reading
    rows.
    """
    names = dimensions(by, naming, registry)
    tally = Tally(key_function(names, zone, naming), prices, registry)
    count = Count(tally, reading)
    for row in rows:
        count.add(row)
    count.finish()
    found = Usage(tally, names, with_cost=prices is not None)
    if report:
        for note in found.notes():
            report(note)
    return found


def notes_on_amounts(total: Amounts, registry: Registry) -> Iterator[str]:
    """Lines for people about what the measures and the cost of some calls do not include."""
    metrics = {amount.name: amount.metric for each in registry.amounts.values() for amount in each}
    for name in (name for name, calls in total.unknown.items() if calls):
        calls = counted(total.unknown[name], "successful call")
        least = f"{name} and cost are" if name == CHARACTERS else f"{name} is"
        hint = f" CloudWatch has totals ({metrics[name]})." if metrics.get(name) else ""
        yield f"The records of {calls} do not say how many {name} there were: {least} at least what is shown.{hint}"
    if total.unknown_streams:
        yield f"The end of {counted(total.unknown_streams, 'stream')} is not known: their time is not in streamSeconds."
    if services := sorted(total.unpriced_services):
        yield f"The cost covers only Polly's characters, and nothing of {', '.join(services)}."
    for engine, (_, characters) in sorted(total.unpriced_engines.items()):
        if characters:
            yield f"{characters:,} characters of the engine {engine} have no price: they are not included in the cost."

"""Compares the usage of two windows: what became more, and what less. Pure."""

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal, localcontext
from typing import Any, Self

from aitrail.questions.amounts import COST, Amounts, measures_of
from aitrail.questions.compared_windows import ComparedWindows
from aitrail.questions.dimensions import DimensionError
from aitrail.questions.spellings import or_valid, shown
from aitrail.questions.tally import Key
from aitrail.questions.usage import OTHERS, Usage
from aitrail.services import Registry

DIFFERENCE = "difference"
_PER_CENT = 100
# Enough digits for any number that a row can have.
_EXACT = Context(prec=60)
_NOTHING = Amounts()


def checked_measure(measure: str, registry: Registry) -> str:
    """The measure, if it can be compared. Raises DimensionError."""
    known = (*measures_of(registry), COST)
    if measure not in known:
        raise DimensionError(f"Cannot compare {shown(measure)}{or_valid(str(measure), known)}")
    return measure


def notes_of_both(now: Usage, before: Usage, measure: str) -> Iterator[str]:
    """The notes about what a measure does not include, each once; those of the other window begin with `Before`."""
    if measure != COST and not any(each.amounts().is_at_least(measure) for each in (now, before)):
        return
    own = list(now.notes())
    yield from own
    yield from (f"Before: {note}" for note in before.notes() if note not in own)


class Comparison(list[dict[str, Any]]):
    """The groups of two usages: the values of dimensions, the measure in both windows, and the difference.

    For the measure `calls`, a group has `calls` and `callsBefore`, `difference` (how much more it became) and
    `percent`, with one decimal. A group that one window lacks has 0 there. `callsIsAtLeast` and `callsBeforeIsAtLeast`
    tell whether the number is a lower bound: the difference is then not known, and None, as it is if there is no cost.
    `percent` is also None if there was nothing before.

    Groups are sorted by difference, whether more or less, largest first; those without one are last.
    """

    def __init__(
        self, now: Usage, before: Usage, *, names: Sequence[str], measure: str, windows: ComparedWindows
    ) -> None:
        self.windows, self.measure = windows, measure
        self._now, self._before, self._names = now, before, tuple(names)
        self.sorted_by(DIFFERENCE)

    def sorted_by(self, measure: str) -> Self:
        """The same groups, sorted by DIFFERENCE, or else by the measure in the window, most first; then by name."""
        now, before = self._now.by_group(), self._before.by_group()
        groups = {key: self._compared(now.get(key), before.get(key)) for key in now.keys() | before.keys()}
        keys = sorted(groups, key=lambda key: (OTHERS in key, *self._order(key, groups[key], measure)))
        self[:] = [dict(zip(self._names, key, strict=True)) | groups[key] for key in keys]
        return self

    def top(self, number: int, measure: str) -> Self:
        """Keeps the values of the first dimension that are first in the order of `sorted_by`, and sums all others."""
        now, before = self._now.by_first(), self._before.by_first()
        sums = {first: self._compared(now.get(first), before.get(first)) for first in now.keys() | before.keys()}
        kept = sorted(sums, key=lambda first: self._order((first,), sums[first], measure))[:number]
        self._now.keep(kept, "calls")
        self._before.keep(kept, "calls")
        return self.sorted_by(measure)

    def total(self) -> dict[str, Any]:
        """The comparison of all groups together."""
        return self._compared(self._now.amounts(), self._before.amounts())

    def _order(self, key: Key, group: dict[str, Any], measure: str) -> tuple[Any, ...]:
        difference = group[DIFFERENCE] if measure == DIFFERENCE else 0
        sizes = (-(group[name] or 0) for name in (self.measure, f"{self.measure}Before"))
        return difference is None, -abs(difference or 0), *sizes, [(value is None, value) for value in key]

    def _compared(self, now: Amounts | None, before: Amounts | None) -> dict[str, Any]:
        both = now or _NOTHING, before or _NOTHING
        new, old = (self._number(each) for each in both)
        at_least = [each.is_at_least(self.measure) for each in both]
        with localcontext(_EXACT):
            difference = None if new is None or old is None or any(at_least) else new - old
            percent = round(Decimal(_PER_CENT * difference) / old, 1) if old and difference is not None else None
        return {
            self.measure: new,
            f"{self.measure}Before": old,
            DIFFERENCE: difference,
            "percent": percent,
            f"{self.measure}IsAtLeast": at_least[0],
            f"{self.measure}BeforeIsAtLeast": at_least[1],
        }

    def _number(self, amounts: Amounts) -> Any:  # noqa: ANN401 (int, or Decimal for a cost)
        if not amounts.calls:
            return 0
        return amounts.cost if self.measure == COST else amounts.measure(self.measure)

"""Amounts from records and from CloudWatch's metrics, as a report shows them, each number told apart. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aitrail.metering import Group, Part, amounts
from aitrail.questions import Key
from aitrail.report.measures import COST_UNIT

# The amounts in the order of the file, without those of several metrics twice.
_AMOUNTS = tuple(dict.fromkeys(measure.amount for measure in amounts()))
# What records say, CloudWatch's totals shared by calls whose records do not say it, and calls of which neither tells.
_KINDS = ("Measured", "Shared", "Unknown")
COLUMNS = tuple(f"{name}{kind}" for name in (*_AMOUNTS, "cost") for kind in _KINDS)
_OF_COST = COLUMNS.index(f"cost{_KINDS[0]}")

Numbers = list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """The parts of each group, by the time and the dimensions of a report before they are folded.

    `window` is of whole hours, as text. `notes` are lines for people about what is not known.
    """

    parts: Mapping[Group, Part]
    window: str
    notes: list[str] = field(default_factory=list)

    def by_key(self, fold: Callable[[Key], Key]) -> dict[Key, Numbers]:
        """The numbers of COLUMNS of recorded calls, by folded keys."""
        found: defaultdict[Key, Numbers] = defaultdict(lambda: [0] * len(COLUMNS))
        for group, part in self.parts.items():
            if group.is_recorded:
                _add(found[fold(group.key)], group.amount, part)
        return found

    def document(self) -> dict[str, Any]:
        """As JSON: the amounts, the rules of sharing, and the sums of what no row tells of."""
        apart: defaultdict[str, Part] = defaultdict(Part)
        for group, part in self.parts.items():
            if not group.is_recorded:
                apart[group.amount].add(part)
        rules = {measure.amount: measure.rule for measure in reversed(amounts())}
        shared = {group.amount for group, part in self.parts.items() if part.shared}
        return {
            "amounts": [name for name in _AMOUNTS if any(group.amount == name for group in self.parts)],
            "window": self.window,
            "rules": {name: rules[name] for name in _AMOUNTS if name in shared},
            "notRecorded": {
                name: {"calls": apart[name].calls, "amount": apart[name].total, "cost": _float(apart[name])}
                for name in _AMOUNTS
                if name in apart
            },
        }


def _add(numbers: Numbers, amount: str, part: Part) -> None:
    at = _AMOUNTS.index(amount) * len(_KINDS)
    whole = part.measured + part.shared
    # All calls of a group have one price.
    cost = round(part.cost * COST_UNIT)
    of_shared = cost * part.shared // whole if whole else 0
    unpriced = part.calls if part.unpriced else part.unknown_calls
    own = (part.measured, part.shared, part.unknown_calls)
    for places, values in ((at, own), (_OF_COST, (cost - of_shared, of_shared, unpriced))):
        for place, value in enumerate(values, places):
            numbers[place] += value


def _float(part: Part) -> float | None:
    return None if part.known_cost is None else float(part.known_cost)

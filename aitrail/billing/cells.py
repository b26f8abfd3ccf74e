"""The cells of a bill, the calls that cause them, and what is known of their amounts. Pure.

A cell is an account, a Region, a UTC day, a service and something that is billed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from aitrail.billing.allocation import Weight
from aitrail.billing.charges import CALLS, CHARACTERS, STREAM_SECONDS, Charge, charge_of, known_charges
from aitrail.billing.columns import SCALE
from aitrail.billing.formats import USAGE
from aitrail.billing.lines import Line, Sum
from aitrail.billing.parts import Key
from aitrail.costs import billed_services
from aitrail.metering import Part as MeasuredPart
from aitrail.questions import Amounts

# The dimensions of calls that tell cells apart, beside usage fields.
CELL = ("account", "region", "service", "operation", "day")
_PLACE = ("account", "region", "service", "day")
_DAY = timedelta(days=1)
_ONE = 10**SCALE


# What metrics tell of the amounts of calls, by the names in metrics.toml.
Estimated = dict[str, MeasuredPart]


@dataclass(slots=True, kw_only=True)
class Calls:
    """Successful calls with the same values of all dimensions; `is_billed` once the bill has a cell for them."""

    call: Mapping[str, str | None]
    key: Key
    number: int
    amounts: Amounts
    estimates: Estimated
    is_billed: bool = False

    @property
    def unknown(self) -> int:
        """The number of calls that may cost something that the bill does not tell; of a service of the user, all."""
        service, operation = self.call["service"], self.call["operation"]
        is_due = any(operation in each.operations for each in known_charges() if each.service == service)
        is_due |= service not in billed_services()
        return self.number if is_due and not self.is_billed else 0


class Cell(NamedTuple):
    """A cell: `charge` is None if its usage type is not known; the days are since <= day < until."""

    account: str
    region: str
    service: str
    charge: int | None
    usage_type: str
    since: date
    until: date

    @property
    def cause(self) -> Charge | None:
        """What is billed; None if that is not known."""
        return None if self.charge is None else known_charges()[self.charge]


class Billed(NamedTuple):
    """The cost of a cell, and its quantity if that can be compared with amounts; both in units of 10^-SCALE."""

    cost: int = 0
    quantity: int | None = 0


def cells_of(sums: Mapping[Line, Sum]) -> dict[Cell, Billed]:
    """The cells of the usage in these lines."""
    cells: dict[Cell, Billed] = {}
    for line, amounts in sums.items():
        if line.charge != USAGE:
            continue
        number = charge_of(line.service, line.usage_type)
        usage_type = line.usage_type if number is None else known_charges()[number].usage_types[0]
        cell = Cell(line.account, line.region, line.service, number, usage_type, line.since, line.until)
        is_comparable = number is not None and line.unit in known_charges()[number].units
        cost, quantity = cells.get(cell, Billed())
        added = quantity + amounts.quantity if is_comparable and quantity is not None else None
        cells[cell] = Billed(cost + amounts.cost, added)
    return cells


class CallsByPlace:
    """Calls by account, Region, service and day."""

    def __init__(self, calls: Iterable[Calls]) -> None:
        self._calls: defaultdict[tuple[str | None, ...], list[Calls]] = defaultdict(list)
        for each in calls:
            self._calls[tuple(each.call[name] for name in _PLACE)].append(each)

    def causes(self, cell: Cell) -> Sequence[Calls]:
        """The calls that cause a cell."""
        return [*self._causes(cell)]

    def _causes(self, cell: Cell) -> Iterator[Calls]:
        cause = cell.cause
        for number in range((cell.until - cell.since).days if cause else 0):
            day = (cell.since + number * _DAY).isoformat()
            for each in self._calls.get((cell.account, cell.region, cell.service, day), ()):
                if cause and cause.is_caused_by(each.call):
                    yield each


def weight_of(calls: Calls, charge: Charge) -> Weight:
    """What is known of the amount of calls, in the unit of quantities."""
    weight = _weight(calls, charge)
    return weight._replace(amount=weight.amount * _ONE, estimate=weight.estimate * _ONE)


def _weight(calls: Calls, charge: Charge) -> Weight:
    own = calls.amounts
    if estimated := calls.estimates.get(charge.metered):
        unknown = estimated.unknown_calls
        return Weight(estimated.measured, calls.number - unknown, unknown, estimated.shared)
    if charge.amount == CHARACTERS:
        unknown = own.unknown.get(CHARACTERS, 0)
        return Weight(own.measure(CHARACTERS), calls.number - unknown, unknown)
    if charge.amount == STREAM_SECONDS:
        return Weight(own.stream_seconds, calls.number - own.unknown_streams, own.unknown_streams)
    return Weight(calls.number, calls.number, 0) if charge.amount == CALLS else Weight(0, 0, calls.number)

"""Divides the cost of a cell of the bill among calls, exactly: no part is invented, and none is lost. Pure."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from aitrail.metering import largest_remainder


class Weight(NamedTuple):
    """Some calls: the amount that records say, of how many calls it is known, and of how many nothing tells it.

    `estimate` is the amount that CloudWatch's totals give to calls whose records do not say it.
    """

    amount: int
    known_calls: int
    unknown_calls: int
    estimate: int = 0


class Division(NamedTuple):
    """The parts of a cost: for each of the weights what its amount explains and what was divided, and the rest.

    They add up to the cost. `exceeds` says that records have more than the bill.
    """

    measured: list[int]
    shared: list[int]
    unexplained: int
    exceeds: bool = False


def allocate(cost: int, quantity: int | None, weights: Sequence[Weight]) -> Division:
    """The parts of the cost of so many units; `quantity` is None if it cannot be compared with amounts.

    An amount that records say costs its part of the quantity: this is measured. An estimate costs its part as well, and
    counts as shared. What is left of the cost is shared among the calls of which nothing tells the amount, with equal
    weights. Without such calls, nothing explains it. Where there is more than the bill has, or the quantity cannot be
    compared, the whole cost is shared by amounts; calls without one then have the mean of the others.
    """
    if cost < 0:
        found = allocate(-cost, quantity, weights)
        return Division(
            [-part for part in found.measured], [-part for part in found.shared], -found.unexplained, found.exceeds
        )
    nothing, number = [0] * len(weights), len(weights)
    amount, unknown = sum(each.amount + each.estimate for each in weights), sum(each.unknown_calls for each in weights)
    calls = sum(each.known_calls for each in weights)
    if not calls + unknown:
        return Division(nothing, nothing, cost)
    if quantity is not None and quantity >= amount and quantity > 0:
        known = [*(each.amount for each in weights), *(each.estimate for each in weights)]
        *parts, rest = largest_remainder(cost, [*known, quantity - amount])
        measured, estimated = parts[:number], parts[number:]
        if not unknown:
            return Division(measured, estimated, rest)
        further = largest_remainder(rest, [each.unknown_calls for each in weights])
        return Division(measured, [sum(both) for both in zip(estimated, further, strict=True)], 0)
    if amount:
        by_amount = [(each.amount + each.estimate) * calls + each.unknown_calls * amount for each in weights]
    else:
        by_amount = [each.known_calls + each.unknown_calls for each in weights]
    return Division(nothing, largest_remainder(cost, by_amount), 0, exceeds=quantity is not None)


def rounded(values: Sequence[int], unit: int, total: int | None = None) -> list[int]:
    """The values in whole units, which add up to their rounded sum, or to `total`; each is less than a unit off.

    `total` has to be the sum of the values, rounded up or down.
    """
    found = [value // unit for value in values]
    left = (round(Fraction(sum(values), unit)) if total is None else total) - sum(found)
    for place in sorted(range(len(values)), key=lambda each: (-(values[each] % unit), each))[:left]:
        found[place] += 1
    return found

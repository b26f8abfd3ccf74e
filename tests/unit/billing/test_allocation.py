"""Costs divided among calls: every part is a whole number of units, and all add up."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.billing.allocation import Weight, allocate, rounded
from tests.shared.fuzzing import law

LAW = law(400)
COSTS = st.integers(-(10**18), 10**18)
KNOWN = st.just((0, 0, 0)) | st.tuples(st.integers(0, 10**14), st.integers(1, 9), st.integers(0, 10**14))
WEIGHTS = st.lists(
    st.builds(lambda known, unknown: Weight(known[0], known[1], unknown, estimate=known[2]), KNOWN, st.integers(0, 9)),
    max_size=6,
)
ONE = Weight(60, 2, 0)
UNKNOWN = Weight(0, 0, 3)

DIVIDED = {
    "amounts explain all": (100, 60, [ONE], ([100], [0], 0)),
    "amounts explain a part, and nothing the rest": (100, 120, [ONE], ([50], [0], 50)),
    "calls without an amount share the rest": (100, 120, [ONE, UNKNOWN], ([50, 0], [0, 50], 0)),
    "estimates are shared, and nothing explains the rest": (100, 120, [Weight(60, 2, 0, 30)], ([50], [25], 25)),
    "what is left beside estimates is shared further": (
        *(100, 120, [Weight(60, 2, 0, 30), Weight(0, 0, 1, 0)]),
        ([50, 0], [25, 25], 0),
    ),
    "estimates are weights if there is no unit": (100, None, [ONE, Weight(0, 1, 0, 40)], ([0, 0], [60, 40], 0)),
    "no calls": (100, 120, [], ([], [], 100)),
    "no unit to compare: by amounts, and the mean for others": (100, None, [ONE, UNKNOWN], ([0, 0], [40, 60], 0)),
    "no amounts at all: by calls": (100, None, [UNKNOWN, Weight(0, 0, 1)], ([0, 0], [75, 25], 0)),
    "amounts of nothing, and no unit": (10, None, [Weight(0, 1, 0), Weight(0, 0, 1)], ([0, 0], [5, 5], 0)),
    "a cost without a quantity": (10, 0, [UNKNOWN], ([0], [10], 0)),
    "a negative cost": (-100, 120, [ONE, UNKNOWN], ([-50, 0], [0, -50], 0)),
    "nothing billed": (0, 120, [ONE], ([0], [0], 0)),
}


@pytest.mark.parametrize(("cost", "quantity", "weights", "parts"), DIVIDED.values(), ids=DIVIDED)
def test_parts(cost, quantity, weights, parts):
    assert allocate(cost, quantity, weights)[:3] == parts


def test_where_records_say_more_than_the_bill_its_cost_is_shared_and_that_is_told():
    assert allocate(100, 30, [ONE, ONE]) == ([0, 0], [50, 50], 0, True)


@given(COSTS, st.none() | st.integers(0, 10**15), WEIGHTS)
@LAW
def test_parts_add_up_to_the_cost_whatever_it_is(cost, quantity, weights):
    found = allocate(cost, quantity, weights)

    assert sum(found.measured) + sum(found.shared) + found.unexplained == cost


@given(st.integers(0, 10**18), st.integers(1, 10**15), WEIGHTS)
@LAW
def test_amount_costs_its_part_of_the_quantity_as_long_as_the_bill_has_it(cost, quantity, weights):
    found = allocate(cost, quantity, weights)

    if sum(each.amount + each.estimate for each in weights) <= quantity:
        for weight, measured in zip(weights, found.measured, strict=True):
            exact = Fraction(cost) * weight.amount / quantity if weight.amount else 0
            assert abs(measured - exact) < 1


@given(st.lists(COSTS, min_size=1, max_size=8), st.sampled_from([1, 7, 10**6]))
@LAW
def test_rounded_values_add_up_to_their_rounded_sum_and_are_less_than_a_unit_off(values, unit):
    found = rounded(values, unit)

    assert sum(found) == round(Fraction(sum(values), unit))
    assert all(abs(part - Fraction(value, unit)) < 1 for part, value in zip(found, values, strict=True))


@given(st.lists(st.lists(COSTS, min_size=3, max_size=3), min_size=1, max_size=6))
@LAW
def test_columns_and_lines_of_rounded_values_add_up_to_the_same_total(lines):
    columns = list(zip(*lines, strict=True))
    totals = rounded([sum(column) for column in columns], 1_000)

    shown = [rounded(column, 1_000, total) for column, total in zip(columns, totals, strict=True)]

    assert [sum(column) for column in shown] == totals
    assert sum(totals) == round(Fraction(sum(map(sum, lines)), 1_000))
    for column, values in zip(shown, columns, strict=True):
        assert all(abs(part - Fraction(value, 1_000)) < 1 for part, value in zip(column, values, strict=True))

"""Whole numbers shared by weights."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.metering.sharing import largest_remainder
from tests.shared.fuzzing import law

LAW = law(300)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any)

SHARED = {
    "equal, and the first of equals gets the rest": (10, [1, 1, 1], [4, 3, 3]),
    "nothing for those without a weight": (7, [0, 2, 0], [0, 7, 0]),
    "largest remainder first": (10, [1, 6, 3], [1, 6, 3]),
    "fractions of a half": (1, [1, 2], [0, 1]),
    "nothing to share": (0, [1, 2], [0, 0]),
}


@pytest.mark.parametrize(("total", "weights", "parts"), SHARED.values(), ids=SHARED)
def test_parts(total, weights, parts):
    assert largest_remainder(total, weights) == parts


@given(st.integers(0, 10**15), WEIGHTS)
@LAW
def test_parts_add_up_to_the_total_and_each_is_within_one_of_its_exact_share(total, weights):
    parts = largest_remainder(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total) * weight / sum(weights)) < 1

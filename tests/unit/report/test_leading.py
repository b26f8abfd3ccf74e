from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aitrail.report.leading import Leading


def led(values, capacity):
    leading = Leading(capacity)
    for value in values:
        leading.add(value)
    return leading


@given(st.lists(st.sampled_from("abcdefgh")))
def test_few_different_values_are_counted_exactly_and_those_with_the_same_count_are_in_order(values):
    counts = Counter(values)

    assert list(led(values, 4).most(8)) == sorted(counts, key=lambda value: (-counts[value], value))


@given(st.lists(st.integers(0, 60).map(str), max_size=400), st.integers(1, 6))
def test_a_value_that_is_frequent_enough_is_found_whatever_the_others_are(values, capacity):
    leading = led(values, capacity)

    frequent = {value for value, count in Counter(values).items() if count > len(values) / capacity}
    assert frequent <= {*leading.most(2 * capacity)}


def test_the_number_of_counters_does_not_grow_with_the_number_of_different_values():
    leading = led((f"{number}" for number in range(10_000)), 10)

    assert len(leading.most(10_000)) <= 20


def test_frequent_values_are_found_between_many_that_occur_once():
    values = [value for number in range(5_000) for value in ("role/app", f"once-{number}", "user/alice", "role/app")]

    assert led(values, 10).most(2) == ("role/app", "user/alice")

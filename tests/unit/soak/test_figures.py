import random

import pytest

from soak.figures import Sample, distribution, growth, percentile, thinned


def test_values_have_the_share_of_others_below_them_that_a_percentile_says():
    values = [float(value) for value in range(1, 101)]
    random.shuffle(values)

    assert [percentile(values, share) for share in (0.5, 0.9, 0.99, 1.0, 0.0)] == [50, 90, 99, 100, 1]
    assert percentile([7.0], 0.5) == 7
    assert distribution(values) == "p50 50.00 s, p90 90.00 s, p99 99.00 s, max 100.00 s"


def test_growth_is_the_slope_of_the_second_half_in_bytes_a_minute():
    warming_up = [Sample(second, 10_000 * second) for second in range(30)]
    flat = [Sample(second, 300_000) for second in range(30, 60)]
    leaking = [Sample(second, 300_000 + 100 * (second - 30)) for second in range(30, 60)]

    assert growth([*warming_up, *flat]) == pytest.approx(0)
    assert growth([*warming_up, *leaking]) == pytest.approx(6000)
    assert growth([]) == growth([Sample(0, 5)]) == 0


def test_thinned_samples_are_few_and_end_with_the_last():
    samples = [Sample(second, second) for second in range(57)]

    few = thinned(samples, 10)

    assert len(few) == 10
    assert few[-1] == samples[-1]
    assert thinned(samples[:3], 10) == samples[:3]

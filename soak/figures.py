"""Figures of a run: percentiles of delays, and the growth rate of a series. Pure."""

import math
from collections.abc import Sequence
from statistics import linear_regression
from typing import Final, NamedTuple

SHARES: Final = (0.5, 0.9, 0.99)


class Sample(NamedTuple):
    """Bytes of memory at a time in seconds."""

    at: float
    resident: int


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def distribution(values: Sequence[float]) -> str:
    """The distribution of values in seconds as text: `p50 0.21 s, p90 …, p99 …, max …`."""
    named = {f"p{share * 100:.0f}": percentile(values, share) for share in SHARES} | {"max": max(values)}
    return ", ".join(f"{name} {value:,.2f} s" for name, value in named.items())


def growth(samples: Sequence[Sample]) -> float:
    """Bytes per minute: the slope of a line through the second half of the time; 0 with fewer than two samples."""
    middle = (samples[0].at + samples[-1].at) / 2 if samples else 0.0
    second = [sample for sample in samples if sample.at >= middle]
    if len(second) < 2:  # noqa: PLR2004 (a line takes two)
        return 0.0
    times, values = zip(*second, strict=True)
    return linear_regression(times, values).slope * 60


def thinned(samples: Sequence[Sample], most: int) -> list[Sample]:
    """At most `most` of the samples, at even distances and including the last one."""
    step = max(1, math.ceil(len(samples) / most))
    return list(samples[::-1][::step][::-1])

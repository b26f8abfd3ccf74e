"""Shares a whole number by weights, exactly: no part is invented, and none is lost. Pure."""

from collections.abc import Sequence


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of a total in the proportion of the weights; their sum is the total.

    Each part is its exact share rounded down, plus one for those with the largest remainders; of equal ones, the first.
    The weights are not negative, and one of them is positive.
    """
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    left = total - sum(parts)
    for place in sorted(range(len(weights)), key=lambda each: (-remainders[each], each))[:left]:
        parts[place] += 1
    return parts

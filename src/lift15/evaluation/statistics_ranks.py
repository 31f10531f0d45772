"""Tests that look at signs and ranks alone, and the correction for asking several questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lift15.evaluation.statistics_scores import Floats
from lift15.evaluation.statistics_student import NORMAL
from vfiblocks.errors import InputError

EXACT = 50
"""Up to so many differences the distribution of the rank sum is counted out."""


class SignTest(NamedTuple):
    """Attributes: how many differences are positive, negative and zero; the two-sided p-value."""

    positive: int
    negative: int
    ties: int
    p: float


def sign_test(differences: Sequence[float] | Floats) -> SignTest:
    """Would so uneven a count of signs come from a fair coin? Exact, two-sided; ties are left out.

    Args:
        differences: independent ones: one per scene, not one per clip.

    Returns:
        p is 1 without any difference.

    Raises:
        InputError: a difference is not finite.

    Example:
        >>> sign_test([0.1, 0.2, 0.1, 0.3, -0.1, 0.2])
        SignTest(positive=5, negative=1, ties=0, p=0.21875)
    """
    values = _finite("sign_test", differences)
    positive, negative = int((values > 0).sum()), int((values < 0).sum())
    count, least = positive + negative, min(positive, negative)
    ways, tail = 1, 0
    for k in range(least + 1):  # whole numbers, so that nothing is lost
        tail += ways
        ways = ways * (count - k) // (k + 1)
    p = min(1.0, float(2 * tail / 2**count)) if count else 1.0
    return SignTest(positive, negative, len(values) - count, p)


def wilcoxon(differences: Sequence[float] | Floats) -> float:
    """Wilcoxon's signed-rank test: the two-sided p-value.

    Zeros are left out, ties share their mean rank. Up to 50 differences the distribution is counted
    out, ties included; beyond, it is normal with the corrections for ties and for continuity.

    Args:
        differences: independent ones: one per scene, not one per clip.

    Returns:
        1 without any difference.

    Raises:
        InputError: a difference is not finite.

    Source: Wilcoxon, Individual comparisons by ranking methods, 1945.

    Example:
        >>> wilcoxon([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])  # all one way: 2 of 64 orders are as uneven
        0.03125
    """
    values = _finite("wilcoxon", differences)
    values = values[values != 0]
    count = len(values)
    if count == 0:
        return 1.0
    twice, tied = _twice_ranks(np.abs(values))
    total = int(twice.sum())
    low = min(int(twice[values > 0].sum()), int(twice[values < 0].sum()))
    if count <= EXACT:
        ways = np.zeros(total + 1)  # whole numbers up to 2**50, exact in float64
        ways[0] = 1.0
        for rank in twice:
            ways[rank:] += ways[:-rank].copy()
        return min(1.0, 2.0 * float(ways[: low + 1].sum()) / 2.0**count)
    mean = count * (count + 1) / 4
    variance = count * (count + 1) * (2 * count + 1) / 24 - sum(t**3 - t for t in tied) / 48
    distance = max(0.0, abs(low / 2 - mean) - 0.5)
    return min(1.0, 2.0 * NORMAL.cdf(-distance / math.sqrt(variance)))


def _twice_ranks(sizes: Floats) -> tuple[np.ndarray, list[int]]:
    """Twice the mean ranks, which are whole, and how many values share each."""
    _, place, shared = np.unique(sizes, return_inverse=True, return_counts=True)
    last = np.cumsum(shared)
    first = last - shared + 1
    return (first + last)[place], [int(t) for t in shared]


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust p-values for how many questions were asked (Holm's step-down method).

    What stays below 0.05 does so with a chance of at most 5 % that any of it is false.

    Args:
        p_values: name of the question -> p-value in [0, 1].

    Returns:
        The adjusted ones, in the order that was given.

    Raises:
        InputError: a p-value is outside [0, 1].

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.

    Example:
        >>> holm({"context": 0.01, "refiner": 0.04, "s1": 0.03})
        {'context': 0.03, 'refiner': 0.06, 's1': 0.06}
    """
    for name, p in p_values.items():
        if not 0 <= p <= 1:
            raise InputError(f"p-values are in [0, 1], got {p} for '{name}'")
    adjusted, least = {}, 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        least = max(least, min(1.0, (len(p_values) - rank) * p))
        adjusted[name] = least
    return {name: adjusted[name] for name in p_values}


def _finite(who: str, differences: Sequence[float] | Floats) -> Floats:
    values = np.asarray(differences, dtype=np.float64).ravel()
    if not np.isfinite(values).all():
        raise InputError(f"{who} wants finite differences, got {values[~np.isfinite(values)][0]}")
    return values

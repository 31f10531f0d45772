"""Student's t and the normal distribution, without SciPy."""

from __future__ import annotations

import math
from statistics import NormalDist

from vfiblocks.errors import InputError

NORMAL = NormalDist()


def t_cdf(t: float, freedom: float) -> float:
    """Probability that Student's t is below ``t``.

    Args:
        t: any number.
        freedom: degrees of freedom above 0, fractions and infinity included.

    Raises:
        InputError: ``freedom`` is not above 0.

    Example:
        >>> round(t_cdf(2.228, 10), 4), round(t_cdf(1.96, math.inf), 4)
        (0.975, 0.975)
    """
    if not freedom > 0:
        raise InputError(f"degrees of freedom are above 0, got {freedom}")
    if math.isinf(freedom) or math.isinf(t):
        return NORMAL.cdf(t)
    square = t * t
    if square < freedom:  # near the middle: half, and what lies between
        half = 0.5 * _incomplete_beta(0.5, freedom / 2, square / (freedom + square))
        return 0.5 + math.copysign(half, t)
    tail = 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square))
    return 1.0 - tail if t > 0 else tail


def t_quantile(probability: float, freedom: float) -> float:
    """The value that Student's t is below with a probability in (0, 1).

    Example:
        >>> round(t_quantile(0.975, 10), 3)
        2.228
    """
    if not 0 < probability < 1:
        raise InputError(f"probabilities of quantiles are in (0, 1), got {probability}")
    if math.isinf(freedom):
        return NORMAL.inv_cdf(probability)
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    high = 1.0
    while t_cdf(high, freedom) < probability:
        high *= 2
    low = 0.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if t_cdf(middle, freedom) < probability:
            low = middle
        else:
            high = middle
        if middle in (low, high) and high - low <= math.ulp(high):
            break
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function, by Lentz's evaluation of its continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    tiny = 1e-300
    c = 1.0
    d = 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away_from_zero(1.0 + numerator * d, tiny)
            c = _away_from_zero(1.0 + numerator / c, tiny)
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * fraction / a


def _away_from_zero(x: float, tiny: float) -> float:
    return x if abs(x) > tiny else tiny

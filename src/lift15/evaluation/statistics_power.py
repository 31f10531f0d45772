"""How many clips a difference needs to be seen, and how surely so many see it."""

from __future__ import annotations

import math

from lift15.evaluation.statistics_student import NORMAL, t_quantile
from vfiblocks.errors import InputError


def clips_needed(
    difference: float,
    deviation: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    per_scene: float = 1.0,
    likeness: float = 0.0,
) -> int:
    """Clips for a paired difference to be found with some power, two-sided.

    Args:
        difference: that is there, in the metric's unit; its sign does not matter.
        deviation: standard deviation of the paired differences between clips. Of PSNR it was 0.2 to
            0.6 dB in trials on short real clips.
        alpha: chance to find a difference where there is none.
        power: chance to find the one that is there.
        per_scene: clips per scene, on average.
        likeness: intraclass correlation of clips of one scene, 0 (independent) to 1 (one is as good
            as all).

    Raises:
        InputError: an argument is outside its range.

    Source: Guenther, Sample size formulas for normal theory t tests, 1981; Kish's design effect
    1 + (m - 1) rho.

    Example:
        >>> clips_needed(0.1, 0.3), clips_needed(0.1, 0.3, per_scene=5, likeness=0.5)
        (73, 218)
    """
    _check(difference, deviation, alpha, power)
    crowding = _crowding(per_scene, likeness)
    upper, reach = NORMAL.inv_cdf(1 - alpha / 2), NORMAL.inv_cdf(power)
    needed = ((upper + reach) * deviation / difference) ** 2 + upper**2 / 2
    return math.ceil(round(needed * crowding, 9))


def power_of(
    clips: int,
    difference: float,
    deviation: float,
    *,
    alpha: float = 0.05,
    per_scene: float = 1.0,
    likeness: float = 0.0,
) -> float:
    """The chance that so many clips show a paired difference, two-sided.

    Args:
        clips: how many, in all.
        difference: as in :func:`clips_needed`.
        deviation: as in :func:`clips_needed`.
        alpha: as in :func:`clips_needed`.
        per_scene: as in :func:`clips_needed`.
        likeness: as in :func:`clips_needed`.

    Raises:
        InputError: an argument is outside its range, or there are fewer than two scenes.

    Example:
        >>> round(power_of(73, 0.1, 0.3), 2), round(power_of(12, 0.1, 0.3), 2)
        (0.8, 0.18)
    """
    _check(difference, deviation, alpha, 0.5)
    independent = clips / _crowding(per_scene, likeness)
    freedom = clips / per_scene - 1
    if freedom < 1:
        raise InputError(f"power needs at least two scenes, got {clips} clips at {per_scene} each")
    shift = abs(difference) * math.sqrt(independent) / deviation
    critical = t_quantile(1 - alpha / 2, freedom)
    # Johnson and Welch's approximation of the noncentral t distribution.
    correction = 1 - 1 / (4 * freedom)

    def beyond(t: float) -> float:
        spread = math.sqrt(1 + t * t / (2 * freedom))
        return 1 - NORMAL.cdf((t * correction - shift) / spread)

    return beyond(critical) + 1 - beyond(-critical)


def _crowding(per_scene: float, likeness: float) -> float:
    """By how much clips of one scene are worth less than clips of as many scenes."""
    if not per_scene >= 1 or not 0 <= likeness <= 1:
        raise InputError(
            f"a scene has one clip or more, and likeness is in [0, 1]; got {per_scene} and "
            f"{likeness}"
        )
    return 1 + (per_scene - 1) * likeness


def _check(difference: float, deviation: float, alpha: float, power: float) -> None:
    if not (math.isfinite(difference) and difference != 0 and deviation > 0):
        raise InputError(
            "power is about a difference other than 0 among deviations above 0, got "
            f"{difference} and {deviation}"
        )
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise InputError(f"{name} is a chance in (0, 1), got {value}")

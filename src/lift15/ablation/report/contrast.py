"""Is a gain larger on some clips than on the others? What "especially on" means, as a number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lift15.ablation.report.pairing import Pair
from lift15.evaluation.statistics_bootstrap import Resampled, resample
from lift15.evaluation.statistics_student import t_cdf, t_quantile
from vfiblocks.errors import InputError

FEW = 5
"""With fewer scenes on a side, how much they differ among themselves is not known."""


@dataclass(frozen=True)
class Contrast:
    """By how much the difference inside a group exceeds that outside.

    Attributes:
        difference: inside less outside.
        low: lower end of the interval.
        high: upper end.
        p: two-sided, of no difference between the two.
    """

    difference: float
    low: float
    high: float
    p: float


def contrast(compared: Pair, inside: NDArray[np.bool_], *, level: float = 0.95) -> Contrast:
    """Compare what two models differ by inside a group of clips and outside.

    That a gain is sure inside and not sure outside does not say that it is larger inside; this
    does. The errors of both sides are those of :func:`~lift15.evaluation.statistics.compare`, taken
    as independent, with Welch's degrees of freedom. Scenes with clips on both sides, and training
    runs, which are the same on both, move both means alike, so that the interval is rather too wide
    than too narrow.

    Args:
        compared: the scores.
        inside: (clips,), which are in the group.
        level: of the interval.

    Raises:
        InputError: either side has fewer than :data:`FEW` scenes.

    Source: Welch, The generalization of Student's problem, 1947; Gelman and Stern, The difference
    between "significant" and "not significant" is not itself statistically significant, 2006.
    """
    sides = []
    for keep, where in ((inside, "inside"), (~inside, "outside")):
        kept = compared.inside(keep).finite()
        if kept.scenes < FEW:
            raise InputError(f"{where} are {kept.scenes} scenes, and fewer than {FEW} say nothing")
        sides.append(_resampled(kept))
    return between(*sides, level=level)


def between(inside: Resampled, outside: Resampled, *, level: float) -> Contrast:
    """The difference of two estimates that are independent."""
    difference = inside.estimate - outside.estimate
    variances = [side.error**2 for side in (inside, outside)]
    error = math.sqrt(sum(variances))
    if error == 0:
        return Contrast(difference, difference, difference, 1.0 if difference == 0 else 0.0)
    doubt = sum(v**2 / side.freedom for v, side in zip(variances, (inside, outside), strict=True))
    freedom = sum(variances) ** 2 / doubt
    reach = t_quantile(0.5 + level / 2, freedom) * error
    p = 2.0 * t_cdf(-abs(difference) / error, freedom)
    return Contrast(difference, difference - reach, difference + reach, p)


def _resampled(kept: Pair) -> Resampled:
    _, scenes = np.unique(np.array(kept.baseline.scenes), return_inverse=True)
    return resample(
        kept.baseline.values,
        kept.candidate.values,
        np.asarray(scenes, dtype=np.int64),
        paired_seeds=kept.paired_seeds,
        weigh=kept.weigh,
        draws=100,  # errors and degrees of freedom are computed, not drawn
    )

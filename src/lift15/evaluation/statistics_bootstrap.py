"""The paired hierarchical bootstrap: how far a mean difference moves on other scenes and seeds.

What is resampled is what is independent. Scenes are drawn whole, with all their clips: clips of one
scene share its motion and its light, and ten of them are not ten pieces of evidence. Training runs
are drawn as well, where there are several.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lift15.evaluation.statistics_scores import Floats
from lift15.evaluation.statistics_student import NORMAL, t_quantile
from vfiblocks.errors import InputError

Weigh = Literal["clips", "scenes"]

AT_ONCE = 2_000_000
"""Numbers drawn at a time; bounds memory, changes nothing."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """A mean difference and how it scatters.

    Attributes:
        estimate: the mean difference.
        scatter: (draws,), how far each resampled mean was from the estimate.
        error: standard error, from the variance between scenes and between seeds.
        freedom: degrees of freedom of ``error`` (Satterthwaite's).
    """

    estimate: float
    scatter: Floats
    error: float
    freedom: float

    def interval(self, level: float) -> tuple[float, float]:
        """A percentile interval, stretched for how few scenes and seeds there were.

        The percentile bootstrap takes the scatter of the sample for known, as a normal interval
        does, and is too narrow for few scenes. Its two arms are stretched by the ratio of Student's
        quantile to the normal one.

        Raises:
            InputError: for a level outside (0, 1).
        """
        if not 0 < level < 1:
            raise InputError(f"the level of an interval is in (0, 1), got {level}")
        upper = 0.5 + level / 2
        stretch = t_quantile(upper, self.freedom) / NORMAL.inv_cdf(upper)
        low, high = np.quantile(self.scatter, [1 - upper, upper])
        return self.estimate + stretch * float(low), self.estimate + stretch * float(high)


def resample(
    baseline: Floats,
    candidate: Floats,
    scenes: NDArray[np.int64],
    *,
    paired_seeds: bool,
    weigh: Weigh = "clips",
    draws: int = 10_000,
    seed: int = 0,
) -> Resampled:
    """Resample the mean of ``candidate - baseline`` over scenes and seeds.

    Each level is resampled by itself, its deviations are enlarged by sqrt(n / (n - 1)), which a
    bootstrap of n loses, and those of all levels are added: the effects of scenes and of seeds are
    independent. What a seed does on one scene alone counts in both, so that the interval is rather
    too wide than too narrow. With one seed, nothing is known of other trainings, and the interval
    is one over scenes for these very weights.

    Args:
        baseline: (seeds, clips), finite.
        candidate: (seeds', clips), the same clips in the same order.
        scenes: (clips,), number of the scene of each, 0 to n - 1, each used.
        paired_seeds: row s of both was trained with the same seed, on the same data in the same
            order; their difference is resampled, and what both owe to the seed cancels.
        weigh: "clips" counts every clip alike, "scenes" every scene.
        draws: how many resamples.
        seed: of the random numbers; the same one gives the same interval.

    Raises:
        InputError: fewer than two scenes, or fewer than 100 draws.

    Source: Davison and Hinkley, Bootstrap methods and their application, 1997, section 3.8, on
    resampling clusters whole; Hesterberg, What teachers should know about the bootstrap, 2015, on
    stretching; Satterthwaite, 1946, on the degrees of freedom.

    Example:
        >>> zeros = np.zeros((1, 6))
        >>> found = resample(zeros, zeros + 1, np.arange(6), paired_seeds=False, draws=200)
        >>> found.estimate, found.interval(0.95)
        (1.0, (1.0, 1.0))
    """
    count = int(scenes.max()) + 1
    if count < 2:
        raise InputError(
            "all clips are of one scene; an interval over scenes needs at least two, better twenty"
        )
    if draws < 100:
        raise InputError(f"a bootstrap needs at least 100 draws, got {draws}")
    weights = clip_weights(scenes, weigh)
    generator = np.random.default_rng(seed)

    clips = clip_differences(baseline, candidate, paired_seeds=paired_seeds)
    # The mean is a ratio of two sums over scenes: one of weighted differences, one of weights.
    sums = np.bincount(scenes, clips * weights, minlength=count).astype(np.float64)
    shares = np.bincount(scenes, weights, minlength=count).astype(np.float64)
    estimate = float(sums.sum() / shares.sum())
    scatter = _enlarged(_scene_draws(sums, shares, draws, generator) - estimate, count)
    leaning = (sums - estimate * shares) / shares.sum()  # the ratio's linear part; adds up to zero
    parts = [(count / (count - 1) * float(leaning @ leaning), count - 1)]

    for runs in _seed_means(baseline, candidate, weights, paired=paired_seeds):
        size = len(runs)
        drawn = runs[generator.integers(size, size=(draws, size))].mean(axis=1) - runs.mean()
        scatter = scatter + _enlarged(drawn, size)
        parts.append((float(runs.var(ddof=1)) / size, size - 1))
    variance = sum(part for part, _ in parts)
    doubt = sum(part**2 / freedom for part, freedom in parts)
    freedom = variance**2 / doubt if doubt > 0 else float(count - 1)
    return Resampled(estimate, scatter, math.sqrt(variance), freedom)


def clip_differences(baseline: Floats, candidate: Floats, *, paired_seeds: bool) -> Floats:
    """Mean over the seeds of each clip's difference, (clips,)."""
    if paired_seeds:  # differences first, so that equal scores differ by nothing at all
        return np.asarray((candidate - baseline).mean(axis=0))
    return np.asarray(candidate.mean(axis=0) - baseline.mean(axis=0))


def clip_weights(scenes: NDArray[np.int64], weigh: Weigh) -> Floats:
    """How much each clip counts: all alike, or all scenes alike.

    >>> clip_weights(np.array([0, 0, 1]), "scenes")
    array([0.5, 0.5, 1. ])
    """
    if weigh == "scenes":
        return 1.0 / np.bincount(scenes)[scenes].astype(np.float64)
    return np.ones(len(scenes))


def _enlarged(deviations: Floats, count: int) -> Floats:
    return deviations * math.sqrt(count / (count - 1))


def _seed_means(
    baseline: Floats, candidate: Floats, weights: Floats, *, paired: bool
) -> list[Floats]:
    """The means over clips whose scatter is that of training, for each independent set of runs."""
    sets = [candidate - baseline] if paired else [baseline, candidate]
    return [np.average(runs, axis=1, weights=weights) for runs in sets if len(runs) > 1]


def _scene_draws(
    sums: Floats, shares: Floats, draws: int, generator: np.random.Generator
) -> Floats:
    """Means over as many scenes as there are, drawn with replacement."""
    count = len(sums)
    step = max(1, AT_ONCE // count)
    means = []
    for start in range(0, draws, step):
        drawn = generator.integers(count, size=(min(step, draws - start), count))
        means.append(sums[drawn].sum(axis=1) / shares[drawn].sum(axis=1))
    return np.concatenate(means)

"""Is one model better than another? The difference, how sure it is, and the answer in words."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lift15.evaluation.statistics_bootstrap import (
    Weigh,
    clip_differences,
    clip_weights,
    resample,
)
from lift15.evaluation.statistics_ranks import SignTest, sign_test, wilcoxon
from lift15.evaluation.statistics_scores import Scores
from lift15.evaluation.statistics_student import NORMAL, t_cdf, t_quantile
from vfiblocks.errors import InputError

Better = Literal["higher", "lower"]
Verdict = Literal["better", "worse", "equivalent", "undecided"]

NEGLIGIBLE = {"dB": 0.05}
"""By unit: a difference that nobody sees and that another seed would bring."""


@dataclass(frozen=True)
class PairedComparison:
    """What two models' scores on the same clips say about the two models.

    Attributes:
        names: of the baseline and of the candidate.
        unit: of the metric.
        better: which way is good.
        difference: mean of candidate minus baseline.
        low: lower end of the interval at ``level``.
        high: upper end.
        level: 0.95 unless told otherwise.
        margin: differences within it are taken for none; None where no margin was given.
        inner: the interval at ``2 level - 1`` that must lie within the margin for the two to count
            as equivalent (two one-sided tests).
        means: of the baseline and of the candidate.
        p: two-sided, of no difference, from Student's t over scenes and seeds.
        wilcoxon: p-value of the signed-rank test over scenes.
        signs: of the mean differences of scenes.
        deviation: standard deviation of the mean differences of scenes.
        detectable: the difference that so many scenes and seeds find four times out of five.
        clips: how many were compared.
        scenes: how many scenes they are from.
        seeds: how many training runs of the baseline and of the candidate.
        paired_seeds: whether runs of one seed were compared with each other.
        left_out: clips without a finite score in both, such as two perfect predictions.
    """

    names: tuple[str, str]
    unit: str
    better: Better
    difference: float
    low: float
    high: float
    level: float
    margin: float | None
    inner: tuple[float, float]
    means: tuple[float, float]
    p: float
    wilcoxon: float
    signs: SignTest
    deviation: float
    detectable: float
    clips: int
    scenes: int
    seeds: tuple[int, int]
    paired_seeds: bool
    left_out: int

    @property
    def different(self) -> bool:
        """The interval leaves out zero."""
        return self.low > 0 or self.high < 0

    @property
    def equivalent(self) -> bool:
        """The inner interval lies within the margin: no difference that would matter."""
        if self.margin is None:
            return False
        return -self.margin < self.inner[0] and self.inner[1] < self.margin

    @property
    def verdict(self) -> Verdict:
        """Of the candidate. A difference that is sure and within the margin is no difference."""
        if self.equivalent:
            return "equivalent"
        if self.different:
            return "better" if (self.difference > 0) == (self.better == "higher") else "worse"
        return "undecided"

    def __str__(self) -> str:
        """One paragraph for a report."""
        baseline, candidate = self.names
        unit = f" {self.unit}" if self.unit else ""
        digits = 3 if self.unit in ("dB", "levels", "px") else 5
        span = f"[{self.low:+.{digits}f}, {self.high:+.{digits}f}]"
        found = f"{self.difference:+.{digits}f}{unit} {span} at {self.level:.0%}"
        within = f"{self.margin:g}{unit}" if self.margin is not None else ""
        said = {
            "better": f"{candidate} is better than {baseline}: {found}",
            "worse": f"{candidate} is worse than {baseline}: {found}",
            "equivalent": f"{candidate} is equivalent to {baseline} within {within}: {found}",
            "undecided": (
                f"{candidate} against {baseline} is undecided: {found}; a difference of "
                f"{self.detectable:.{digits}f}{unit} would be found four times out of five"
            ),
        }[self.verdict]
        wins, losses = self.signs.positive, self.signs.negative
        if self.better == "lower":
            wins, losses = losses, wins
        rest = (
            f"{self.clips} clips of {self.scenes} scenes, better on {wins} scenes and worse on "
            f"{losses}; p = {self.p:.2g}, Wilcoxon {self.wilcoxon:.2g}, signs {self.signs.p:.2g}"
        )
        return f"{said}. {rest}. {self._about_seeds()}{self._about_left_out()}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a JSON file, the verdict and the words among them."""
        plain = dataclasses.asdict(self)
        plain["signs"] = self.signs._asdict()
        return {**plain, "verdict": self.verdict, "words": str(self)}

    def _about_seeds(self) -> str:
        if self.seeds == (1, 1):
            return "One training run of each: what another seed would give is not in the interval."
        how = "paired by seed" if self.paired_seeds else "not paired"
        runs = f"{self.seeds[0]} and {self.seeds[1]} training runs, {how}."
        alone = [name for name, n in zip(self.names, self.seeds, strict=True) if n == 1]
        return f"{runs} One run of {alone[0]} says nothing of its others." if alone else runs

    def _about_left_out(self) -> str:
        if not self.left_out:
            return ""
        return f" {self.left_out} clips without a finite score in both were left out."


def compare(
    baseline: Scores,
    candidate: Scores,
    *,
    better: Better = "higher",
    unit: str = "dB",
    names: tuple[str, str] = ("the baseline", "the candidate"),
    level: float = 0.95,
    margin: float | None = None,
    weigh: Weigh = "clips",
    draws: int = 10_000,
    seed: int = 0,
) -> PairedComparison:
    """Compare two models on the same clips; see :class:`PairedComparison`.

    Scenes and seeds are resampled, see :func:`~lift15.evaluation.statistics_bootstrap.resample`.
    Where both models have the same seeds, more than one, their runs are paired.

    Args:
        baseline: its scores.
        candidate: scores on the same clips, in any order.
        better: which way is good; ``metric.better``.
        unit: ``metric.unit``.
        names: for the words.
        level: of the interval.
        margin: differences within it are taken for none; None is 0.05 for dB, and no margin, so
            that equivalence is not claimed, for other units.
        weigh: "clips" counts every clip alike, as most protocols do, "scenes" every scene.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: the clips differ, one model alone lacks a finite score on a clip, there are
            fewer than two scenes, or an option is outside its range.

    Example:
        >>> baseline = Scores.of([30.0, 31.0, 29.0, 33.0, 30.5, 28.0])
        >>> candidate = Scores.of([30.4, 31.5, 29.4, 33.6, 30.9, 28.5])
        >>> found = compare(baseline, candidate, names=("rife", "lift15"))
        >>> found.verdict, round(found.difference, 2)
        ('better', 0.47)
        >>> print(found)
        lift15 is better than rife: +0.467 dB [...] at 95%. 6 clips of 6 scenes, better on 6 ...
    """
    if better not in ("higher", "lower"):
        raise InputError(f"better is 'higher' or 'lower', got {better!r}")
    if weigh not in ("clips", "scenes"):
        raise InputError(f"clips are weighed by 'clips' or 'scenes', got {weigh!r}")
    if not 0.5 < level < 1:
        raise InputError(f"the level of an interval is in (0.5, 1), got {level}")
    if margin is None:
        margin = NEGLIGIBLE.get(unit)
    elif not margin > 0:
        raise InputError(f"a margin of equivalence is above 0, got {margin}")
    candidate = candidate.aligned_to(baseline)
    kept = _both_finite(baseline, candidate, names)
    left_out = len(baseline.clips) - int(kept.sum())
    if left_out == len(baseline.clips):
        raise InputError("no clip has a finite score in both models; there is nothing to compare")
    baseline, candidate = baseline.select(kept), candidate.select(kept)

    paired = len(baseline.seeds) > 1 and set(baseline.seeds) == set(candidate.seeds)
    after = candidate.values
    if paired:
        after = after[[candidate.seeds.index(name) for name in baseline.seeds]]
    known, scenes = np.unique(np.array(baseline.scenes), return_inverse=True)
    found = resample(
        baseline.values,
        after,
        scenes,
        paired_seeds=paired,
        weigh=weigh,
        draws=draws,
        seed=seed,
    )
    low, high = found.interval(level)
    differences = clip_differences(baseline.values, after, paired_seeds=paired)
    scene_means = np.bincount(scenes, differences) / np.bincount(scenes)
    counted = clip_weights(scenes, weigh)
    means = [float(np.average(x.mean(axis=0), weights=counted)) for x in (baseline.values, after)]
    reach = t_quantile(0.5 + level / 2, found.freedom) + NORMAL.inv_cdf(0.8)
    return PairedComparison(
        names=names,
        unit=unit,
        better=better,
        difference=found.estimate,
        low=low,
        high=high,
        level=level,
        margin=margin,
        inner=found.interval(2 * level - 1),
        means=(means[0], means[1]),
        p=_p_value(found.estimate, found.error, found.freedom),
        wilcoxon=wilcoxon(scene_means),
        signs=sign_test(scene_means),
        deviation=float(scene_means.std(ddof=1)),
        detectable=reach * found.error,
        clips=len(baseline.clips),
        scenes=len(known),
        seeds=(len(baseline.seeds), len(candidate.seeds)),
        paired_seeds=paired,
        left_out=left_out,
    )


def _both_finite(baseline: Scores, candidate: Scores, names: tuple[str, str]) -> NDArray[np.bool_]:
    """Which clips can be compared; refuses one that only one model has no number for."""
    finite: list[NDArray[np.bool_]] = [
        np.asarray(np.isfinite(scores.values).all(axis=0)) for scores in (baseline, candidate)
    ]
    for mine, theirs, who in ((finite[0], finite[1], names[0]), (finite[1], finite[0], names[1])):
        if (theirs & ~mine).any():
            clip = baseline.clips[int(np.flatnonzero(theirs & ~mine)[0])]
            raise InputError(
                f"clip '{clip}' has no finite score of {who} but one of the other; a perfect "
                "prediction has a finite PSNR with an epsilon, as psnr's option has it"
            )
    return np.logical_and(*finite)


def _p_value(estimate: float, error: float, freedom: float) -> float:
    if error > 0:
        return 2.0 * t_cdf(-abs(estimate) / error, freedom)
    return 1.0 if math.isclose(estimate, 0.0, abs_tol=1e-12) else 0.0

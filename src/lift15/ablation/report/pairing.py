"""Scores of two models side by side, so that all, or some of them, can be compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lift15.ablation.measured import Evaluation, Measure
from lift15.evaluation.statistics import PairedComparison, compare
from lift15.evaluation.statistics_bootstrap import Weigh, clip_differences
from lift15.evaluation.statistics_scores import Floats, Scores
from vfiblocks.errors import InputError


@dataclass(frozen=True)
class Pair:
    """Scores of two models on the same clips, with the seeds that both have.

    Attributes:
        names: of the baseline and of the candidate.
        baseline: scores.
        candidate: scores on the same clips in the same order.
        measure: what they were measured by.
        weigh: whether clips or scenes count alike.
        margin: of equivalence; None is the measure's usual one.
    """

    names: tuple[str, str]
    baseline: Scores
    candidate: Scores
    measure: Measure
    weigh: Weigh
    margin: float | None = None

    def compare(self, **options: Any) -> PairedComparison:
        """See :func:`lift15.evaluation.statistics.compare`.

        Raises:
            InputError: they cannot be compared.
        """
        return compare(
            self.baseline,
            self.candidate,
            better=self.measure.better,
            unit=self.measure.unit,
            names=self.names,
            weigh=self.weigh,
            margin=self.margin,
            **options,
        )

    @property
    def clips(self) -> tuple[str, ...]:
        """Names of what was measured."""
        return self.baseline.clips

    @property
    def scenes(self) -> int:
        """How many different ones."""
        return len(set(self.baseline.scenes))

    @property
    def paired_seeds(self) -> bool:
        """Whether runs of one seed are compared with each other."""
        return len(self.baseline.seeds) > 1 and self.baseline.seeds == self.candidate.seeds

    def inside(self, keep: NDArray[np.bool_]) -> Pair:
        """The clips for which ``keep`` is True.

        Raises:
            InputError: there are none.
        """
        if not keep.any():
            raise InputError("no clip is left to compare")
        return dataclasses.replace(
            self, baseline=self.baseline.select(keep), candidate=self.candidate.select(keep)
        )

    def among(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which clips have one of these names."""
        wanted = set(names)
        return np.array([clip in wanted for clip in self.clips])

    def finite(self) -> Pair:
        """The clips of which every run has a finite score.

        Raises:
            InputError: there are none.
        """
        both = np.concatenate((self.baseline.values, self.candidate.values))
        return self.inside(np.asarray(np.isfinite(both).all(axis=0)))

    def less(self, other: Pair) -> Pair:
        """Scores by one measure less those by another, clip by clip.

        Their comparison says by how much more the one measure gained than the other.
        """
        assert self.clips == other.clips, "two measures of one evaluation have the same clips"
        baseline, candidate = (
            dataclasses.replace(mine, values=mine.values - theirs.values)
            for mine, theirs in (
                (self.baseline, other.baseline),
                (self.candidate, other.candidate),
            )
        )
        return dataclasses.replace(self, baseline=baseline, candidate=candidate)

    def scene_differences(self) -> tuple[tuple[str, ...], Floats]:
        """Names of the scenes and the mean difference on each, the smallest first.

        Clips without a finite score in both are left out.
        """
        kept = self.finite()
        differences = clip_differences(
            kept.baseline.values, kept.candidate.values, paired_seeds=kept.paired_seeds
        )
        names, index = np.unique(np.array(kept.baseline.scenes), return_inverse=True)
        means = np.bincount(index, differences) / np.bincount(index)
        order = np.argsort(means, kind="stable")
        return tuple(str(names[k]) for k in order), np.asarray(means[order])


def pair(
    evaluation: Evaluation,
    names: tuple[str, str],
    measure: str,
    *,
    controls: tuple[str, str] = ("", ""),
    margin: float | None = None,
) -> Pair:
    """What two models scored on the items that both have, with the seeds that both have.

    As in :func:`lift15.ablation.results.answer_to`: where they share no seed, all seeds of each.

    Args:
        evaluation: where they were measured.
        names: of the baseline and of the candidate.
        measure: a column of scores.
        controls: what was done to the frames of either.
        margin: of equivalence.

    Raises:
        InputError: there are no such scores.
    """
    before, after = (
        evaluation.scores(name, measure, control=control)
        for name, control in zip(names, controls, strict=True)
    )
    seeds = [seed for seed in before.seeds if seed in after.seeds]
    shared = set(before.clips) & set(after.clips)
    if not shared:
        raise InputError(f"'{names[0]}' and '{names[1]}' have no item in common")
    before = _only(before, seeds or list(before.seeds), shared)
    after = _only(after, seeds or list(after.seeds), shared).aligned_to(before)
    weigh: Weigh = "scenes" if evaluation.averaging == "scene" else "clips"
    return Pair(names, before, after, evaluation.measure(measure), weigh, margin)


def _only(scores: Scores, seeds: list[str], clips: set[str]) -> Scores:
    kept = scores.select([clip in clips for clip in scores.clips])
    rows = [kept.seeds.index(seed) for seed in seeds]
    return Scores(kept.values[rows], kept.clips, kept.scenes, tuple(seeds))

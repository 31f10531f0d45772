"""On which clips a model is better: clips sorted by how they move, and compared group by group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lift15.evaluation.statistics import PairedComparison, compare
from lift15.evaluation.statistics_scores import Floats, Scores
from vfiblocks.errors import InputError


class ClipBins(NamedTuple):
    """Groups of clips of about one size.

    Attributes:
        edges: between the groups, ascending, one fewer than groups.
        group: (clips,), the number of each one's group; -1 for a clip without a value.
    """

    edges: tuple[float, ...]
    group: NDArray[np.int64]

    def names(self, unit: str = "px") -> tuple[str, ...]:
        """Such as "below 2.1 px", "2.1 to 5.3 px", "from 5.3 px"."""
        said = [f"{edge:.3g}" for edge in self.edges]
        middle = [f"{low} to {high} {unit}" for low, high in pairwise(said)]
        return (f"below {said[0]} {unit}", *middle, f"from {said[-1]} {unit}")


def quantile_bins(values: Sequence[float] | Floats, *, count: int = 4) -> ClipBins:
    """Sort clips into groups by a number that each has, such as its median displacement.

    Clips of one value stay together, so that groups may differ in size.

    Args:
        values: of each clip; NaN where there is none.
        count: of groups; 4 are quartiles.

    Raises:
        InputError: fewer values than groups, or too many are equal to tell the groups apart.

    Example:
        >>> bins = quantile_bins([1.0, 8.0, 3.0, float("nan"), 5.0], count=2)
        >>> bins.edges, bins.group.tolist()
        ((4.0,), [0, 1, 0, -1, 1])
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    known = array[~np.isnan(array)]
    if count < 2 or len(known) < count:
        raise InputError(
            f"quantile_bins wants two groups or more and a clip for each, got {count} groups and "
            f"{len(known)} clips with a value"
        )
    edges = np.quantile(known, np.arange(1, count) / count)
    index = np.where(np.isnan(array), -1, np.searchsorted(edges, array, side="right"))
    if len(np.unique(index[index >= 0])) < count:
        raise InputError(
            f"{count} groups cannot be told apart: too many of the {len(known)} clips have the "
            "same value; ask for fewer groups"
        )
    return ClipBins(tuple(map(float, edges)), index.astype(np.int64))


def compare_by_bin(
    baseline: Scores, candidate: Scores, bins: ClipBins, *, bin_unit: str = "px", **options: Any
) -> dict[str, PairedComparison]:
    """Compare two models on each group of clips.

    Args:
        baseline: its scores; the groups are those of its clips, in its order.
        candidate: scores on the same clips.
        bins: see :func:`quantile_bins`.
        bin_unit: of the values that the clips were sorted by, for the names.
        **options: of :func:`~lift15.evaluation.statistics.compare`.

    Returns:
        Name of the group -> comparison. Four groups are four questions: adjust their p-values with
        :func:`~lift15.evaluation.statistics_ranks.holm`.

    Raises:
        InputError: as :func:`compare`; a group must have clips of two scenes or more.
    """
    candidate = candidate.aligned_to(baseline)
    return {
        name: compare(
            baseline.select(bins.group == k), candidate.select(bins.group == k), **options
        )
        for k, name in enumerate(bins.names(bin_unit))
    }

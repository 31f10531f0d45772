"""Two variants on some of the clips, on all others, and by how much the two differ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lift15.ablation.report.contrast import Contrast, contrast
from lift15.ablation.report.pairing import Pair
from lift15.evaluation.statistics import PairedComparison
from vfiblocks.errors import InputError


class Subset:
    """One subset of one comparison.

    Args:
        compared: scores on all clips.
        name: of the subset.
        members: names of its clips.
        draws: of every bootstrap.

    Attributes:
        mask: (clips,), which are inside.
        inside: the comparison there; None if there is none, for the reason ``no_inside``.
        outside: the same for all others.
        contrast: inside less outside; None for the reason ``no_contrast``.
        adjusted: p of the contrast among those of its table; set by whoever makes the table.
    """

    def __init__(self, compared: Pair, name: str, members: tuple[str, ...], draws: int) -> None:
        self.name = name
        self.mask: NDArray[np.bool_] = compared.among(members)
        self.inside, self.no_inside = attempt(compared, self.mask, draws)
        self.outside, self.no_outside = attempt(compared, ~self.mask, draws)
        self.contrast: Contrast | None = None
        self.no_contrast = ""
        try:
            self.contrast = contrast(compared, self.mask)
        except InputError as error:
            self.no_contrast = str(error)
        self.adjusted = math.nan


def attempt(
    compared: Pair, keep: NDArray[np.bool_], draws: int
) -> tuple[PairedComparison | None, str]:
    """A comparison of some clips, or why there is none."""
    try:
        return compared.inside(keep).compare(draws=draws), ""
    except InputError as error:
        return None, str(error)

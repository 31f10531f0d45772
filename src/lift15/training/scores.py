"""Validation, picture by picture: of the model, and of the mean of its references."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.distributed

from lift15.data.batch import Batch
from vfiblocks import Interpolation
from vfiblocks.metrics import psnr

MOST = 100.0
"""dB that a picture counts at the most: a perfect one would make every mean infinite. One level of
one colour of one pixel, wrong in a picture of 256x256, is 101 dB."""


class Score(NamedTuple):
    """Of one picture, in dB.

    Attributes:
        psnr: of the model's picture, rounded to 8 bits as a saved one is.
        mean: of the mean of the two references, likewise.
    """

    psnr: float
    mean: float


class Scores:
    """Collects scores by the names of the samples, so that none counts twice.

    Example:
        >>> scores = Scores()
        >>> scores.by_name["a"] = Score(30.0, 25.0)
        >>> scores.by_name["b"] = Score(32.0, 29.0)
        >>> scores.summary()
        {'psnr': 31.0, 'psnr_of_mean': 27.0, 'gain': 4.0, 'pictures': 2.0}
    """

    def __init__(self) -> None:
        self.by_name: dict[str, Score] = {}

    def add(self, batch: Batch, result: Interpolation) -> None:
        """Score a batch."""
        target = batch.truth().image
        left, right = batch.window.references
        mean = (batch.inputs()[:, left] + batch.inputs()[:, right]) / 2
        ours, plain = (psnr(p, target).clamp(max=MOST).tolist() for p in (result.image, mean))
        for name, a, b in zip(batch.names, ours, plain, strict=True):
            self.by_name[name] = Score(a, b)

    def gather(self, processes: int) -> None:
        """Take over what the other processes scored."""
        if processes == 1:
            return
        everyone: list[Mapping[str, Score]] = [{} for _ in range(processes)]
        torch.distributed.all_gather_object(everyone, self.by_name)
        self.by_name = {name: score for part in everyone for name, score in part.items()}

    def summary(self) -> dict[str, float]:
        """Means over all pictures; they do not depend on the order pictures came in."""
        if not self.by_name:
            return {}
        ours, plain = (
            math.fsum(values) / len(self.by_name)
            for values in zip(*self.by_name.values(), strict=True)
        )
        return {
            "psnr": ours,
            "psnr_of_mean": plain,
            "gain": ours - plain,
            "pictures": float(len(self.by_name)),
        }

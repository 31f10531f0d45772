"""Supervision by what each reference truly sees, where that is known."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.losses.base import Loss
from vfiblocks.losses.grids import bring, check_share, covered, estimates, stride_of
from vfiblocks.losses.supervision import KnownMotion, known_motion, mean_over_known, nothing
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Motion, Truth


@LOSSES.register("visibility")
class Visibility(Loss):
    """Binary cross-entropy of the visibility logits, over the samples that know what is seen.

    On the motion's own grid; a cell of which a part is seen aims at that part. RIFE's pair of
    logits (m, -m) comes to rest at m = 0, the even blend, where both references see the pixel, at a
    cost of log 2.

    It is zero, with a gradient of zero, where no sample knows.

    Args:
        coarser: weight of each coarser estimate as a share of the next finer one's.

    Raises:
        InputError: for a share outside [0, 1], or true motion that is incomplete or does not fit
            the picture.

    Example:
        >>> from vfiblocks import build_model
        >>> result = build_model("lift15-tiny").train()(torch.rand(1, 14, 3, 32, 64))
        >>> seen = torch.ones(1, 2, 1, 32, 64) > 0
        >>> still = torch.zeros(1, 2, 2, 32, 64)
        >>> truth = Truth(torch.rand(1, 3, 32, 64), still, seen, torch.tensor([True]))
        >>> unsure = Motion(torch.zeros(1, 2, 2, 8, 16), torch.zeros(1, 2, 1, 8, 16))
        >>> Visibility()(result._replace(motion=unsure), truth)
        tensor(0.6931)
    """

    def __init__(self, *, coarser: float = 0.0) -> None:
        super().__init__()
        check_share("visibility", coarser)
        self.coarser = coarser

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        true = known_motion("visibility", truth)
        if true is None:
            return nothing(result.motion)
        return torch.stack(
            [
                weight * self._entropy(result, true, motion)
                for weight, motion in estimates(result.motion, self.coarser)
            ]
        ).sum()

    def _entropy(self, result: Interpolation, true: KnownMotion, motion: Motion) -> Tensor:
        stride = stride_of("visibility", result, motion)
        size = (true.visible.shape[-2], true.visible.shape[-1])
        logits, aim = covered(motion.logits, size, stride), bring(true.visible, stride)
        entropy = F.binary_cross_entropy_with_logits(logits, aim.to(logits), reduction="none")
        return mean_over_known(entropy, true.known)

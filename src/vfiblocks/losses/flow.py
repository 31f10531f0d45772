"""Supervision by true motion, where there is any."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss
from vfiblocks.losses.grids import bring, check_share, covered, estimates, stride_of
from vfiblocks.losses.supervision import KnownMotion, known_motion, mean_over_known, nothing
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Motion, Truth


@LOSSES.register("flow")
class Flow(Loss):
    """End-point error of the motion, robustly, over the samples whose true motion is known.

    An end point that is e pixels off costs (e**2 + epsilon**2)**(q / 2): the error itself for
    q = 1, and large errors count for less the smaller q is. Pixels are those of the full picture
    whatever the motion's grid; the truth is averaged over its cells. Hidden pixels count: where
    they went is known.

    It is zero, with a gradient of zero, where no sample knows.

    Args:
        q: PWC-Net takes 0.4 for data whose truth is not to be trusted everywhere.
        epsilon: pixels; below it the cost is quadratic.
        coarser: weight of each coarser estimate as a share of the next finer one's; RAFT has 0.8.

    Raises:
        InputError: for a ``q`` outside (0, 2], an ``epsilon`` not above zero, a share outside
            [0, 1], or true motion that is incomplete or does not fit the picture.

    Sources: Sun et al., PWC-Net, CVPR 2018; Teed and Deng, RAFT, ECCV 2020.

    Example:
        >>> from vfiblocks import build_model
        >>> result = build_model("lift15-tiny").train()(torch.rand(1, 14, 3, 32, 64))
        >>> known = torch.tensor([True])
        >>> pan = torch.tensor([3.0, 4.0]).view(1, 1, 2, 1, 1).expand(1, 2, 2, 32, 64)
        >>> truth = Truth(torch.rand(1, 3, 32, 64), pan, torch.ones(1, 2, 1, 32, 64) > 0, known)
        >>> still = Motion(torch.zeros(1, 2, 2, 8, 16), torch.zeros(1, 2, 1, 8, 16))
        >>> round(float(Flow()(result._replace(motion=still), truth)), 1)
        5.0
    """

    def __init__(self, *, q: float = 1.0, epsilon: float = 0.01, coarser: float = 0.8) -> None:
        super().__init__()
        if not 0 < q <= 2:
            raise InputError(f"flow wants a q above 0 and up to 2, got {q}")
        if not epsilon > 0:
            raise InputError(f"flow wants an epsilon above zero, got {epsilon}")
        check_share("flow", coarser)
        self.q, self.epsilon, self.coarser = q, epsilon, coarser

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        true = known_motion("flow", truth)
        if true is None:
            return nothing(result.motion)
        return torch.stack(
            [
                weight * self._error(result, true, motion)
                for weight, motion in estimates(result.motion, self.coarser)
            ]
        ).sum()

    def _error(self, result: Interpolation, true: KnownMotion, motion: Motion) -> Tensor:
        stride = stride_of("flow", result, motion)
        size = (true.flow.shape[-2], true.flow.shape[-1])
        gap = stride * covered(motion.flow, size, stride) - bring(true.flow, stride)
        squared = gap.square().sum(dim=-3)  # (B, 2, h, w)
        return mean_over_known((squared + self.epsilon**2).pow(self.q / 2), true.known)

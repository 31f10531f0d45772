"""What each reference alone makes of the target, held against it."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.losses.base import Loss
from vfiblocks.losses.grids import bring, check_share, covered, estimates, stride_of, widen
from vfiblocks.ops import backward_warp, shrink, visibility_weights
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Motion, Truth


@LOSSES.register("warping")
class Warping(Loss):
    """Mean absolute error of both references, each warped to the target time, added up.

    On the motion's own grid: references and target are brought there by area averaging (DECISIONS
    27), so that a blurred grid is not held against a sharp picture. As the text has it, a
    reference counts everywhere, also where it cannot see the target.

    Args:
        visible_only: count each reference by its share in the blend instead, which is 1 on
            average. The shares get no gradient: what hides something is learned from the blend.
        coarser: weight of each coarser estimate as a share of the next finer one's.

    Raises:
        InputError: for a share outside [0, 1].

    Source: the LIFT-15 text, section 7.2.

    Example:
        >>> from vfiblocks import build_model
        >>> result = build_model("classical")(torch.full((1, 2, 3, 32, 48), 0.5))
        >>> Warping()(result, torch.full((1, 3, 32, 48), 0.75))  # 0.25 from either side
        tensor(0.5000)
    """

    def __init__(self, *, visible_only: bool = False, coarser: float = 0.0) -> None:
        super().__init__()
        check_share("warping", coarser)
        self.visible_only, self.coarser = visible_only, coarser

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        return torch.stack(
            [
                weight * self._error(result, truth.image, motion)
                for weight, motion in estimates(result.motion, self.coarser)
            ]
        ).sum()

    def _error(self, result: Interpolation, target: Tensor, motion: Motion) -> Tensor:
        stride = stride_of("warping", result, motion)
        size = (target.shape[-2], target.shape[-1])
        warped = backward_warp(shrink(widen(result.references), stride), widen(motion.flow))
        error = (covered(warped, size, stride) - bring(target, stride)[:, None]).abs()
        if self.visible_only:
            shares = covered(visibility_weights(widen(motion.logits.detach())), size, stride)
            error = 2 * shares * error
        return 2 * error.mean()  # a mean over two references, to be added up

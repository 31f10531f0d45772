"""Charbonnier's smooth absolute error."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss, difference
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth


@LOSSES.register("charbonnier")
class Charbonnier(Loss):
    """Mean of sqrt(error^2 + epsilon^2): absolute error with a round bottom, so that it settles.

    Equal pictures give epsilon, not zero, as in the literature.

    Args:
        epsilon: where the bottom goes over into the slopes, in units of the picture, above zero.
            IFRNet, AMT and M2M have 0.001 (written there as ``d^2 + 1e-6``).

    Raises:
        InputError: for an epsilon that is not above zero.

    Source: Charbonnier et al., ICIP 1994; Lai et al. (LapSRN), CVPR 2017.

    Example:
        >>> from vfiblocks import build_model
        >>> result = build_model("classical")(torch.full((1, 2, 3, 32, 48), 0.5))
        >>> Charbonnier(epsilon=0.3)(result, torch.full((1, 3, 32, 48), 0.9))
        tensor(0.5000)
    """

    def __init__(self, *, epsilon: float = 1e-3) -> None:
        super().__init__()
        if not epsilon > 0:
            raise InputError(
                f"charbonnier wants an epsilon above zero, got {epsilon}; without one it is 'l1'"
            )
        self.epsilon = epsilon

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        error = difference(result.image, truth.image)
        return torch.sqrt(error.square() + self.epsilon**2).mean()

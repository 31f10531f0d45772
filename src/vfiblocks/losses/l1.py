"""Mean absolute error."""

from __future__ import annotations

from torch import Tensor

from vfiblocks.losses.base import Loss, difference
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth


@LOSSES.register("l1")
class L1(Loss):
    """Mean absolute error of the picture, over everything.

    Example:
        >>> import torch
        >>> from vfiblocks import build_model
        >>> result = build_model("classical")(torch.full((1, 2, 3, 32, 48), 0.5))
        >>> L1()(result, torch.full((1, 3, 32, 48), 0.75))
        tensor(0.2500)
    """

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        return difference(result.image, truth.image).abs().mean()

"""Flow that changes where the picture does not costs."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss
from vfiblocks.losses.grids import bring, check_share, covered, estimates, stride_of
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Motion, Truth


@LOSSES.register("smoothness")
class Smoothness(Loss):
    """Differences of neighbouring flow vectors, forgiven at edges of the true frame.

    On the motion's own grid, in its own pixels; a cell's difference from the next counts
    exp(-edges * the difference of their colours). Added up over the two references.

    Args:
        order: 1 draws flow to a constant, 2 to anything affine.
        edges: how fast a difference of colours, in [0, 1], forgives; 0 forgives nothing.
        coarser: weight of each coarser estimate as a share of the next finer one's.

    Raises:
        InputError: for another order, a negative ``edges``, a share outside [0, 1], or motion of
            ``order`` cells a side or less.

    Sources: the LIFT-15 text, section 7.2; Jonschkowski et al., What matters in unsupervised
    optical flow, ECCV 2020, where ``edges`` is 150.

    Example:
        >>> from vfiblocks import build_model
        >>> result = build_model("lift15-tiny").train()(torch.rand(1, 14, 3, 32, 64))
        >>> pan = result.motion._replace(flow=torch.ones(1, 2, 2, 8, 16))
        >>> Smoothness()(result._replace(motion=pan), torch.rand(1, 3, 32, 64))
        tensor(0.)
    """

    def __init__(self, *, order: int = 1, edges: float = 150.0, coarser: float = 0.0) -> None:
        super().__init__()
        if order not in (1, 2):
            raise InputError(f"smoothness is of order 1 or 2, got {order}")
        if not edges >= 0:
            raise InputError(f"smoothness wants edges of zero or above, got {edges}")
        check_share("smoothness", coarser)
        self.order, self.edges, self.coarser = order, edges, coarser

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        return torch.stack(
            [
                weight * self._roughness(result, truth.image, motion)
                for weight, motion in estimates(result.motion, self.coarser)
            ]
        ).sum()

    def _roughness(self, result: Interpolation, image: Tensor, motion: Motion) -> Tensor:
        stride = stride_of("smoothness", result, motion)
        picture = bring(image, stride)[:, None]  # (B, 1, 3, h, w), the same for both references
        flow = covered(motion.flow, (image.shape[-2], image.shape[-1]), stride)
        if min(flow.shape[-2:]) <= self.order:
            raise InputError(
                f"smoothness of order {self.order} wants motion of at least {self.order + 1} "
                f"cells a side, got {flow.shape[-2]}x{flow.shape[-1]} at stride {stride}; use "
                "larger crops"
            )
        both = [self._along(axis, flow, picture) for axis in (-2, -1)]
        return 2 * torch.stack(both).mean()  # means over two references, to be added up

    def _along(self, axis: int, flow: Tensor, picture: Tensor) -> Tensor:
        change = flow.diff(n=self.order, dim=axis).abs()
        cells = picture.shape[axis] - self.order
        colours = picture.narrow(axis, self.order, cells) - picture.narrow(axis, 0, cells)
        forgiven = torch.exp(-self.edges * colours.abs().mean(dim=-3, keepdim=True))
        return (forgiven * change).mean()

"""The control without visibility."""

from __future__ import annotations

from torch import Tensor

from vfiblocks.blenders.base import Blender
from vfiblocks.blenders.warping import draft_stride, warp_references
from vfiblocks.ports import Upstream
from vfiblocks.registry import BLENDERS
from vfiblocks.states import Context, Draft, Motion


@BLENDERS.register("average")
class Average(Blender):
    """Mean of the two warped references, whatever their visibility.

    Args:
        stride: of the draft; None is the motion's own grid.
    """

    def __init__(self, upstream: Upstream, *, stride: int | None = None) -> None:
        super().__init__(upstream)
        self.stride = draft_stride(upstream, stride)

    def forward(
        self, references: Tensor, motion: Motion, context: Context | None, time: float
    ) -> Draft:
        """Blend; see :class:`Blender`."""
        warped, _ = warp_references(references, motion, self.stride)
        return Draft(warped.mean(dim=1), warped)

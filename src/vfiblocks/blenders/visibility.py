"""The visibility-weighted blend, with or without a context residual."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vfiblocks.blenders.base import Blender
from vfiblocks.blenders.warping import draft_stride, warp_references
from vfiblocks.layers import initialise_kaiming, initialise_small
from vfiblocks.ops import blend, resize
from vfiblocks.ports import Upstream
from vfiblocks.registry import BLENDERS
from vfiblocks.states import Context, Draft, Motion


@BLENDERS.register("visibility")
class Visibility(Blender):
    """Warped references weighted by how visible the target is in each (LIFT-15 section 5).

    The weights are those of section 5.3 in a form that neither darkens nor divides by zero where
    both references are occluded (DECISIONS 11).

    Args:
        stride: of the draft; None is the motion's own grid, 1 warps the full-resolution pictures.
        residual: add a correction made from the blend and the context (ContextNet, section 5.4).
        residual_channels: its width.

    Example:
        >>> import torch
        >>> blender = Visibility(Upstream("blender", motion_stride=1))
        >>> grey = torch.full((1, 2, 3, 4, 6), 0.5)
        >>> motion = Motion(torch.zeros(1, 2, 2, 4, 6), torch.full((1, 2, 1, 4, 6), -40.0))
        >>> blender(grey, motion, None, 0.5).image.unique()  # both occluded: the mean, not black
        tensor([0.5000])
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        stride: int | None = None,
        residual: bool = False,
        residual_channels: int = 64,
    ) -> None:
        super().__init__(upstream)
        self.stride = draft_stride(upstream, stride)
        self.context_net = None
        if residual:
            context = upstream.context()
            self.context_net = nn.Sequential(
                nn.Conv2d(3 + (context.channels if context else 0), residual_channels, 3, 1, 1),
                nn.ReLU(inplace=True),
                head := nn.Conv2d(residual_channels, 3, 3, 1, 1),
            )
            initialise_kaiming(self.context_net, slope=0.0)
            initialise_small(head)

    def forward(
        self, references: Tensor, motion: Motion, context: Context | None, time: float
    ) -> Draft:
        """Blend; see :class:`Blender`."""
        warped, logits = warp_references(references, motion, self.stride)
        image = blend(warped, logits)
        if self.context_net is not None:
            seen = [image]
            if context is not None:
                seen.append(resize(context.features, (image.shape[-2], image.shape[-1])))
            image = image + self.context_net(torch.cat(seen, dim=1))
        return Draft(image, warped)

"""A refiner that takes fine detail from the warped references and leaves the rest to the draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn
from vfiblocks import Upstream
from vfiblocks.layers import initialise_small
from vfiblocks.ops import backward_warp, blend, resize, resize_flow, shrink
from vfiblocks.refiners import Refiner
from vfiblocks.states import Draft, Motion

from vfiblocks_laplacian.pyramid import join, split

START = 2.0  # logit of the gates before training: sigmoid(2) = 0.88 of the references' detail


class LaplacianDetail(Refiner):
    """Fine bands of the references, warped to the target and gated, over the draft's coarse ones.

    A draft made at a quarter of the size has no detail finer than four pixels, but the references
    do. Both are split into Laplacian bands. In each band the warped references are blended by their
    visibility, and a small network decides per pixel how much of that replaces the draft's band:
    little where the references disagree, since detail of a wrong place is worse than none. What is
    coarser than the bands always stays the draft's. Useful before training; 2 k parameters.

    Args:
        upstream: what the parts before it offer; it reads motion and draft, no features.
        levels: bands, at strides 1, 2, 4 ...; three replace all that enlarging a draft at stride 4
            has blurred.
        channels: width of the network that gates them.

    Example:
        >>> refiner = LaplacianDetail(Upstream("refiner", motion_stride=4, draft_stride=4))
        >>> sum(p.numel() for p in refiner.parameters())
        2035
    """

    def __init__(self, upstream: Upstream, *, levels: int = 3, channels: int = 16) -> None:
        super().__init__(upstream)
        upstream.motion()
        upstream.draft()
        if levels < 1:
            raise upstream.refuse(f"wants at least one level, got {levels}")
        self.levels = levels
        self.multiple = 2**levels  # every band must halve evenly
        head = initialise_small(nn.Conv2d(channels, levels, 3, 1, 1))
        nn.init.constant_(cast(Tensor, head.bias), START)
        # draft, two warped references, two visibility logits
        self.gates = nn.Sequential(nn.Conv2d(3 + 6 + 2, channels, 3, 1, 1), nn.ReLU(), head)

    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """Refine; see :class:`vfiblocks.refiners.Refiner`."""
        size = (references.shape[-2], references.shape[-1])
        logits = resize(motion.logits, size)
        same_grid = tuple(draft.warped.shape[-2:]) == size
        flow = resize_flow(motion.flow, size)
        warped = draft.warped if same_grid else backward_warp(references, flow)
        image = resize(draft.image, size)
        seen = (
            image,
            rearrange(warped, "b p c h w -> b (p c) h w"),
            rearrange(logits, "b p c h w -> b (p c) h w"),
        )
        gates = torch.sigmoid(self.gates(torch.cat(seen, dim=1))).to(image.dtype)  # autocast

        bands, finer = split(image, self.levels), split(warped, self.levels)
        for level in range(self.levels):
            stride = 2**level
            detail = blend(finer[level], shrink(logits, stride))
            gate = shrink(gates[:, level : level + 1], stride)
            bands[level] = torch.lerp(bands[level], detail, gate)
        return join(bands)

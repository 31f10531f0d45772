"""The LIFT-15 refiner with everything it reads aligned to the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from einops import rearrange
from torch import Tensor

from vfiblocks.ops import backward_warp, blend, resize, resize_flow
from vfiblocks.ports import Upstream
from vfiblocks.refiners.base import Refiner
from vfiblocks.refiners.full_resolution import refine_net
from vfiblocks.registry import REFINERS
from vfiblocks.states import Draft, Motion


@REFINERS.register("warped-full-resolution")
class WarpedFullResolution(Refiner):
    """Full-resolution features and pictures warped by the enlarged flow (DECISIONS 12).

    The correction is added to the blend of the full-resolution warped pictures, and the enlarged
    draft becomes one of the inputs: a draft made at a quarter of the size has lost what no
    correction brings back.

    Args:
        stride: of the features read; finer than or equal to the motion's.
        channels: width.
        blocks: residual blocks.
    """

    def __init__(
        self, upstream: Upstream, *, stride: int = 1, channels: int = 64, blocks: int = 2
    ) -> None:
        super().__init__(upstream)
        if blocks < 0:
            raise upstream.refuse(f"cannot have fewer than no blocks, got blocks={blocks}")
        upstream.draft()
        upstream.motion()
        features = upstream.features(stride=stride)
        self.stride = stride
        # draft, two warped pictures, two warped feature maps
        self.net = refine_net(3 + 6 + 2 * features.channels, channels, blocks)

    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """Refine; see :class:`Refiner`."""
        size = (references.shape[-2], references.shape[-1])
        flow = resize_flow(motion.flow, size)
        pictures = backward_warp(references, flow)
        features = taps[self.stride]
        if self.stride > 1:
            features = resize(features, size)
        features = backward_warp(features, flow)
        image = blend(pictures, resize(motion.logits, size))
        seen = (
            resize(draft.image, size),
            rearrange(pictures, "b p c h w -> b (p c) h w"),
            rearrange(features, "b p c h w -> b (p c) h w"),
        )
        return image + cast(Tensor, self.net(torch.cat(seen, dim=1)))

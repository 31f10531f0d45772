"""A U-Net over pictures and features that are aligned to the target."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import cast

from einops import rearrange
from torch import Tensor, nn

from vfiblocks.layers import Join, conv3x3, initialise_kaiming, initialise_small
from vfiblocks.ops import backward_warp, resize, resize_flow
from vfiblocks.ports import Upstream
from vfiblocks.refiners.base import Refiner
from vfiblocks.registry import REFINERS
from vfiblocks.states import Draft, Motion

SLOPE = 0.1


@REFINERS.register("warped-unet")
class WarpedUnet(Refiner):
    """Corrects the draft with the references' features, warped to the target at every level.

    The features at strides 1, 2, 4 and so on are warped by the motion on their own grid and join
    the way down; the way up enlarges bilinearly. The correction is added to the enlarged draft and
    starts at zero. There is no norm: at full resolution one costs as much as a convolution, and
    it would tie every pixel to the whole picture.

    Args:
        channels: of each level, from stride 1 on, each half the size of the one before.
        blocks: further convolutions at the smallest level.

    Source: refinement by warped pyramids, RIFE (Huang et al., ECCV 2022) and SoftSplat (Niklaus and
    Liu, CVPR 2020).

    Example:
        >>> import torch
        >>> upstream = Upstream("refiner", encoder="pyramid", taps={1: 8, 2: 12, 4: 16},
        ...                     motion_stride=2, draft_stride=1)
        >>> refiner = WarpedUnet(upstream, channels=(8, 12, 16))
        >>> taps = {s: torch.rand(1, 2, c, 32 // s, 48 // s) for s, c in upstream.taps.items()}
        >>> motion = Motion(torch.zeros(1, 2, 2, 16, 24), torch.zeros(1, 2, 1, 16, 24))
        >>> draft = Draft(torch.rand(1, 3, 32, 48), torch.rand(1, 2, 3, 32, 48))
        >>> refiner(torch.rand(1, 2, 3, 32, 48), taps, motion, draft).shape
        torch.Size([1, 3, 32, 48])
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        channels: tuple[int, ...] = (32, 64, 96),
        blocks: int = 2,
    ) -> None:
        super().__init__(upstream)
        if not channels or blocks < 0:
            raise upstream.refuse(
                f"needs one or more levels and no fewer than no blocks, got channels={channels} "
                f"and blocks={blocks}"
            )
        upstream.motion()
        upstream.draft()
        self.strides = tuple(2**level for level in range(len(channels)))
        read = [2 * upstream.features(stride=stride).channels for stride in self.strides]
        pictures = 3 + 6 + 2  # draft, two warped references, two logits
        self.join = Join()
        self.down = nn.ModuleList(
            conv3x3(before, width, stride=2, slope=SLOPE) for before, width in pairwise(channels)
        )
        self.merge = nn.ModuleList(
            conv3x3((pictures if level == 0 else width) + read[level], width, slope=SLOPE)
            for level, width in enumerate(channels)
        )
        self.bottom = nn.Sequential(
            *(conv3x3(channels[-1], channels[-1], slope=SLOPE) for _ in range(blocks))
        )
        # Shrunk to the width above before it is enlarged: a 1x1 at a quarter of the pixels.
        self.narrow = nn.ModuleList(
            nn.Conv2d(below, width, 1) for width, below in pairwise(channels)
        )
        self.up = nn.ModuleList(conv3x3(2 * width, width, slope=SLOPE) for width in channels[:-1])
        self.head = nn.Conv2d(channels[0], 3, 3, 1, 1)
        initialise_kaiming(self, slope=SLOPE)
        # Zero, not small: there is no norm before it, and small heads cost a good draft over 1 dB
        initialise_small(self.head, std=0.0)

    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """Refine; see :class:`Refiner`."""
        size = (references.shape[-2], references.shape[-1])
        image, logits = resize(draft.image, size), resize(motion.logits, size)
        warped = draft.warped
        if tuple(warped.shape[-2:]) != size:
            warped = backward_warp(references, resize_flow(motion.flow, size))
        x = self.join(
            image,
            rearrange(warped, "b p c h w -> b (p c) h w"),
            rearrange(logits, "b p c h w -> b (p c) h w").to(image.dtype),
        )
        skips: list[Tensor] = []
        for level, stride in enumerate(self.strides):
            if level:
                x = self.down[level - 1](x)
            x = self.merge[level](self.join(x, _aligned(taps[stride], motion.flow)))
            skips.append(x)
        x = self.bottom(x)
        for level in reversed(range(len(self.up))):
            skip = skips[level]
            enlarged = resize(self.narrow[level](x), (skip.shape[-2], skip.shape[-1]))
            x = self.up[level](self.join(skip, enlarged))
        return image + cast(Tensor, self.head(x))


def _aligned(features: Tensor, flow: Tensor) -> Tensor:
    """(B, 2, C, h, w) warped by flow of any grid, as (B, 2 C, h, w)."""
    flow = resize_flow(flow, (features.shape[-2], features.shape[-1]))
    return rearrange(backward_warp(features, flow), "b p c h w -> b (p c) h w")

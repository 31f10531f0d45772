"""RIFE's refinement U-Net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.layers import Join, conv_prelu, deconv_prelu
from vfiblocks.ops import backward_warp, resize, resize_flow, shrink_flow
from vfiblocks.ports import Upstream
from vfiblocks.refiners.base import Refiner
from vfiblocks.registry import REFINERS
from vfiblocks.states import Draft, Motion

PICTURES_AND_MOTION = 17  # two references, two warped ones, mask logit, two flows


@REFINERS.register("unet")
class Unet(Refiner):
    """U-Net over pictures, motion and warped feature pyramids (RIFE, ECCV 2022).

    Reads features at four strides, warps them to the target by the flow brought to each grid, and
    adds a residual in (-1, 1) to the draft. Fits any encoder with those taps.

    Args:
        channels: width c; the levels have 2c, 4c, 8c, 16c.
        first_stride: 2 in RIFE (features at 2, 4, 8, 16); 1 in its 2R variant (1, 2, 4, 8).

    Example:
        >>> import torch
        >>> upstream = Upstream("refiner", encoder="contextnet", motion_stride=1, draft_stride=1,
        ...                     taps={2: 16, 4: 32, 8: 64, 16: 128})
        >>> sum(p.numel() for p in Unet(upstream).parameters())
        2957875
    """

    multiple = 32  # RIFE pads to this

    def __init__(
        self, upstream: Upstream, *, channels: int = 16, first_stride: Literal[1, 2] = 2
    ) -> None:
        super().__init__(upstream)
        upstream.motion()
        upstream.draft()
        self.strides = tuple(first_stride * 2**level for level in range(4))
        read = [2 * upstream.features(stride=stride).channels for stride in self.strides]
        c = channels
        self.join = Join()
        self.down = nn.ModuleList(
            nn.Sequential(conv_prelu(inputs, width, stride=step), conv_prelu(width, width))
            for inputs, width, step in (
                (PICTURES_AND_MOTION, 2 * c, first_stride),
                (2 * c + read[0], 4 * c, 2),
                (4 * c + read[1], 8 * c, 2),
                (8 * c + read[2], 16 * c, 2),
            )
        )
        self.up = nn.ModuleList(
            deconv_prelu(inputs, width)
            for inputs, width in (
                (16 * c + read[3], 8 * c),
                (16 * c, 4 * c),
                (8 * c, 2 * c),
                (4 * c, c),
            )
        )
        # With stride 1 at the start the last deconvolution overshoots by two.
        self.head = nn.Conv2d(c, 3, 3, 2 // first_stride, 1)

    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """Refine; see :class:`Refiner`."""
        size = (references.shape[-2], references.shape[-1])
        flow = resize_flow(motion.flow, size)
        mask = resize((motion.logits[:, 0] - motion.logits[:, 1]) / 2, size)
        same_grid = tuple(draft.warped.shape[-2:]) == size
        warped = draft.warped if same_grid else backward_warp(references, flow)
        x = self.join(
            rearrange(references, "b p c h w -> b (p c) h w"),
            rearrange(warped, "b p c h w -> b (p c) h w"),
            mask,
            rearrange(flow, "b p c h w -> b (p c) h w"),
        )
        skips, reached = [], 1
        for level, stride in zip(self.down, self.strides, strict=True):
            x = level(x)
            skips.append(x)
            flow = shrink_flow(flow, stride // reached)
            reached = stride
            aligned = backward_warp(taps[stride], flow)
            x = self.join(x, rearrange(aligned, "b p c h w -> b (p c) h w"))
        x = self.up[0](x)
        for level, skip in zip(self.up[1:], reversed(skips[:-1]), strict=True):
            x = level(self.join(x, skip))
        residual = 2 * torch.sigmoid(self.head(x)) - 1
        return resize(draft.image, size) + residual

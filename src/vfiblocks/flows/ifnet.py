"""RIFE's IFNet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.layers import conv_prelu
from vfiblocks.ops import backward_warp
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion

PICTURES = 6  # two references of three channels
MOTION = 5  # four of flow, one of mask logit


@FLOWS.register("ifnet")
class IFNet(FlowEstimator):
    """Coarse-to-fine flow on the pictures themselves, warping in the loop (RIFE, ECCV 2022).

    Each block works at 1/scale of the picture, sees the references, the references warped by what
    is known so far, and that motion, and adds a correction at full size. RIFE's single mask logit m
    is the visibility pair (m, -m): the normalised blend of such a pair is sigmoid(m).

    Args:
        channels: of each block, coarsest first.
        scales: of each block.
        time_channel: tell the blocks the time (RIFE-m); without it only the midpoint is known.
        first_stride: of the blocks' first convolution; 1 is the 2R variant, at twice the
            resolution.

    Example:
        >>> import torch
        >>> flow = IFNet(Upstream("flow 'ifnet'"), channels=(16, 8, 8))
        >>> flow(torch.rand(1, 2, 3, 32, 48), {}, None, 0.5).flow.shape
        torch.Size([1, 2, 2, 32, 48])
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        channels: tuple[int, ...] = (240, 150, 90),
        scales: tuple[int, ...] = (4, 2, 1),
        time_channel: bool = False,
        first_stride: Literal[1, 2] = 2,
    ) -> None:
        super().__init__(upstream)
        if len(channels) != len(scales) or not channels:
            raise upstream.refuse(
                f"needs one width per scale, got channels={channels} and scales={scales}"
            )
        if min(scales) < 1:
            raise upstream.refuse(f"needs scales of at least 1, got {scales}")
        self.stride, self.scales = 1, scales
        # RIFE pads to 32; what every block's two strided convolutions divide by is more at scales
        # above 8.
        self.multiple = math.lcm(32, *(2 * first_stride * scale for scale in scales))
        self.any_time = time_channel
        first = PICTURES + time_channel
        self.blocks = nn.ModuleList(
            IFBlock(
                first if depth == 0 else first + PICTURES + MOTION,
                width,
                scale=scale,
                first_stride=first_stride,
            )
            for depth, (width, scale) in enumerate(zip(channels, scales, strict=True))
        )

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`."""
        pictures = rearrange(references, "b p c h w -> b (p c) h w")
        if self.any_time:
            pictures = torch.cat((pictures, torch.full_like(pictures[:, :1], time)), dim=1)
        flow, mask = self.blocks[0](pictures, None)
        estimates = [_motion(flow, mask)]
        for block in self.blocks[1:]:
            warped = backward_warp(references, estimates[-1].flow)
            seen = (pictures, rearrange(warped, "b p c h w -> b (p c) h w"), mask)
            more_flow, more_mask = block(torch.cat(seen, dim=1), flow)
            flow, mask = flow + more_flow, mask + more_mask
            estimates.append(_motion(flow, mask))
        return estimates[-1]._replace(coarser=tuple(estimates[:-1]))


class IFBlock(nn.Module):
    """One correction: two strided convolutions, eight plain ones with one skip, one deconvolution.

    Args:
        inputs: channels of pictures, and of mask and flow from the second block on.
        channels: width.
        scale: how much smaller than the picture it works.
        first_stride: see :class:`IFNet`.
    """

    def __init__(
        self, inputs: int, channels: int, *, scale: int, first_stride: Literal[1, 2]
    ) -> None:
        super().__init__()
        self.scale = scale
        # The deconvolution undoes one halving; what is left is undone by interpolation.
        self.enlarge = scale * first_stride
        self.down = nn.Sequential(
            conv_prelu(inputs, channels // 2, stride=first_stride),
            conv_prelu(channels // 2, channels, stride=2),
        )
        self.body = nn.Sequential(*(conv_prelu(channels, channels) for _ in range(8)))
        self.up = nn.ConvTranspose2d(channels, MOTION, 4, 2, 1)

    def forward(self, x: Tensor, flow: Tensor | None) -> tuple[Tensor, Tensor]:
        """Correction of flow (B, 4, H, W) and mask logit (B, 1, H, W) from x (B, C, H, W)."""
        x = _rescale(x, 1 / self.scale)
        if flow is not None:
            x = torch.cat((x, _rescale(flow, 1 / self.scale) / self.scale), dim=1)
        x = self.down(x)
        x = _rescale(self.up(self.body(x) + x), self.enlarge)
        return x[:, :4] * self.enlarge, x[:, 4:]


def _rescale(x: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _motion(flow: Tensor, mask: Tensor) -> Motion:
    return Motion(
        rearrange(flow, "b (p c) h w -> b p c h w", p=2),
        rearrange(torch.cat((mask, -mask), dim=1), "b (p c) h w -> b p c h w", p=2),
    )

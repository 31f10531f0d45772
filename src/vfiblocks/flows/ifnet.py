"""RIFE's IFNet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, cast

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.if_block import (
    FLOW,
    MOTION,
    PICTURES,
    IFBlock,
    as_motion,
    rescale,
    scaled,
    warped_at,
)
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion


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
        flow_scale: look for motion at this fraction of the resolution; 0.5 is usual for 4K. The
            weights are the same.

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
        flow_scale: float = 1.0,
    ) -> None:
        super().__init__(upstream)
        if len(channels) != len(scales):
            raise upstream.refuse(
                f"needs one width per scale, got channels={channels} and scales={scales}"
            )
        self.stride, self.scales = 1, scaled(upstream, scales, flow_scale)
        # RIFE pads to 32 pixels of the resolution at which motion is looked for; what every block's
        # two strided convolutions divide by is more at scales above 8.
        steps = math.lcm(32, *(2 * first_stride * scale for scale in scales))
        self.multiple = math.ceil(steps / min(flow_scale, 1))
        self.any_time = time_channel
        first = PICTURES + time_channel
        self.blocks = nn.ModuleList(
            IFBlock(
                first if depth == 0 else first + PICTURES + MOTION,
                width,
                first_stride=first_stride,
            )
            for depth, width in enumerate(channels)
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
        blocks = cast("Sequence[IFBlock]", self.blocks)
        found = blocks[0](pictures, None, scale=self.scales[0])
        estimates = [as_motion(found[:, :FLOW], found[:, FLOW:])]
        for block, scale in zip(blocks[1:], self.scales[1:], strict=True):
            flow, mask = found[:, :FLOW], found[:, FLOW:]
            seen = (
                rescale(pictures, 1 / scale),
                warped_at(references, flow, scale),
                rescale(mask, 1 / scale),
            )
            correction = block.correct(seen, flow, scale=scale)
            found = found + rescale(correction, block.enlarge(scale))
            estimates.append(as_motion(found[:, :FLOW], found[:, FLOW:]))
        return estimates[-1]._replace(coarser=tuple(estimates[:-1]))

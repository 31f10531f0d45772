"""The IFNet of RIFE's versions 4.0 to 4.26."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.if_block import (
    FLOW,
    MOTION,
    PICTURES,
    Body,
    IFBlock,
    as_motion,
    hand_on,
    rescale,
    scaled,
    warped_at,
)
from vfiblocks.ops import crop_to, pad_to_multiple
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion

Sources = tuple[Tensor, ...]
"""What is warped: pictures, and features of full resolution where the blocks look at them."""


@FLOWS.register("ifnet-v4")
class IFNetV4(FlowEstimator):
    """Coarse-to-fine flow to any time, on pictures and learned features (Practical-RIFE 4.x).

    What sets it apart from :class:`IFNet`: after the first block only *warped* pictures are looked
    at, always together with the time; features of full resolution and a hidden state may be looked
    at as well. Options are the steps that the versions took.

    Args:
        channels: of each block, coarsest first.
        scales: of each block.
        body: of the blocks: "skip" (4.0), "plain" (4.2), "residual" (4.5); see :class:`IFBlock`.
        groups: of the residual body's convolutions; 2 in 4.14.lite.
        shuffle: blocks make their output at full resolution by pixel shuffle (from 4.5).
        features: look at the encoder's features of stride 1 too (from 4.7).
        replace_mask: a block makes the mask anew (from 4.7) instead of correcting it.
        hidden: channels that a block hands to the next one (8 from 4.21).
        restart_above: where the second block moves something to both sides by more than so many
            pixels, everything is looked for once more at half the resolution (32 in 4.0 and 4.1).
        flow_scale: look for motion at this fraction of the resolution; 0.5 is usual for 4K. The
            weights are the same.

    Example:
        >>> import torch
        >>> flow = IFNetV4(Upstream("flow 'ifnet-v4'"), channels=(16, 8, 8, 8))
        >>> flow(torch.rand(1, 2, 3, 64, 96), {}, None, 0.25).flow.shape
        torch.Size([1, 2, 2, 64, 96])

    Source: https://github.com/hzwer/Practical-RIFE.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        channels: tuple[int, ...] = (192, 128, 96, 64),
        scales: tuple[int, ...] = (8, 4, 2, 1),
        body: Body = "residual",
        groups: int = 1,
        shuffle: bool = True,
        features: bool = False,
        replace_mask: bool = False,
        hidden: int = 0,
        restart_above: float | None = None,
        flow_scale: float = 1.0,
    ) -> None:
        super().__init__(upstream)
        if len(channels) != len(scales):
            raise upstream.refuse(
                f"needs one width per scale, got channels={channels} and scales={scales}"
            )
        if hidden < 0:
            raise upstream.refuse(f"needs hidden to be 0 or more, got {hidden}")
        if groups != 1 and body != "residual":
            raise upstream.refuse(f"has groups={groups} in a residual body only, got body={body!r}")
        self.stride, self.scales = 1, scaled(upstream, scales, flow_scale)
        self.multiple = math.ceil(math.lcm(*(4 * scale for scale in scales)) / min(flow_scale, 1))
        self.replace_mask = replace_mask
        self.restart_above = restart_above
        self.traceable = restart_above is None  # whether to restart depends on the pictures
        self.features = features
        looked_at = PICTURES + 1 + (2 * upstream.features(stride=1).channels if features else 0)
        self.blocks = nn.ModuleList(
            IFBlock(
                looked_at + (MOTION + hidden if depth else 0),
                width,
                # Published blocks make a channel or a hidden state more than anybody reads. Nothing
                # could ever teach those weights, so they are left out here, and on import.
                outputs=MOTION + (hidden if depth < len(channels) - 1 else 0),
                body=body,
                groups=groups,
                shuffle=shuffle,
            )
            for depth, width in enumerate(channels)
        )

    @property
    def countable(self) -> bool:
        """Always: where there are no values, there is no second look."""
        return True

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`."""
        sources = (references, taps[1]) if self.features else (references,)
        if self.restart_above is None:
            return self._estimate(sources, time, self.scales)[0]
        return self._restarting(sources, time, self.restart_above)

    def _estimate(
        self, sources: Sources, time: float, scales: tuple[float, ...]
    ) -> tuple[Motion, Tensor]:
        """Motion from (B, 2, C, H, W) pictures and features; and the second block's correction."""
        blocks = cast("Sequence[IFBlock]", self.blocks)
        block, scale = blocks[0], scales[0]
        seen = [rescale(rearrange(x, "b p c h w -> b (p c) h w"), 1 / scale) for x in sources]
        seen.append(torch.full_like(seen[0][:, :1], time))
        made = block.correct(seen, None, scale=scale)
        flow, mask, hidden = _parts(made, block.enlarge(scale))
        estimates, second = [as_motion(flow, mask)], flow
        for i, (block, scale) in enumerate(zip(blocks[1:], scales[1:], strict=True)):
            seen = [warped_at(source, flow, scale) for source in sources]
            seen += [torch.full_like(seen[0][:, :1], time), rescale(mask, 1 / scale)]
            if hidden.shape[1]:
                seen.append(hand_on(hidden, blocks[i].enlarge(scales[i]), scale))
            made = block.correct(seen, flow, scale=scale)
            more_flow, more_mask, hidden = _parts(made, block.enlarge(scale))
            flow = flow + more_flow
            mask = more_mask if self.replace_mask else mask + more_mask
            second = more_flow if len(estimates) == 1 else second
            estimates.append(as_motion(flow, mask))
        return estimates[-1]._replace(coarser=tuple(estimates[:-1])), second

    def _restarting(self, sources: Sources, time: float, above: float) -> Motion:
        """Picture by picture, so that one's large motion leaves another's estimate alone."""
        alone = zip(*(source.chunk(len(source)) for source in sources), strict=True)
        return _stack([self._restart_one(one, time, above) for one in alone])

    def _restart_one(self, sources: Sources, time: float, above: float) -> Motion:
        motion, second = self._estimate(sources, time, self.scales)
        if second.is_meta or not all(
            bool(side.abs().max() > above) for side in second.chunk(2, dim=1)
        ):
            return motion
        # At twice the scales twice the multiple is needed; the picture has been padded for one.
        size = (sources[0].shape[-2], sources[0].shape[-1])
        doubled = tuple(2 * scale for scale in self.scales)
        padded = tuple(pad_to_multiple(source, 2 * self.multiple) for source in sources)
        return _cropped(self._estimate(padded, time, doubled)[0], size)


def _parts(made: Tensor, enlarge: float) -> tuple[Tensor, Tensor, Tensor]:
    """Flow and mask logit at full size, and the hidden state as it is; it may have no channels."""
    found = rescale(made[:, :MOTION], enlarge)
    return found[:, :FLOW], found[:, FLOW:], made[:, MOTION:]


def _stack(motions: list[Motion]) -> Motion:
    if len(motions) == 1:
        return motions[0]
    return Motion(
        torch.cat([motion.flow for motion in motions]),
        torch.cat([motion.logits for motion in motions]),
        tuple(_stack(list(level)) for level in zip(*(m.coarser for m in motions), strict=True)),
    )


def _cropped(motion: Motion, size: tuple[int, int]) -> Motion:
    return Motion(
        crop_to(motion.flow, size),
        crop_to(motion.logits, size),
        tuple(_cropped(level, size) for level in motion.coarser),
    )

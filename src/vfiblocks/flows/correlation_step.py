"""One scale of the correlation cascade."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.flows.if_block import ScaledResidual
from vfiblocks.layers import Join, conv3x3, initialise_kaiming, initialise_small
from vfiblocks.ops import backward_warp, centre_locally, local_correlation, resize, resize_flow
from vfiblocks.ports import Upstream
from vfiblocks.states import Motion

OUTPUTS = 6
"""Of one field: flow left, flow right, logit left, logit right."""

SLOPE = 0.2

APART = 1e-2
"""Starting scale of the heads of further fields, ten times that of the first: fields that start
alike get equal gradients and stay alike."""

CALM = 0.3
"""Starting scale of what a residual block adds. At 1, four blocks make noise four times as large
and six eight times, step after step, and the near-zero heads behind them say pixels instead of
hundredths; at 0.3 it keeps its size."""


class Reached(NamedTuple):
    """What a step hands to the next.

    Attributes:
        motion: so far.
        features: (B, C, h, w) on its grid.
    """

    motion: Motion
    features: Tensor


def check_steps(
    upstream: Upstream,
    strides: Sequence[int],
    channels: Sequence[int],
    blocks: Sequence[int],
    radii: Sequence[int],
) -> None:
    """See that options describe steps, from coarse to fine.

    Raises:
        AssemblyError: they do not, in the name of the part that ``upstream`` is for.
    """
    if not strides or any(a <= b for a, b in pairwise(strides)):
        raise upstream.refuse(f"refines from coarse to fine, got strides={strides}")
    if not len(strides) == len(channels) == len(blocks) == len(radii):
        raise upstream.refuse(
            f"needs one width, number of blocks and radius per stride, got strides={strides}, "
            f"channels={channels}, blocks={blocks} and radii={radii}"
        )
    if min(*blocks, *radii) < 0:
        raise upstream.refuse(
            f"needs blocks and radii of 0 or more, got blocks={blocks} and radii={radii}"
        )


class CorrelationStep(nn.Module):
    """Corrects motion at one scale: aligns what it sees by the motion so far, compares, convolves.

    Args:
        tap: channels of the references' features at this scale.
        channels: width.
        blocks: residual blocks.
        before: channels of the step before; None for the first one, which starts from no motion.
        radius: of the correlation, in cells; 0 leaves it out.
        fields: how many motions to give; further ones go to ``Motion.others``.
        context: channels of the context; None without one.
        bound: largest change of half the motion between the references, in cells.

    Example:
        >>> first = CorrelationStep(16, channels=12, blocks=1)
        >>> second = CorrelationStep(8, channels=8, blocks=1, before=12, fields=2)
        >>> reached = first(torch.rand(1, 2, 16, 4, 6), None, None, 0.5)
        >>> reached = second(torch.rand(1, 2, 8, 8, 12), reached, None, 0.5)
        >>> reached.motion.flow.shape, len(reached.motion.others), reached.features.shape
        (torch.Size([1, 2, 2, 8, 12]), 1, torch.Size([1, 8, 8, 12]))
    """

    def __init__(
        self,
        tap: int,
        *,
        channels: int,
        blocks: int,
        before: int | None = None,
        radius: int = 4,
        fields: int = 1,
        context: int | None = None,
        bound: float = 4.0,
    ) -> None:
        super().__init__()
        self.radius, self.bound = radius, bound
        costs = (2 * radius + 1) ** 2 if radius else 0
        inputs = 2 * tap + costs + 1  # the time
        self.bring = None
        if before is not None:
            inputs += channels + OUTPUTS
            self.bring = nn.Conv2d(before, channels, 1)
        self.join = Join()
        self.first = conv3x3(inputs, channels, slope=SLOPE)
        self.body = nn.Sequential(*(ScaledResidual(channels) for _ in range(blocks)))
        self.heads = nn.ModuleList(nn.Conv2d(channels, OUTPUTS, 3, 1, 1) for _ in range(fields))
        initialise_kaiming(self, slope=SLOPE)
        for block in self.body:
            assert isinstance(block, ScaledResidual)
            nn.init.constant_(block.beta, CALM)
        for depth, head in enumerate(self.heads):
            assert isinstance(head, nn.Conv2d)
            initialise_small(head, std=APART if depth else 1e-3)
        self.inject = None
        if context is not None:
            # Zero, not small: with context a model is at first its own two-frame model.
            self.inject = nn.Conv2d(context, channels, 1, bias=False)
            nn.init.zeros_(self.inject.weight)

    def start_still(self) -> None:
        """Let the first change of everything be exactly nothing, not nearly."""
        for head in self.heads:
            assert isinstance(head, nn.Conv2d)
            nn.init.zeros_(head.weight)

    def forward(
        self, tap: Tensor, reached: Reached | None, context: Tensor | None, time: float
    ) -> Reached:
        """Correct.

        Args:
            tap: (B, 2, C, h, w), the references' features.
            reached: by the step before, on a coarser grid; None in the first step.
            context: (B, D, h', w'), of any size; None without one.
            time: where the target lies between the references.
        """
        size = (tap.shape[-2], tap.shape[-1])
        seen: list[Tensor] = []
        so_far = None
        if reached is not None and self.bring is not None:
            so_far = Motion(
                resize_flow(reached.motion.flow, size), resize(reached.motion.logits, size)
            )
            tap = backward_warp(tap, so_far.flow)
            seen += [
                resize(self.bring(reached.features), size),
                rearrange(so_far.flow / self.bound, "b p c h w -> b (p c) h w").to(tap.dtype),
                rearrange(so_far.logits, "b p c h w -> b (p c) h w").to(tap.dtype),
            ]
        if self.radius:
            left, right = centre_locally(tap, radius=self.radius).unbind(1)
            seen.append(local_correlation(left, right, radius=self.radius, time=time))
        seen.append(rearrange(tap, "b p c h w -> b (p c) h w"))
        seen.append(torch.full_like(seen[-1][:, :1], time))
        x: Tensor = self.first(self.join(*seen))
        if self.inject is not None and context is not None:
            x = x + resize(self.inject(context), size)
        x = self.body(x)
        first, *others = (self._change(head(x), so_far, time) for head in self.heads)
        return Reached(first._replace(others=tuple(others)), x)

    def _change(self, outputs: Tensor, so_far: Motion | None, time: float) -> Motion:
        """What a head says, added to the motion so far, in float32 at least.

        In bfloat16 a sum of 10 pixels is rounded to 1/16 of a pixel. Flow grows with the distance
        in time: a target next to a reference is seen there at nearly the same place, and motion
        that was learnt at the midpoint holds elsewhere.
        """
        outputs = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        flow = rearrange(outputs[:, :4], "b (p c) h w -> b p c h w", p=2)
        logits = rearrange(outputs[:, 4:], "b (p c) h w -> b p c h w", p=2)
        shares = torch.stack(
            (torch.full_like(flow[:, 0], 2 * time), torch.full_like(flow[:, 1], 2 - 2 * time)),
            dim=1,
        )
        flow = shares * self.bound * torch.tanh(flow / self.bound)
        if so_far is None:
            return Motion(flow, logits)
        return Motion(so_far.flow + flow, so_far.logits + logits)

"""Weightless motion as a start, and a learned correction on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from einops import rearrange
from torch import Tensor, nn

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.classical import Classical
from vfiblocks.flows.correlation_step import CorrelationStep, Reached, check_steps
from vfiblocks.ops import backward_warp, resize, resize_flow, shrink
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion

WARPED = 6
"""Channels that the first step is handed: both references, brought to the target."""


@FLOWS.register("classical-corrected")
class ClassicalCorrected(FlowEstimator):
    """What `classical` finds, corrected by steps that see the references aligned by it.

    The steps are those of `correlation-cascade`. They work on coarser grids and start from the
    weightless motion; what they change is enlarged and added to it at full resolution, so that its
    sharp edges stay. Their heads start at zero: before training the motion is that of
    `classical`, and training goes on from there.

    Args:
        strides: of the steps, coarsest first; the encoder has to have features there.
        channels: width of each step.
        blocks: residual blocks of each step.
        radii: of each step's correlation, in cells; 0 leaves it out there.
        bound: by how many cells one step may move each half of the motion.

    Source: learning what is left over of a given flow, IQ-VFI (Hu et al., CVPR 2024).

    Example:
        >>> import torch
        >>> upstream = Upstream("flow", encoder="pixels", taps={2: 3, 4: 3})
        >>> pictures = torch.rand(1, 2, 3, 32, 48)
        >>> taps = {s: shrink(pictures, s) for s in (2, 4)}
        >>> flow = ClassicalCorrected(upstream, channels=(12, 8))
        >>> motion = flow(pictures, taps, None, 0.5)
        >>> motion.flow.shape, len(motion.coarser)
        (torch.Size([1, 2, 2, 32, 48]), 1)
    """

    traceable = False

    prior: ClassVar[type[Classical]] = Classical
    """What gives the motion that is corrected."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        strides: tuple[int, ...] = (4, 2),
        channels: tuple[int, ...] = (64, 48),
        blocks: tuple[int, ...] = (3, 2),
        radii: tuple[int, ...] = (0, 0),
        bound: float = 4.0,
    ) -> None:
        super().__init__(upstream)
        check_steps(upstream, strides, channels, blocks, radii)
        if bound <= 0:
            raise upstream.refuse(f"moves by more than nothing, got bound={bound}")
        self.stride, self.strides = 1, strides
        self.start = self.prior(upstream)
        self.steps = nn.ModuleList(
            CorrelationStep(
                upstream.features(stride=stride).channels,
                channels=channels[depth],
                blocks=blocks[depth],
                before=channels[depth - 1] if depth else WARPED,
                radius=radii[depth],
                bound=bound,
            )
            for depth, stride in enumerate(strides)
        )
        for step in cast("Sequence[CorrelationStep]", self.steps):
            step.start_still()

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`. Gradients reach the correction alone."""
        start: Motion = self.start(references, taps, context, time)
        warped = rearrange(backward_warp(references, start.flow), "b p c h w -> b (p c) h w")
        on_grid = {stride: _coarser(start, stride) for stride in self.strides}
        first = self.strides[0]
        reached = Reached(on_grid[first], shrink(warped, first))
        changes: list[Motion] = []
        steps = cast("Sequence[CorrelationStep]", self.steps)
        for step, stride in zip(steps, self.strides, strict=True):
            if changes:
                reached = reached._replace(motion=_add(on_grid[stride], changes[-1]))
            reached = step(taps[stride], reached, None, time)
            changes.append(_subtract(reached.motion, on_grid[stride]))
        corrected = _add(start, changes[-1])
        return corrected._replace(coarser=(start,))


def _coarser(motion: Motion, stride: int) -> Motion:
    """Motion on a grid ``stride`` times coarser, in its pixels."""
    return Motion(shrink(motion.flow, stride) / stride, shrink(motion.logits, stride))


def _add(motion: Motion, change: Motion) -> Motion:
    """A change on any coarser grid, enlarged and added."""
    size = (motion.flow.shape[-2], motion.flow.shape[-1])
    return Motion(
        motion.flow + resize_flow(change.flow, size), motion.logits + resize(change.logits, size)
    )


def _subtract(motion: Motion, other: Motion) -> Motion:
    return Motion(motion.flow - other.flow, motion.logits - other.logits)

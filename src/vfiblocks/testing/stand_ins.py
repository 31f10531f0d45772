"""The plainest possible part for each stage, to put around the one under test.

They offer everything and read whatever is on offer, so that a part is judged on its own and not on
its neighbours. None is registered: they exist in tests only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.blenders.base import Blender
from vfiblocks.encoders.base import Encoder
from vfiblocks.flows.base import FlowEstimator
from vfiblocks.ops import backward_warp, resize, resize_flow, shrink
from vfiblocks.ports import Signal, Upstream
from vfiblocks.refiners.base import Refiner
from vfiblocks.states import Context, Draft, Motion
from vfiblocks.window import Window

TAPS = {1: 8, 2: 16, 4: 24, 8: 32, 16: 40, 32: 48}
"""Channels differ, so that reading the wrong tap shows; eights, so that groups divide them."""


class StandInEncoder(Encoder):
    """Area averages through one 1x1 convolution per stride."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(upstream)
        self.heads = nn.ModuleDict({str(s): nn.Conv2d(3, c, 1) for s, c in TAPS.items()})

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return {int(s): TAPS[int(s)] for s in self.heads}

    def prune(self, strides: Collection[int]) -> None:
        """Drop the heads that are not read."""
        for stride in set(self.taps) - set(strides):
            del self.heads[str(stride)]

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """See :class:`Encoder`."""
        return {s: self.heads[str(s)](shrink(images, s)) for s in strides}


class StandInAggregator(Aggregator):
    """Plain mean of what exists, at the deepest stride on offer up to 16, or as it is asked for."""

    def __init__(
        self, upstream: Upstream, *, stride: int | None = None, channels: int | None = None
    ) -> None:
        super().__init__(upstream)
        clip = upstream.clip(stride=stride or max(s for s in upstream.taps if s <= 16))
        self.signal = Signal(channels or clip.channels, clip.stride)
        self.order = [k % clip.channels for k in range(self.signal.channels)]

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """See :class:`Aggregator`."""
        present = clip.new_ones(clip.shape[:2]) if valid is None else valid.to(clip.dtype)
        weights = present / present.sum(1, keepdim=True)
        mean = torch.einsum("bt,btchw->bchw", weights, clip)
        return Context(mean[:, self.order], weights)


class StandInFlow(FlowEstimator):
    """A few pixels of motion that depend on everything on offer."""

    def __init__(self, upstream: Upstream, *, stride: int = 4) -> None:
        super().__init__(upstream)
        self.stride = stride
        self.read = [upstream.features(stride=s).stride for s in upstream.taps]
        upstream.context()

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """See :class:`FlowEstimator`."""
        size = (references.shape[-2] // self.stride, references.shape[-1] // self.stride)
        seen = shrink(references, self.stride).mean(-3, keepdim=True)  # (B, 2, 1, h, w)
        for stride in self.read:
            seen = seen + resize(taps[stride].mean(-3, keepdim=True), size)
        if context is not None:
            seen = seen + resize(context.features.mean(-3, keepdim=True), size)[:, None]
        return Motion(torch.cat((seen.sin(), seen.cos()), dim=-3) * 4 * time, seen)


class StandInBlender(Blender):
    """Mean of the warped references on the motion's grid."""

    def __init__(self, upstream: Upstream, *, stride: int | None = None) -> None:
        super().__init__(upstream)
        self.stride = upstream.motion() if stride is None else stride

    def forward(
        self, references: Tensor, motion: Motion, context: Context | None, time: float
    ) -> Draft:
        """See :class:`Blender`."""
        pictures = shrink(references, self.stride)
        flow = resize_flow(motion.flow, (pictures.shape[-2], pictures.shape[-1]))
        warped = backward_warp(pictures, flow)
        return Draft(warped.mean(1), warped)


class StandInRefiner(Refiner):
    """The draft enlarged."""

    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """See :class:`Refiner`."""
        return resize(draft.image, (references.shape[-2], references.shape[-1]))

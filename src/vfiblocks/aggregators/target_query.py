"""One query at the target, which looks into every frame along the motion."""

from __future__ import annotations

from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.aggregators.coarse_motion import CoarseMotion, Course, seen_at_target
from vfiblocks.aggregators.curvature import Curvature
from vfiblocks.aggregators.following import follow
from vfiblocks.aggregators.query_layer import Frames, QueryLayer
from vfiblocks.layers import ChannelNorm
from vfiblocks.ops import (
    backward_warp,
    centre_locally,
    local_correlation,
    sinusoidal_positions,
)
from vfiblocks.ports import Signal, Upstream
from vfiblocks.registry import AGGREGATORS
from vfiblocks.states import Context
from vfiblocks.window import Window

CENTRED = 4
"""Cells around whose mean is taken off what is matched."""

NEARBY = 2
"""How far around an aligned place evidence is gathered, in cells."""

TIMES = 32
"""Channels of the code of a moment."""

SLOWEST = 100.0
"""Base of the slowest wave in it; the fastest turns once in 2 pi half gaps."""


@AGGREGATORS.register("target-query")
class TargetQuery(Aggregator):
    """Attention of the target over all frames, cell by cell, along coarse motion.

    What the two references show is matched at the target, and the motion found is continued in a
    line, along which content is followed to every other frame. There, where they should show what
    the target shows, frames are sampled, and a query at the target chooses: per cell and head,
    among some samples of every frame and a null token, for cells where no frame helps.

    Norm and projections of a frame need no window and are kept by a stream. Everything else counts
    time from the target in gaps between the references, so neither the unit of time nor its origin
    matters. The context does depend on the target.

    ``Context.weights`` is how the last layer's attention is divided among the frames, in the mean
    over cells, heads and samples. What went to the null token is left out, and the rest divided by
    what is left, so that cells which took little from any frame count for little.

    The context comes at unit scale. Flow estimators are to let it in through a projection that
    starts at zero; for those that read it as it is there is ``gate``.

    Args:
        layers: how many.
        dim: channels D of query and context.
        heads: must divide ``dim``.
        samples: per frame.
        match: channels that are compared to find motion.
        radius: largest motion between the references, in cells; 0 assumes that nothing moves.
        curvature: bend the line by what the next frame on each side shows, through a gate that
            starts at zero.
        follow: how far around the line, and around where it was in the frame before, content is
            searched in frames beyond the references, in cells; 0 keeps to the line.
        reach: largest learned offset of a sample, in cells; 0 for none.
        expansion: of the feed-forward network.
        stride: of the features read.
        gate: start the context at zero through a learned gain per channel.

    Source: sampling by learned offsets, Deformable DETR (Zhu et al., ICLR 2021); guided by flow,
    RVRT (Liang et al., NeurIPS 2022).

    Example:
        >>> upstream = Upstream("aggregator 'target-query'", encoder="two-stems", taps={16: 192})
        >>> context = TargetQuery(upstream)(
        ...     torch.rand(1, 14, 192, 4, 6), Window.hole(15, 8), valid=None)
        >>> context.features.shape, context.weights.sum().isclose(torch.tensor(1.0))
        (torch.Size([1, 192, 4, 6]), tensor(True))
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        layers: int = 2,
        dim: int = 192,
        heads: int = 6,
        samples: int = 4,
        match: int = 64,
        radius: int = 8,
        curvature: bool = False,
        follow: int = 1,
        reach: float = 2.0,
        expansion: int = 4,
        stride: int = 16,
        gate: bool = False,
    ) -> None:
        super().__init__(upstream)
        clip = upstream.clip(stride=stride)
        if min(layers, dim, heads, samples, match, expansion) < 1 or dim % heads:
            raise upstream.refuse(
                "needs positive sizes and a dim that heads divides, got "
                f"layers={layers}, dim={dim}, heads={heads}, samples={samples}, match={match}, "
                f"expansion={expansion}"
            )
        if min(radius, follow, reach) < 0:
            raise upstream.refuse(
                f"searches 0 or more cells around, got radius={radius}, follow={follow} and "
                f"reach={reach}"
            )
        self.signal = Signal(dim, stride)
        self.dim, self.match, self.follow = dim, match, follow
        self.norm = ChannelNorm(clip.channels)
        self.project = nn.Conv2d(clip.channels, match + 2 * dim, 1)
        self.motion = CoarseMotion(radius)
        self.curvature = Curvature() if curvature else None
        self.times = nn.Sequential(nn.Linear(TIMES, dim), nn.GELU(), nn.Linear(dim, 2 * dim))
        cues = CoarseMotion.CUES + (Curvature.CUES if curvature else 0)
        self.begin = nn.Conv2d(2 * dim + cues, dim, 1)
        self.layers = nn.ModuleList(
            QueryLayer(
                dim,
                heads=heads,
                samples=samples,
                reach=reach,
                evidence=(2 * NEARBY + 1) ** 2,
                times=TIMES,
                expansion=expansion,
            )
            for _ in range(layers)
        )
        self.out_norm = ChannelNorm(dim)
        self.gate = nn.Parameter(torch.zeros(dim, 1, 1)) if gate else None

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Aggregate; see :class:`Aggregator`."""
        if valid is not None:  # here as well, or the gradient of what is missing would be NaN
            clip = torch.where(valid[:, :, None, None, None], clip, 0.0)
        states = self.prepare(rearrange(clip, "b t c h w -> (b t) c h w"))
        return self.aggregate(
            rearrange(states, "(b t) d h w -> b t d h w", t=len(window)), window, valid
        )

    def prepare(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to what is matched, keys and values: (N, M + 2 D, h, w)."""
        projected = self.project(self.norm(features))
        match = centre_locally(projected[:, : self.match], radius=CENTRED)
        return torch.cat((match, projected[:, self.match :]), dim=1)

    def aggregate(self, states: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Aggregate what :meth:`prepare` made of each frame, (B, T, M + 2 D, h, w)."""
        if valid is not None:
            states = torch.where(valid[:, :, None, None, None], states, 0.0)
        course = self.course(states, window, valid)
        keys, values = states[:, :, self.match :].chunk(2, dim=2)
        key_times, value_times = self.times(codes := self._codes(window, states)).chunk(2, dim=1)
        missing = None if valid is None else ~valid
        evidence = self._evidence(states, course, window)
        frames = Frames(keys, values, course.flow, evidence, codes, key_times, value_times, missing)
        pair = list(window.references)
        seen = backward_warp(values[:, pair], course.flow[:, pair], padding="zeros")
        query = self.begin(torch.cat((seen.flatten(1, 2), course.cues.to(seen.dtype)), dim=1))
        shares = None
        for layer in self.layers:
            query, shares = layer(query, frames)
        assert shares is not None
        features = cast(Tensor, self.out_norm(query))
        weights = _weights(shares, valid).to(features.dtype)
        return Context(features if self.gate is None else self.gate * features, weights)

    def course(self, states: Tensor, window: Window, valid: Tensor | None) -> Course:
        """Motion through the target to every frame: (B, T, 2, h, w) in cells, and what was found.

        Args:
            states: (B, T, M + 2 D, h, w) from :meth:`prepare`.
            window: when the frames were taken.
            valid: (B, T) bool; None if all frames exist. Missing frames have zeros for states.
        """
        match = self._matched(states)
        course: Course = self.motion(match, window)
        sharpness = self.motion.sharpness
        if self.curvature is not None:
            course = self.curvature(course, match, window, valid, sharpness)
        if self.follow:
            course = follow(course, match, window, valid, radius=self.follow, sharpness=sharpness)
        return course

    def _matched(self, states: Tensor) -> Tensor:
        """(B, T, M, h, w), in float32 at least: half precision would make motion uncertain."""
        match = states[:, :, : self.match]
        return match.to(torch.promote_types(match.dtype, torch.float32))

    def _evidence(self, states: Tensor, course: Course, window: Window) -> Tensor:
        """(B, T, E, h, w): how alike target and frame are around where motion leads."""
        match = self._matched(states)
        target = seen_at_target(match, course.flow, window)[:, None].expand_as(match)
        aligned = backward_warp(match, course.flow, padding="zeros")
        return local_correlation(target, aligned, radius=NEARBY)

    @staticmethod
    def _codes(window: Window, like: Tensor) -> Tensor:
        """(T, F), of when each frame was taken, in half gaps from the target."""
        left, right = (window.positions[i] for i in window.references)
        return sinusoidal_positions(
            [2 * (p - window.target) / (right - left) for p in window.positions],
            TIMES,
            max_period=SLOWEST,
            device=like.device,
            dtype=like.dtype,
        )


def _weights(shares: Tensor, valid: Tensor | None) -> Tensor:
    """(B, T): shares (B, T, S, n, h, w), as logarithms, summed and normalised over the frames.

    By logarithms to the end: where the null token takes all, what is left may be too small for a
    float, and is divided all the same.
    """
    if valid is None:
        return shares.flatten(2).logsumexp(2).softmax(1)
    # No -inf enters the sum, whose gradient there would be NaN.
    missing = ~valid
    finite = shares.masked_fill(missing[:, :, None, None, None, None], 0.0)
    return finite.flatten(2).logsumexp(2).masked_fill(missing, float("-inf")).softmax(1)

"""A query at the target looks into every frame, along the motion through it."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from vfiblocks.layers import ChannelNorm
from vfiblocks.ops import backward_warp


class Frames(NamedTuple):
    """What the query looks into, and where.

    Attributes:
        keys: (B, T, D, h, w).
        values: (B, T, D, h, w).
        flow: (B, T, 2, h, w), (dx, dy) in cells from the target to each frame.
        evidence: (B, T, E, h, w), how alike target and frame are around there.
        times: (T, F), codes of when each frame was taken.
        key_times: (T, D), what that adds to the keys.
        value_times: (T, D), what it adds to the values.
        missing: (B, T) bool; None if all frames exist.
    """

    keys: Tensor
    values: Tensor
    flow: Tensor
    evidence: Tensor
    times: Tensor
    key_times: Tensor
    value_times: Tensor
    missing: Tensor | None


class QueryLayer(nn.Module):
    """Attention of every target cell over some samples of every frame and a null token.

    A frame is sampled where motion leads, and at places around that are learned: offsets depend on
    the query, on when the frame was taken, and on how alike target and frame are around the place.
    At first they are zero. Then the query's neighbours are looked at, and each cell by itself.

    Args:
        dim: channels D of the query.
        heads: must divide ``dim``.
        samples: per frame.
        reach: largest learned offset, in cells; 0 for none.
        evidence: channels of ``Frames.evidence``.
        times: channels of ``Frames.times``.
        expansion: of the feed-forward network.
        hidden: width of what the offsets are made from.
    """

    start: Tensor

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        samples: int,
        reach: float,
        evidence: int,
        times: int,
        expansion: int,
        hidden: int = 32,
    ) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.scale = (dim // heads) ** -0.5
        self.norm = ChannelNorm(dim)
        self.query = nn.Conv2d(dim, dim, 1)
        self.null_key = nn.Parameter(torch.randn(dim) / math.sqrt(dim))
        self.null_value = nn.Parameter(torch.zeros(dim))
        self.out = nn.Conv2d(dim, dim, 1)
        self.feed_forward = nn.Sequential(
            nn.Conv2d(dim, dim, 5, 1, 2, groups=dim),
            ChannelNorm(dim),
            nn.Conv2d(dim, expansion * dim, 1),
            nn.GELU(),
            nn.Conv2d(expansion * dim, dim, 1),
        )
        self.register_buffer("start", _around(samples), persistent=False)
        self.steer = Steering(dim, evidence, times, samples, hidden) if reach else None

    def forward(self, query: Tensor, frames: Frames) -> tuple[Tensor, Tensor]:
        """Look.

        Args:
            query: (B, D, h, w).
            frames: T of them.

        Returns:
            The query, changed, and (B, T, S, n, h, w), the logarithms of what each sample got of
            each head's attention: -inf in missing frames, and less than 1 in all, since the null
            token gets the rest.
        """
        looking = self.norm(query)
        places = self._places(looking, frames)
        q = rearrange(self.query(looking), "b (n d) h w -> b n d h w", n=self.heads) * self.scale
        shares, idle = self._shares(q, places, frames)
        found = self._found(shares.exp(), idle.exp(), places, frames)
        query = query + self.out(found.to(query.dtype))
        return query + self.feed_forward(query), shares

    def _places(self, looking: Tensor, frames: Frames) -> list[Tensor]:
        """Flow from the target to each sample: S of (B, T, 2, h, w)."""
        offsets = self.start.to(frames.flow.dtype).view(-1, 1, 1, 2, 1, 1)
        if self.steer is not None:
            learned = torch.tanh(self.steer(looking, frames).to(frames.flow.dtype))
            offsets = offsets + self.reach * rearrange(learned, "b t (s c) h w -> s b t c h w", c=2)
        return [frames.flow + offset for offset in offsets.unbind(0)]

    def _shares(self, q: Tensor, places: list[Tensor], frames: Frames) -> tuple[Tensor, Tensor]:
        """Logarithms of the softmax: (B, T, S, n, h, w) of samples, (B, n, h, w) of the null token.

        ``q`` is (B, n, d, h, w). One sample of all frames at a time: all samples of them at once
        would be the largest map of the model.
        """
        wide = torch.promote_types(q.dtype, torch.float32)
        times = rearrange(frames.key_times, "t (n d) -> t n d", n=self.heads)
        by_time = torch.einsum("bndhw,tnd->btnhw", q, times.to(q.dtype))
        scores = []
        for place in places:
            keys = backward_warp(frames.keys, place, padding="zeros")
            keys = rearrange(keys, "b t (n d) h w -> b t n d h w", n=self.heads)
            scores.append((q[:, None] * keys).sum(3, dtype=wide) + by_time)
        stacked = torch.stack(scores, dim=2)
        if frames.missing is not None:
            gone = frames.missing[:, :, None, None, None, None]
            stacked = stacked.masked_fill(gone, float("-inf"))
        null = rearrange(self.null_key, "(n d) -> n d 1 1", n=self.heads)
        idle = (q * null).sum(2, dtype=wide)
        shares = torch.cat((stacked.flatten(1, 2), idle[:, None]), dim=1).log_softmax(dim=1)
        samples = rearrange(shares[:, :-1], "b (t s) n h w -> b t s n h w", s=len(places))
        return samples, shares[:, -1]

    def _found(self, shares: Tensor, idle: Tensor, places: list[Tensor], frames: Frames) -> Tensor:
        """(B, D, h, w): what lies at the samples, by share."""
        null = rearrange(self.null_value, "(n d) -> n d 1 1", n=self.heads)
        times = rearrange(frames.value_times, "t (n d) -> t n d", n=self.heads).to(shares.dtype)
        found = null * idle[:, :, None] + torch.einsum("btnhw,tnd->bndhw", shares.sum(2), times)
        for place, share in zip(places, shares.unbind(2), strict=True):
            values = backward_warp(frames.values, place, padding="zeros")
            values = rearrange(values, "b t (n d) h w -> b t n d h w", n=self.heads)
            found = found + (share[:, :, :, None] * values).sum(1)
        return rearrange(found, "b n d h w -> b (n d) h w")


class Steering(nn.Module):
    """Learned offsets of the places that are looked at, before their bound; zero at first."""

    def __init__(self, dim: int, evidence: int, times: int, samples: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(dim, hidden, 1)
        self.evidence = nn.Conv2d(evidence, hidden, 1, bias=False)
        self.times = nn.Linear(times, hidden, bias=False)
        self.head = nn.Conv2d(hidden, 2 * samples, 1)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, looking: Tensor, frames: Frames) -> Tensor:
        """(B, T, 2 S, h, w), (dx, dy) of one sample after the other."""
        count = frames.flow.shape[1]
        seen = rearrange(frames.evidence, "b t e h w -> (b t) e h w").to(looking.dtype)
        hidden = rearrange(self.evidence(seen), "(b t) c h w -> b t c h w", t=count)
        hidden = hidden + self.query(looking)[:, None] + self.times(frames.times)[:, :, None, None]
        offsets: Tensor = self.head(F.gelu(hidden.flatten(0, 1)))
        return rearrange(offsets, "(b t) c h w -> b t c h w", t=count)


def _around(samples: int) -> Tensor:
    """(S, 2): the place itself, and the others evenly on a circle of one cell around it.

    Samples that start at one place would get equal gradients and never part.

    >>> _around(3).tolist()
    [[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    """
    angles = [2 * math.pi * i / (samples - 1) for i in range(samples - 1)]
    circle = [(round(math.cos(a), 6), round(math.sin(a), 6)) for a in angles]
    return torch.tensor([(0.0, 0.0), *circle])

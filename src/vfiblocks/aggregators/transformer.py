"""The LIFT-15 temporal transformer."""

from __future__ import annotations

from typing import cast

import torch
from einops import rearrange, reduce
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.layers import (
    ChannelNorm,
    DepthwiseSeparableConv,
    PatchEmbed,
    PatchUnembed,
    TemporalAttention,
)
from vfiblocks.ops import sinusoidal_positions
from vfiblocks.ports import Signal, Upstream
from vfiblocks.registry import AGGREGATORS
from vfiblocks.states import Context
from vfiblocks.window import Window


@AGGREGATORS.register("transformer")
class Transformer(Aggregator):
    """Attention over time at every place, then one weight per frame (LIFT-15 section 3).

    Features get a sinusoid of their original position, become tokens of ``patch`` x ``patch``
    cells, pass ``layers`` of attention, spatial mixing and feed-forward, and are summed with
    softmaxed importance scores, the alphas. The sum is un-patchified to the features' own stride
    (DECISIONS 5).

    Args:
        layers: how many.
        dim: token size D.
        heads: must divide ``dim``.
        window: full width of the attention window in units of position: a frame sees those at most
            half of it away on either side. None is full attention.
        patch: cell size P.
        expansion: of the feed-forward network.
        dropout: in training.
        stride: of the features read.
        normalise: bring features to unit scale before positions are added (DECISIONS 28).
        gate: start the context at zero through a learned gain per channel (DECISIONS 25).
        level: bring the context to unit scale at every place, whatever the layers make of it.
        checkpoint: trade time for memory in training: recompute each layer in the backward pass.

    Example:
        >>> import torch
        >>> upstream = Upstream("aggregator 'transformer'", encoder="pyramid", taps={16: 256})
        >>> context = Transformer(upstream)(
        ...     torch.rand(1, 14, 256, 4, 6), Window.hole(15, 8), valid=None)
        >>> context.features.shape, context.weights.sum().isclose(torch.tensor(1.0))
        (torch.Size([1, 256, 4, 6]), tensor(True))
    """

    uses_target = False

    def __init__(
        self,
        upstream: Upstream,
        *,
        layers: int = 3,
        dim: int = 256,
        heads: int = 8,
        window: int | float | None = None,
        patch: int = 2,
        expansion: int = 4,
        dropout: float = 0.1,
        stride: int = 16,
        normalise: bool = False,
        gate: bool = False,
        level: bool = False,
        checkpoint: bool = False,
    ) -> None:
        super().__init__(upstream)
        clip = upstream.clip(stride=stride)
        if min(layers, dim, heads, patch, expansion) < 1 or dim % heads or dim % 8:
            raise upstream.refuse(
                f"needs positive sizes and a dim that heads and 8 groups divide, got "
                f"layers={layers}, dim={dim}, heads={heads}, patch={patch}, expansion={expansion}"
            )
        if window is not None and window <= 0:
            raise upstream.refuse(f"needs a positive attention window or None, got {window}")
        if clip.channels % 2:
            raise upstream.refuse(f"adds sine and cosine in pairs, but reads {clip}")
        self.signal = Signal(clip.channels, stride)
        self.multiple = stride * patch
        self.reach = None if window is None else window / 2
        self.checkpoint = checkpoint
        self.norm = nn.GroupNorm(1, clip.channels) if normalise else nn.Identity()
        self.embed = PatchEmbed(clip.channels, dim, patch=patch)
        self.layers = nn.ModuleList(
            TransformerLayer(dim, heads=heads, expansion=expansion, dropout=dropout)
            for _ in range(layers)
        )
        self.importance = nn.Sequential(nn.Linear(dim, dim // 4), nn.GELU(), nn.Linear(dim // 4, 1))
        self.unembed = PatchUnembed(dim, clip.channels, patch=patch)
        self.level = ChannelNorm(clip.channels) if level else nn.Identity()
        self.gate = nn.Parameter(torch.zeros(clip.channels, 1, 1)) if gate else None

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Aggregate; see :class:`Aggregator`."""
        states = self.prepare(rearrange(clip, "b t c h w -> (b t) c h w"))
        return self.aggregate(
            rearrange(states, "(b t) d h w -> b t d h w", t=len(window)), window, valid
        )

    def prepare(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to tokens (N, D, h / patch, w / patch) that know no position yet."""
        return cast(Tensor, self.embed(self.norm(features)))

    def aggregate(self, states: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Aggregate tokens (B, T, D, h, w); see :class:`Aggregator`.

        The patch embedding is linear, so positions are added to the tokens, through its weights,
        instead of to the features: the same up to rounding, and tokens can be kept for windows in
        which the frame has another position.
        """
        tokens = rearrange(states + self._positions(window, states), "b t d h w -> b t h w d")
        allowed = self._allowed(window, valid, states.device)
        for layer in self.layers:
            if self.checkpoint and self.training:
                tokens = checkpoint(layer, tokens, allowed, use_reentrant=False)
            else:
                tokens = layer(tokens, allowed)
        scores = self.importance(reduce(tokens, "b t h w d -> b t d", "mean"))[..., 0]  # (B, T)
        if valid is not None:
            scores = scores.masked_fill(~valid, float("-inf"))
        alphas = scores.softmax(dim=1)
        pooled = torch.einsum("bt,bthwd->bdhw", alphas, tokens)
        features = cast(Tensor, self.level(self.unembed(pooled)))
        return Context(features if self.gate is None else self.gate * features, alphas)

    def _positions(self, window: Window, like: Tensor) -> Tensor:
        """(T, D, 1, 1): the tokens of the sinusoids, which are the same in every cell."""
        codes = sinusoidal_positions(
            window.positions, self.embed.in_channels, device=like.device, dtype=like.dtype
        )
        return F.linear(codes, self.embed.weight.sum(dim=(2, 3)))[:, :, None, None]

    def _allowed(self, window: Window, valid: Tensor | None, device: torch.device) -> Tensor | None:
        """(B or 1, T, T) bool: which frame may look at which; None if all may."""
        if self.reach is None and valid is None:
            return None
        frames = len(window)
        allowed = torch.ones(1, frames, frames, dtype=torch.bool, device=device)
        if self.reach is not None:
            # In Python's floats: rounded to float32, a frame just within reach may fall outside.
            near = [[abs(a - b) <= self.reach for b in window.positions] for a in window.positions]
            allowed = torch.tensor(near, device=device)[None]
        if valid is not None:
            # A missing frame may look at itself: a row without any key is NaN.
            itself = torch.eye(frames, dtype=torch.bool, device=device)
            allowed = allowed & valid[:, None, :] | itself
        return allowed


class TransformerLayer(nn.Module):
    """Temporal attention, spatial mixing, feed-forward, each with a residual (section 3.5).

    LayerNorm comes before attention as it does before the feed-forward network (DECISIONS 6).
    """

    def __init__(self, dim: int, *, heads: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = TemporalAttention(dim, heads=heads, dropout=dropout)
        self.spatial = DepthwiseSeparableConv(dim)
        self.spatial_norm = nn.GroupNorm(8, dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, expansion * dim),
            nn.GELU(),
            nn.Linear(expansion * dim, dim),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Tensor, allowed: Tensor | None) -> Tensor:
        """(B, T, h, w, D) in and out; ``allowed`` (B or 1, T, T) as in :class:`Transformer`."""
        batch, frames, height, width, _ = tokens.shape
        series = rearrange(tokens, "b t h w d -> (b h w) t d")
        if allowed is not None and allowed.shape[0] > 1:
            allowed = allowed.repeat_interleave(height * width, dim=0)
        mixed = self.attention(
            self.attention_norm(series), None if allowed is None else allowed[:, None]
        )
        series = series + mixed
        maps = rearrange(series, "(b h w) t d -> (b t) d h w", b=batch, h=height, w=width)
        maps = maps + self.spatial_norm(self.spatial(maps))
        tokens = rearrange(maps, "(b t) d h w -> b t h w d", t=frames)
        return cast(Tensor, tokens + self.feed_forward(tokens))

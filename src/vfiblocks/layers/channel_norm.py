"""Normalisation of every pixel on its own."""

from __future__ import annotations

from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each pixel of a map.

    Unlike GroupNorm it does not look at the rest of the map, so that padding, tiles and missing
    frames elsewhere change nothing here.

    Example:
        >>> import torch
        >>> ChannelNorm(16)(torch.rand(1, 16, 4, 6)).mean(dim=1).abs().max() < 1e-6
        tensor(True)
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape in and out, (N, C, h, w)."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)

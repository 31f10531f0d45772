"""Residual block with GroupNorm."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Conv, GroupNorm, ReLU, Conv, GroupNorm, plus the input (LIFT-15 section 6.4).

    GroupNorm looks at the whole map, so padding and tiling change its result a little everywhere.

    Example:
        >>> import torch
        >>> ResidualBlock(16)(torch.rand(1, 16, 5, 7)).shape
        torch.Size([1, 16, 5, 7])
    """

    def __init__(self, channels: int, *, groups: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1),
            nn.GroupNorm(groups, channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, 1, 1),
            nn.GroupNorm(groups, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Same shape in and out, (N, C, h, w)."""
        return x + cast(Tensor, self.body(x))

"""Depthwise-separable convolution."""

from __future__ import annotations

from torch import nn


class DepthwiseSeparableConv(nn.Sequential):
    """3x3 per channel, then 1x1 across channels (LIFT-15 section 3.5).

    Example:
        >>> import torch
        >>> DepthwiseSeparableConv(16)(torch.rand(1, 16, 5, 7)).shape
        torch.Size([1, 16, 5, 7])
    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, 1, 1, groups=channels),
            nn.Conv2d(channels, channels, 1),
        )

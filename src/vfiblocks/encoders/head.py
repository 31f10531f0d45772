"""The feature head of RIFE's versions from 4.7 on."""

from __future__ import annotations

from collections.abc import Collection

import torch.nn.functional as F
from torch import Tensor, nn

from vfiblocks.encoders.base import Encoder
from vfiblocks.ports import Upstream
from vfiblocks.registry import ENCODERS


@ENCODERS.register("head")
class Head(Encoder):
    """A few features at full resolution, worked out at half of it (Practical-RIFE 4.7 and later).

    Args:
        channels: of the features.
        width: inside.
        depth: convolutions at half resolution; with none, the head is linear (4.7 to 4.9).

    Example:
        >>> import torch
        >>> encoder = Head(Upstream("encoder 'head'"))
        >>> encoder(torch.rand(1, 3, 32, 48), {1})[1].shape
        torch.Size([1, 8, 32, 48])

    Source: https://github.com/hzwer/Practical-RIFE.
    """

    typical_strides = (1,)

    def __init__(
        self, upstream: Upstream, *, channels: int = 8, width: int = 32, depth: int = 2
    ) -> None:
        super().__init__(upstream)
        if depth < 0:
            raise upstream.refuse(f"needs a depth of 0 or more, got {depth}")
        self.channels = channels
        self.down = nn.Conv2d(3, width, 3, 2, 1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(depth))
        self.up = nn.ConvTranspose2d(width, channels, 4, 2, 1)

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return {1: self.channels}

    def prune(self, strides: Collection[int]) -> None:
        """There is one tap, and nothing below it."""

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """Features of (N, 3, H, W) at stride 1, H and W even; see :class:`Encoder`."""
        x = self.down(images)
        for conv in self.body:
            x = conv(F.leaky_relu(x, 0.2, inplace=True))
        if self.body:
            x = F.leaky_relu(x, 0.2, inplace=True)
        return {1: self.up(x)}

"""RIFE's Contextnet, as an encoder: its warping belongs to the refiner that reads the taps."""

from __future__ import annotations

from typing import Literal

from vfiblocks.encoders.levels import LevelEncoder
from vfiblocks.layers import conv_prelu
from vfiblocks.ports import Upstream
from vfiblocks.registry import ENCODERS


@ENCODERS.register("contextnet")
class Contextnet(LevelEncoder):
    """Four pairs of convolutions with PReLU, each pair halving the size (RIFE, ECCV 2022).

    Args:
        channels: per level.
        first_stride: 2 in RIFE (taps at 2, 4, 8, 16); 1 in its 2R variant (taps at 1, 2, 4, 8).

    Example:
        >>> import torch
        >>> encoder = Contextnet(Upstream("encoder 'contextnet'"))
        >>> encoder.taps
        {2: 16, 4: 32, 8: 64, 16: 128}
        >>> encoder(torch.rand(1, 3, 32, 48), {4})[4].shape
        torch.Size([1, 32, 8, 12])
    """

    typical_strides = (2, 4, 8, 16)

    def __init__(
        self,
        upstream: Upstream,
        *,
        channels: tuple[int, ...] = (16, 32, 64, 128),
        first_stride: Literal[1, 2] = 2,
    ) -> None:
        super().__init__(upstream)
        if not channels or min(channels) < 1:
            raise upstream.refuse(f"needs one or more levels of positive width, got {channels}")
        before, stride = 3, 1
        for depth, width in enumerate(channels):
            step = first_stride if depth == 0 else 2
            stride *= step
            self.add_level(
                stride, width, conv_prelu(before, width, stride=step), conv_prelu(width, width)
            )
            before = width

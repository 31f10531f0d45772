"""Pictures as they are."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor

from vfiblocks.encoders.base import Encoder
from vfiblocks.registry import ENCODERS


@ENCODERS.register("pixels")
class Pixels(Encoder):
    """Hands on the picture itself, for parts that look at pictures and not at features.

    No weights, no work, and nothing more to keep: what comes out is what went in.

    Example:
        >>> import torch
        >>> from vfiblocks import Upstream
        >>> picture = torch.rand(1, 3, 4, 6)
        >>> Pixels(Upstream("encoder 'pixels'"))(picture, {1})[1] is picture
        True
    """

    typical_strides = (1,)

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return {1: 3}

    def prune(self, strides: Collection[int]) -> None:
        """There is nothing to drop."""

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """The images (N, 3, H, W) at stride 1; see :class:`Encoder`."""
        return dict.fromkeys(strides, images)

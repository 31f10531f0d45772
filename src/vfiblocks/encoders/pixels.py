"""Pictures as they are."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor

from vfiblocks.encoders.base import Encoder
from vfiblocks.ops import shrink
from vfiblocks.ports import Upstream
from vfiblocks.registry import ENCODERS


@ENCODERS.register("pixels")
class Pixels(Encoder):
    """Hands on the picture itself, for parts that look at pictures and not at features.

    No weights, and at stride 1 no work and nothing more to keep: what comes out is what went in.

    Args:
        levels: of the pyramid; each is the mean of 2x2 pixels of the one before.

    Example:
        >>> import torch
        >>> from vfiblocks import Upstream
        >>> picture = torch.rand(1, 3, 4, 6)
        >>> Pixels(Upstream("encoder 'pixels'"))(picture, {1})[1] is picture
        True
        >>> Pixels(Upstream("encoder 'pixels'"), levels=2)(picture, {2})[2].shape
        torch.Size([1, 3, 2, 3])
    """

    typical_strides = (1,)

    def __init__(self, upstream: Upstream, *, levels: int = 1) -> None:
        super().__init__(upstream)
        if levels < 1:
            raise upstream.refuse(f"needs one level or more, got levels={levels}")
        self.levels = levels

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return dict.fromkeys((2**level for level in range(self.levels)), 3)

    def prune(self, strides: Collection[int]) -> None:
        """There is nothing to drop."""

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """The images (N, 3, H, W), shrunk by each stride; see :class:`Encoder`."""
        return {stride: images if stride == 1 else shrink(images, stride) for stride in strides}

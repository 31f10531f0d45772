"""A fine pyramid for the references, and a cheap stem for every frame."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from torch import Tensor, nn

from vfiblocks.encoders.base import Encoder
from vfiblocks.encoders.levels import LevelEncoder
from vfiblocks.layers import conv3x3, initialise_kaiming
from vfiblocks.ports import Upstream
from vfiblocks.registry import ENCODERS

SHUFFLE = 4
"""Stride at which the stem starts: every 4x4 block of pixels becomes the channels of one."""


@ENCODERS.register("two-stems")
class TwoStems(Encoder):
    """Fine taps and coarse taps from two networks that share nothing.

    In one chain from fine to coarse a frame that is read at stride 16 alone still passes the layers
    at full resolution, 5.5 GMAC per frame of 256x448 in `pyramid`. Here a stem starts from blocks
    of 4x4 pixels and gives strides 8 and 16 for 0.73 GMAC; the pyramid of strides 1, 2 and 4 is run
    on frames that are asked for those, which are the references, for 2.45 GMAC each.

    The stem smooths its maps before it halves them: what moves by half a cell would otherwise have
    quite other features, and could not be matched (BlurPool, Zhang, ICML 2019). There is no norm
    anywhere, so that a feature depends on its surroundings alone.

    Args:
        channels: of the pyramid, per level from stride 1 on; two convolutions each, the first of
            which halves the size but at stride 1.
        stem: channels of the stem at strides 4, 8 and 16; the first of them is no tap.
        blocks: bottlenecks per level of the stem.
        slope: of the LeakyReLU.

    Example:
        >>> import torch
        >>> encoder = TwoStems(Upstream("encoder 'two-stems'"))
        >>> encoder.taps
        {1: 24, 2: 48, 4: 96, 8: 144, 16: 192}
        >>> {stride: tuple(tap.shape) for stride, tap in
        ...  encoder(torch.rand(1, 3, 32, 48), {4, 16}).items()}
        {4: (1, 96, 8, 12), 16: (1, 192, 2, 3)}
    """

    typical_strides = (1, 2, 4, 8, 16)

    def __init__(
        self,
        upstream: Upstream,
        *,
        channels: tuple[int, ...] = (24, 48, 96),
        stem: tuple[int, int, int] = (64, 144, 192),
        blocks: int = 1,
        slope: float = 0.1,
    ) -> None:
        super().__init__(upstream)
        if not 1 <= len(channels) <= 3 or min(*channels, *stem) < 2:
            raise upstream.refuse(
                "needs one to three levels of channels, for strides 1, 2 and 4, and two or more "
                f"channels everywhere, got channels={channels} and stem={stem}"
            )
        if blocks < 0:
            raise upstream.refuse(f"cannot have fewer than no blocks, got blocks={blocks}")
        self.pyramid, self.stem = LevelEncoder(upstream), LevelEncoder(upstream)
        before = 3
        for depth, width in enumerate(channels):
            first = conv3x3(before, width, stride=min(2, depth + 1), slope=slope)
            self.pyramid.add_level(2**depth, width, first, conv3x3(width, width, slope=slope))
            before = width

        def bottlenecks(width: int) -> list[nn.Module]:
            return [Bottleneck(width, slope=slope) for _ in range(blocks)]

        def halving(before: int, width: int) -> list[nn.Module]:
            smooth = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
            return [smooth, conv3x3(before, width, stride=2, slope=slope), *bottlenecks(width)]

        blocks_of_pixels = conv3x3(3 * SHUFFLE**2, stem[0], slope=slope)
        start = [nn.PixelUnshuffle(SHUFFLE), blocks_of_pixels, *bottlenecks(stem[0])]
        self.stem.add_level(8, stem[1], *start, *halving(stem[0], stem[1]))
        self.stem.add_level(16, stem[2], *halving(stem[1], stem[2]))
        initialise_kaiming(self, slope=slope)
        for module in self.modules():
            if isinstance(module, Bottleneck):
                module.start_calmly()

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return {**self.pyramid.taps, **self.stem.taps}

    def prune(self, strides: Collection[int]) -> None:
        """Drop what no tap in ``strides`` needs, which may be all of the pyramid or of the stem."""
        for chain in (self.pyramid, self.stem):
            chain.prune(set(strides) & set(chain.taps) or {0})

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """Features of (N, 3, H, W) at the given strides; see :class:`Encoder`."""
        taps: dict[int, Tensor] = {}
        for chain in (self.pyramid, self.stem):
            if wanted := set(strides) & set(chain.taps):
                taps.update(chain(images, wanted))
        return taps


class Bottleneck(nn.Module):
    """A 3x3 convolution at half the width between two 1x1, added to what came in.

    A third of the arithmetic of one 3x3 convolution at full width.

    >>> import torch
    >>> Bottleneck(16, slope=0.1)(torch.rand(1, 16, 4, 6)).shape
    torch.Size([1, 16, 4, 6])
    """

    def __init__(self, channels: int, *, slope: float) -> None:
        super().__init__()
        narrow = channels // 2
        self.body = nn.Sequential(
            nn.Conv2d(channels, narrow, 1),
            nn.LeakyReLU(slope, inplace=True),
            *conv3x3(narrow, narrow, slope=slope),
            nn.Conv2d(narrow, channels, 1),
        )

    def start_calmly(self) -> None:
        """Add at half the usual scale: each block would double the variance otherwise."""
        last = self.body[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.kaiming_normal_(last.weight, a=3**0.5)  # a quarter of the variance of a = 0

    def forward(self, x: Tensor) -> Tensor:
        """Same shape in and out, (N, C, h, w)."""
        return x + cast(Tensor, self.body(x))

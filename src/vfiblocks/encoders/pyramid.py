"""The LIFT-15 encoder: nine convolutions with a tap after each level."""

from __future__ import annotations

from vfiblocks.encoders.levels import LevelEncoder
from vfiblocks.layers import conv3x3, initialise_kaiming
from vfiblocks.ports import Upstream
from vfiblocks.registry import ENCODERS


@ENCODERS.register("pyramid")
class Pyramid(LevelEncoder):
    """Convolutional pyramid with taps at strides 1, 2, 4, 8 and 16 (LIFT-15 sections 2.2, 2.3).

    Two 3x3 convolutions per level, the first of which halves the size (the full-resolution level
    does not), and a single one on the deepest level. The table of 2.3 rules where the diagram of
    2.2 differs (DECISIONS 1): 32 channels at stride 1, 128 at 4, 192 at 8, 256 at 16.

    Args:
        channels: per level, from stride 1 on; as many levels as entries.
        slope: of the LeakyReLU.

    Example:
        >>> import torch
        >>> encoder = Pyramid(Upstream("encoder 'pyramid'"))
        >>> {stride: tuple(tap.shape) for stride, tap in
        ...  encoder(torch.rand(1, 3, 32, 48), {1, 16}).items()}
        {1: (1, 32, 32, 48), 16: (1, 256, 2, 3)}
    """

    typical_strides = (1, 2, 4, 8, 16)

    def __init__(
        self,
        upstream: Upstream,
        *,
        channels: tuple[int, ...] = (32, 64, 128, 192, 256),
        slope: float = 0.1,
    ) -> None:
        super().__init__(upstream)
        if len(channels) < 2 or min(channels) < 1:
            raise upstream.refuse(f"needs two or more levels of positive width, got {channels}")
        before = 3
        for depth, width in enumerate(channels):
            level = [conv3x3(before, width, stride=1 if depth == 0 else 2, slope=slope)]
            if depth < len(channels) - 1:
                level.append(conv3x3(width, width, slope=slope))
            self.add_level(2**depth, width, *level)
            before = width
        initialise_kaiming(self, slope=slope)

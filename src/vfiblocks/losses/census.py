"""Distance between soft census transforms: structure counts, lighting does not."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss
from vfiblocks.losses.grids import widen
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""

LEVELS = 255.0
"""The two constants below are in 8-bit levels. Left out, as published code for pictures in [0, 1]
does, differences stay so small that their sign is nearly linear in them, and lighting counts."""

NOISE = 0.81
"""Squared levels: differences well above 0.9 levels keep their sign alone (UnFlow)."""

TOLERANCE = 0.1
"""Squared difference of two soft signs at which a pair of pixels counts half (UnFlow)."""


@LOSSES.register("census")
class Census(Loss):
    """Share of pixel pairs whose brighter one is another than in the truth, softly counted.

    Pixels at most ``radius`` apart in either direction are compared in luma, which gives each pair
    a soft sign, s(d) = d / sqrt(0.81 + d**2) for a difference of d 8-bit levels. A pair whose signs
    in picture and truth are a apart counts a**2 / (0.1 + a**2).

    Args:
        radius: 3 is the 7x7 census of UnFlow, IFRNet and AMT.

    Raises:
        InputError: for a radius below one, or pictures of ``radius`` pixels a side or less.

    Sources: Zabih and Woodfill, ECCV 1994; Meister et al., UnFlow, AAAI 2018. Unlike there, no
    border is left out: every pair inside the picture counts, once.

    Example:
        >>> from vfiblocks import build_model
        >>> truth = torch.rand(1, 3, 32, 48)
        >>> result = build_model("classical")(torch.rand(1, 2, 3, 32, 48))
        >>> float(Census()(result._replace(image=truth + 0.25), truth)) < 1e-6
        True
    """

    def __init__(self, *, radius: int = 3) -> None:
        super().__init__()
        if radius < 1:
            raise InputError(f"census wants a radius of at least one pixel, got {radius}")
        self.radius = radius

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        if min(truth.image.shape[-2:]) <= self.radius:
            height, width = truth.image.shape[-2:]
            raise InputError(
                f"census of radius {self.radius} wants pictures of at least {self.radius + 1} "
                f"pixels a side, got {height}x{width}"
            )
        made, true = _luma(result.image), _luma(truth.image)
        counts = []
        # The other half of the neighbours are the same pairs, seen from their other ends.
        for down, right in _half_of_the_neighbours(self.radius):
            apart = (_signs(made, down, right) - _signs(true, down, right)).square()
            counts.append((apart / (TOLERANCE + apart)).mean())
        return torch.stack(counts).mean()


def _luma(image: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] to (B, H, W) in 8-bit levels."""
    red, green, blue = (LEVELS * widen(image)).unbind(dim=1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def _half_of_the_neighbours(radius: int) -> list[tuple[int, int]]:
    """Those to the right in the same row, and all in the rows below."""
    reach = range(-radius, radius + 1)
    return [(down, right) for down in reach for right in reach if (down, right) > (0, 0)]


def _signs(luma: Tensor, down: int, right: int) -> Tensor:
    """Soft sign of each pixel's difference from its neighbour, where both lie in the picture."""
    height, width = luma.shape[-2:]
    here = luma[..., : height - down, max(0, -right) : width - max(0, right)]
    there = luma[..., down:, max(0, right) : width - max(0, -right)]
    gap = there - here
    return gap / torch.sqrt(NOISE + gap.square())

"""Distance between Laplacian pyramids: coarse errors count as much as fine ones."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss, difference
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth

BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Burt and Adelson's smoothing kernel in the form that RIFE uses; exact in binary."""


@LOSSES.register("laplacian")
class Laplacian(Loss):
    """L1 between the band-pass levels of Laplacian pyramids (RIFE, ECCV 2022).

    Args:
        levels: bands, the finest first; RIFE has five.
        rest: count what is below the last band as one band more. Without it, as in RIFE, nothing
            holds the picture to the brightness of the truth: add a loss that does, or this.

    Raises:
        InputError: for fewer than one level, or pictures of 2**levels pixels a side or less.

    Source: Burt and Adelson, 1983; Niklaus and Liu, CVPR 2018; RIFE, ``model/laplacian.py``.

    Example:
        >>> from vfiblocks import build_model
        >>> result = build_model("classical")(torch.full((1, 2, 3, 48, 64), 0.5))
        >>> Laplacian()(result, torch.full((1, 3, 48, 64), 0.75))  # brightness is in no band
        tensor(0.)
        >>> Laplacian(rest=True)(result, torch.full((1, 3, 48, 64), 0.75))
        tensor(0.2500)
    """

    def __init__(self, *, levels: int = 5, rest: bool = False) -> None:
        super().__init__()
        _check_levels(levels)
        self.levels, self.rest = levels, rest

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        distance = laplacian_distance(result.image, truth.image, levels=self.levels, rest=self.rest)
        return distance.mean()


def laplacian_distance(
    image: Tensor, target: Tensor, *, levels: int = 5, rest: bool = False
) -> Tensor:
    """Mean absolute difference per band, added up over the bands of two Laplacian pyramids.

    Every band counts alike, however few its pixels; what is left after the last one, brightness
    above all, counts nothing unless asked for. A pyramid is linear, so that one pyramid of the
    difference does.

    Args:
        image: (..., C, H, W), any range; H and W above 2**levels.
        target: the same shape.
        levels: bands.
        rest: count what is left as one band more.

    Returns:
        (...), one number per picture, in at least float32.

    Raises:
        InputError: the shapes differ, or the pictures are too small.

    Example:
        >>> image = torch.zeros(2, 3, 48, 64)
        >>> image[1, :, 24, 32] = 1.0
        >>> laplacian_distance(image, torch.zeros_like(image)) > 0
        tensor([False,  True])
    """
    if image.shape != target.shape:
        raise InputError(
            f"laplacian_distance compares pictures of one shape (..., C, H, W), got "
            f"{tuple(image.shape)} and {tuple(target.shape)}"
        )
    bands = laplacian_pyramid(difference(image, target), levels=levels, rest=rest)
    return torch.stack([band.abs().mean(dim=(-3, -2, -1)) for band in bands]).sum(dim=0)


def laplacian_pyramid(image: Tensor, *, levels: int = 5, rest: bool = False) -> list[Tensor]:
    """Split a picture into band-pass levels, and on request the low-pass rest.

    Each level is the picture minus what is left of it after smoothing, keeping every other pixel,
    and enlarging again with the same kernel. Borders are reflected about the edge pixels. Sizes
    that are odd somewhere are fine: the level above keeps the extra pixel.

    Args:
        image: (..., C, H, W), any range; H and W above 2**levels.
        levels: how many.
        rest: add what is left of the picture after the last level, half its size.

    Returns:
        Finest first, (..., C, ceil(H / 2**k), ceil(W / 2**k)) for k = 0, 1, ...

    Raises:
        InputError: ``image`` is no floating (..., C, H, W) or too small for so many levels.

    Example:
        >>> [tuple(band.shape) for band in laplacian_pyramid(torch.rand(3, 45, 64), levels=3)]
        [(3, 45, 64), (3, 23, 32), (3, 12, 16)]
    """
    _check_levels(levels)
    if image.ndim < 3 or not image.is_floating_point():
        raise InputError(
            f"a Laplacian pyramid is made of floating (..., C, H, W), got {image.dtype} "
            f"{tuple(image.shape)}"
        )
    if min(image.shape[-2:]) <= 2**levels:
        raise InputError(
            f"a Laplacian pyramid of {levels} levels wants pictures of at least {2**levels + 1} "
            f"pixels a side, got {image.shape[-2]}x{image.shape[-1]}; use larger crops or fewer "
            "levels"
        )
    current = image
    bands = []
    for _ in range(levels):
        smaller = _smooth(current, step=2)
        spread = torch.zeros_like(current)  # smoothing fills the gaps
        spread[..., ::2, ::2] = 4 * smaller
        bands.append(current - _smooth(spread))
        current = smaller
    return [*bands, current] if rest else bands


def _smooth(x: Tensor, *, step: int = 1) -> Tensor:
    """5x5 binomial, reflected borders, at every ``step``-th pixel of (..., C, H, W).

    Sums of shifted pictures and not a convolution: that would be cut to half precision under
    autocast, and the bands of a good prediction are finer than half precision's steps.
    """
    height, width = x.shape[-2:]
    folded = x.reshape(-1, 1, height, width)  # padding by reflection takes one leading axis
    padded = F.pad(folded, (2, 2, 2, 2), mode="reflect")
    rows = torch.zeros_like(padded[..., :height:step, :])
    for shift, weight in enumerate(BINOMIAL):
        rows = rows + weight * padded[..., shift : shift + height : step, :]
    out = torch.zeros_like(rows[..., :width:step])
    for shift, weight in enumerate(BINOMIAL):
        out = out + weight * rows[..., shift : shift + width : step]
    return out.view(*x.shape[:-2], *out.shape[-2:])


def _check_levels(levels: int) -> None:
    if levels < 1:
        raise InputError(f"a Laplacian pyramid has at least one level, got levels={levels}")

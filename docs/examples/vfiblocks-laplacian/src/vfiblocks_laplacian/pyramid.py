"""Laplacian pyramids (Burt and Adelson, 1983), with means of 2x2 blocks for the low-pass filter."""

from __future__ import annotations

from torch import Tensor
from vfiblocks.ops import resize, shrink


def split(x: Tensor, levels: int) -> list[Tensor]:
    """Take a picture apart into bands, finest first, and what is left.

    Args:
        x: (..., C, H, W) with H and W divisible by 2 ** levels.
        levels: how many bands, at strides 1, 2, 4 ...

    Returns:
        ``levels`` bands and the picture shrunk by 2 ** levels.

    Example:
        >>> import torch
        >>> [tuple(band.shape) for band in split(torch.rand(3, 8, 12), 2)]
        [(3, 8, 12), (3, 4, 6), (3, 2, 3)]
    """
    bands = []
    for _ in range(levels):
        coarse = shrink(x, 2)
        bands.append(x - _enlarge(coarse))
        x = coarse
    return [*bands, x]


def join(bands: list[Tensor]) -> Tensor:
    """Put together what :func:`split` took apart.

    >>> import torch
    >>> x = torch.rand(3, 8, 12)
    >>> torch.allclose(join(split(x, 2)), x)
    True
    """
    *fine, x = bands
    for band in reversed(fine):
        x = _enlarge(x) + band
    return x


def _enlarge(x: Tensor) -> Tensor:
    return resize(x, (2 * x.shape[-2], 2 * x.shape[-1]))

"""Averages over a neighbourhood, for the weightless estimator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vfiblocks.ops import resize

# How much the surroundings weigh against what landed on a pixel itself.
SURROUNDINGS = 1e-3


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur with replicated borders.

    Args:
        x: (N, 1, H, W).
        sigma: standard deviation in pixels; the kernel ends at 2.5 of them.

    Example:
        >>> gaussian(torch.ones(1, 1, 5, 7), 2.0).allclose(torch.ones(1, 1, 5, 7))
        True
    """
    radius = int(2.5 * sigma + 0.5)
    at = torch.arange(-radius, radius + 1, dtype=x.dtype)
    kernel = torch.exp(-at.square() / (2 * sigma * sigma))
    kernel = kernel / kernel.sum()
    x = F.conv2d(F.pad(x, (radius, radius, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
    return F.conv2d(F.pad(x, (0, 0, radius, radius), mode="replicate"), kernel.view(1, 1, -1, 1))


def fill_holes(values: Tensor, coverage: Tensor) -> Tensor:
    """Fill what nothing landed on from coarser and coarser surroundings.

    Args:
        values: (C, H, W), averages of what landed.
        coverage: (1, H, W), how much landed; 0 is a hole.

    Returns:
        (C, H, W); pixels that were well covered hardly change.

    Example:
        >>> values, coverage = torch.full((2, 8, 8), 3.0), torch.ones(1, 8, 8)
        >>> coverage[:, 2:5, 2:5] = 0.0
        >>> fill_holes(values * coverage, coverage).allclose(values)
        True
    """
    weight = coverage.clamp(max=1.0)
    return _fill(values * weight, weight)


def _fill(total: Tensor, weight: Tensor) -> Tensor:
    height, width = weight.shape[-2:]
    if max(height, width) <= 2 or min(height, width) == 1:
        everything = weight.sum((-2, -1), keepdim=True)
        surroundings = total.sum((-2, -1), keepdim=True) / everything.clamp_min(1e-8)
    else:
        coarser = (F.avg_pool2d(x[None], 2, ceil_mode=True)[0] for x in (total, weight))
        surroundings = resize(_fill(*coarser), (height, width))
    return (total + SURROUNDINGS * surroundings) / (weight + SURROUNDINGS)

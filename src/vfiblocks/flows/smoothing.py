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
        x: (N, 1, H, W), on the CPU.
        sigma: standard deviation in pixels; the kernel ends at 2.5 of them.

    Example:
        >>> gaussian(torch.ones(1, 1, 5, 7), 2.0).allclose(torch.ones(1, 1, 5, 7))
        True
    """
    import cv2

    size = 2 * int(2.5 * sigma + 0.5) + 1
    blurred = (
        cv2.GaussianBlur(map_, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        for map_ in x[:, 0].numpy()
    )
    return torch.stack([torch.from_numpy(map_) for map_ in blurred])[:, None]


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

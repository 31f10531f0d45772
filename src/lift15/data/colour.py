"""Change the colours of all pictures of a sample alike, on 8-bit levels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey, of ITU-R BT.601."""


def reorder_channels(pictures: Tensor, order: tuple[int, int, int]) -> Tensor:
    """(N, 3, H, W) with its colours in another order.

    Example:
        >>> reorder_channels(torch.arange(3).view(1, 3, 1, 1), (2, 1, 0)).flatten().tolist()
        [2, 1, 0]
    """
    return pictures[:, list(order)]


def change_levels(
    pictures: Tensor, *, brightness: float = 0.0, contrast: float = 1.0, gamma: float = 1.0
) -> Tensor:
    """Look each level up in a table: gamma, then contrast about the middle, then brightness.

    Args:
        pictures: uint8, any shape.
        brightness: added, where 1 is the range from black to white.
        contrast: factor of the distance from the middle grey.
        gamma: exponent on [0, 1].

    Example:
        >>> change_levels(torch.tensor([0, 100, 250], dtype=torch.uint8), brightness=0.1).tolist()
        [26, 126, 255]
    """
    import cv2

    levels = np.linspace(0.0, 1.0, 256) ** gamma
    levels = (levels - 0.5) * contrast + 0.5 + brightness
    table = np.rint(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)
    # Two axes, because OpenCV takes the third for colours; the table is the same for all of them.
    flat = np.ascontiguousarray(pictures.numpy()).reshape(-1, pictures.shape[-1])
    return torch.from_numpy(cv2.LUT(flat, table)).view(pictures.shape)


def change_saturation(pictures: Tensor, factor: float) -> Tensor:
    """Scale the distance of each colour from its grey; the grey stays, but for rounding.

    Args:
        pictures: (N, 3, H, W) uint8.
        factor: 0 makes grey pictures, 1 changes nothing.

    Example:
        >>> red = torch.tensor([200, 100, 100], dtype=torch.uint8).view(1, 3, 1, 1)
        >>> change_saturation(red, 0.0).flatten().tolist()
        [130, 130, 130]
    """
    grey = torch.tensor(LUMA, dtype=torch.float32).expand(3, 3)
    matrix = factor * torch.eye(3) + (1.0 - factor) * grey
    mixed = torch.einsum("dc,nchw->ndhw", matrix, pictures.float())
    return mixed.round_().clamp_(0.0, 255.0).to(torch.uint8)

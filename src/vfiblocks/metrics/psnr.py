"""Peak signal-to-noise ratio."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError


def psnr(prediction: Tensor, target: Tensor, *, rounded: bool = True) -> Tensor:
    """Peak signal-to-noise ratio per picture, in dB.

    Args:
        prediction: (..., C, H, W), floats; clamped to [0, 1].
        target: the same shape, in [0, 1].
        rounded: round the prediction to 8-bit levels first, as a saved picture is. Published
            protocols differ in this; it matters by 0.02 dB at 36 dB and by 0.2 dB at 45 dB.

    Returns:
        (...): infinite where the pictures are equal.

    Raises:
        InputError: if the shapes differ.

    Example:
        >>> psnr(torch.full((1, 3, 4, 4), 0.5), torch.full((1, 3, 4, 4), 0.6), rounded=False)
        tensor([20.0000])
    """
    if prediction.shape != target.shape or prediction.ndim < 3:
        raise InputError(
            f"psnr compares pictures of one shape (..., C, H, W), got {tuple(prediction.shape)} "
            f"and {tuple(target.shape)}"
        )
    prediction = prediction.clamp(0.0, 1.0)
    if rounded:
        prediction = (prediction * 255.0).round() / 255.0
    error = (prediction - target).square().mean(dim=(-3, -2, -1))
    return -10.0 * torch.log10(error)

"""What every metric does to its pictures before it compares them."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError

LEVELS = 255.0
"""Steps of an 8-bit picture between black and white."""


def pair(
    who: str, prediction: Tensor, target: Tensor, *, rounded: bool, channels: int | None = None
) -> tuple[Tensor, Tensor]:
    """Check two pictures and bring them to one type, at least float32.

    Args:
        who: names the caller in messages.
        prediction: (..., C, H, W), clamped to [0, 1]; NaN stays.
        target: the same shape, in [0, 1].
        rounded: round the prediction to 8-bit levels, as a saved picture is.
        channels: how many the metric wants; None takes any number.

    Raises:
        InputError: the shapes differ, the pictures are no floats, or the target is outside [0, 1].
    """
    if prediction.shape != target.shape or prediction.ndim < 3 or prediction.numel() == 0:
        raise InputError(
            f"{who} compares pictures of one shape (..., C, H, W), got {tuple(prediction.shape)} "
            f"and {tuple(target.shape)}"
        )
    if channels is not None and prediction.shape[-3] != channels:
        raise InputError(
            f"{who} compares pictures of {channels} channels (..., {channels}, H, W), got "
            f"{tuple(prediction.shape)}"
        )
    for picture in (prediction, target):
        if not picture.is_floating_point():
            raise InputError(
                f"{who} compares floats in [0, 1], got {picture.dtype}; divide 8-bit levels by "
                "255: x.float() / 255"
            )
    low, high = map(float, torch.aminmax(target.detach()))
    # Not `low < 0 or high > 1`: NaN is in no range.
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        raise InputError(
            f"{who} wants the target in [0, 1], got values from {low:g} to {high:g}; divide 8-bit "
            "levels by 255"
        )
    dtype = torch.promote_types(prediction.dtype, target.dtype)
    dtype = torch.promote_types(dtype, torch.float32)
    prediction = prediction.to(dtype).clamp(0.0, 1.0)
    if rounded:
        prediction = (prediction * LEVELS).round() / LEVELS
    return prediction, target.to(dtype)


def exact(x: Tensor) -> Tensor:
    """As float64 where the device has it: for measures that take small differences of squares."""
    return x.float() if x.device.type == "mps" else x.double()


def check_mask(who: str, mask: Tensor, picture: Tensor) -> None:
    """Refuse what is no (..., 1, H, W) bool for a picture (..., C, H, W)."""
    wanted = (*picture.shape[:-3], 1, *picture.shape[-2:])
    if mask.dtype != torch.bool or tuple(mask.shape) != wanted:
        raise InputError(
            f"{who} wants its mask as {wanted} torch.bool, got {tuple(mask.shape)} {mask.dtype}"
        )


def mean_over(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of (..., C, H, W) over pixels and channels; NaN where a mask (..., 1, H, W) is empty."""
    if mask is None:
        return values.mean(dim=(-3, -2, -1))
    pixels = mask.sum(dim=(-3, -2, -1)) * values.shape[-3]
    # Not a product with the mask: 0 times NaN is NaN.
    return values.masked_fill(~mask, 0.0).sum(dim=(-3, -2, -1)) / pixels

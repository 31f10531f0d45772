"""What every op here does to its arguments: check the shape, fold leading axes, choose a precision.

Ops take any number of leading axes, so that ``(C, H, W)``, ``(B, C, H, W)`` and the paired
``(B, 2, C, H, W)`` are all fine, while PyTorch's image kernels want exactly one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.errors import InputError


def check_floating(op: str, name: str, x: Tensor) -> None:
    """Refuse integer tensors: a uint8 picture scaled to [0, 255] would pass silently otherwise."""
    if not x.is_floating_point():
        raise InputError(
            f"{op} works on floating point tensors, but {name} is {x.dtype}; "
            f"convert it first, pictures with {name}.float() / 255."
        )


def check_maps(op: str, name: str, x: Tensor, channels: int | None = None) -> None:
    """Refuse anything that is not a floating ``(..., channels, H, W)``."""
    check_floating(op, name, x)
    wanted = "C" if channels is None else str(channels)
    if x.ndim < 3 or (channels is not None and x.shape[-3] != channels):
        raise InputError(f"{op} wants {name} as (..., {wanted}, H, W), got {tuple(x.shape)}.")


def check_same_grid(op: str, name: str, x: Tensor, other_name: str, other: Tensor) -> None:
    """Refuse two maps that differ in more than their channels."""
    if x.shape[:-3] != other.shape[:-3] or x.shape[-2:] != other.shape[-2:]:
        raise InputError(
            f"{op} wants {name} and {other_name} with equal leading axes and equal H, W, got "
            f"{name} {tuple(x.shape)} and {other_name} {tuple(other.shape)}; "
            f"resize or expand one of them first."
        )


def fold_leading(x: Tensor) -> Tensor:
    """``(..., C, H, W)`` to ``(N, C, H, W)``; empty batches survive, which ``view(-1)`` refuses."""
    return x.unsqueeze(0) if x.ndim == 3 else x.flatten(0, -4)


def unfold_leading(x: Tensor, like: Tensor) -> Tensor:
    """``(N, C, H, W)`` back to the leading axes of ``like``."""
    return x.reshape(*like.shape[:-3], *x.shape[-3:])


def working_dtype(*tensors: Tensor) -> torch.dtype:
    """The widest dtype among the tensors, and never less than float32."""
    dtype = torch.float32
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return dtype

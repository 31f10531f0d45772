"""Resizing pictures, feature maps and flow; flow vectors are scaled with the grid they live on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.ops._tensors import check_maps, fold_leading, unfold_leading, working_dtype


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize to ``size`` bilinearly, ``align_corners=False``, without antialiasing.

    Meant for enlarging. Shrinking this way reads 2x2 of every 4x4 pixels at a quarter of the size
    and aliases; use :func:`shrink` unless a published model did just that.

    Args:
        x: ``(..., C, H, W)``.
        size: the wanted ``(height, width)``.

    Returns:
        ``(..., C, *size)`` in the dtype of ``x``; ``x`` itself if it has that size.

    Raises:
        InputError: ``x`` is no floating ``(..., C, H, W)``, or ``size`` is empty.

    Example:
        >>> resize(torch.tensor([[[0.0, 1.0]]]), (1, 4)).squeeze()
        tensor([0.0000, 0.2500, 0.7500, 1.0000])
    """
    check_maps("resize", "x", x)
    height, width = size
    if height < 1 or width < 1:
        raise InputError(f"resize wants a size of at least 1x1, got {height}x{width}.")
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    resized = F.interpolate(fold_leading(x), size=size, mode="bilinear", align_corners=False)
    return unfold_leading(resized, like=x).to(x.dtype)  # autocast may have widened it


def shrink(x: Tensor, factor: int) -> Tensor:
    """Shrink by a whole factor: every output pixel is the mean of a ``factor`` x ``factor`` block.

    Args:
        x: ``(..., C, H, W)`` with H and W divisible by ``factor``.
        factor: how many times smaller, at least 1.

    Returns:
        ``(..., C, H / factor, W / factor)`` in the dtype of ``x``; ``x`` itself for a factor of 1.

    Raises:
        InputError: ``factor`` is below 1 or does not divide the size.

    Example:
        >>> shrink(torch.tensor([[[0.0, 1.0, 4.0, 4.0], [0.0, 1.0, 4.0, 4.0]]]), 2).squeeze()
        tensor([0.5000, 4.0000])
    """
    check_maps("shrink", "x", x)
    height, width = x.shape[-2:]
    if factor < 1:
        raise InputError(f"shrink wants a factor of at least 1, got {factor}.")
    if height % factor or width % factor:
        raise InputError(
            f"shrink by {factor} wants a height and width divisible by {factor}, got "
            f"{height}x{width}; pad_to_multiple(x, {factor}) makes it so."
        )
    if factor == 1:
        return x
    shrunk = F.avg_pool2d(fold_leading(x), factor)
    return unfold_leading(shrunk, like=x).to(x.dtype)  # autocast may have widened it


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a flow field and scale its vectors, so that they stay in pixels of their own grid.

    Args:
        flow: ``(..., 2, H, W)``, (dx, dy) in pixels.
        size: the wanted ``(height, width)``.

    Returns:
        ``(..., 2, *size)``: dx times the ratio of widths, dy times the ratio of heights; the
        dtype is kept. ``flow`` itself if it has that size.

    Raises:
        InputError: ``flow`` is no floating ``(..., 2, H, W)``, or ``size`` is empty.

    Source: the LIFT-15 text, section 4.4.

    Example:
        >>> flow = torch.tensor([3.0, 1.0]).view(2, 1, 1).expand(2, 4, 4)
        >>> resize_flow(flow, (4, 8))[:, 0, 0]
        tensor([6., 1.])
    """
    check_maps("resize_flow", "flow", flow, channels=2)
    height, width = flow.shape[-2:]
    if (height, width) == tuple(size):
        return flow
    dx, dy = resize(flow.to(working_dtype(flow)), size).unbind(dim=-3)
    resized = torch.stack((dx * (size[1] / width), dy * (size[0] / height)), dim=-3)
    return resized.to(flow.dtype)


def shrink_flow(flow: Tensor, factor: int) -> Tensor:
    """Average a flow field over blocks and divide its vectors by ``factor``.

    Args:
        flow: ``(..., 2, H, W)``, (dx, dy) in pixels, H and W divisible by ``factor``.
        factor: how many times smaller, at least 1.

    Returns:
        ``(..., 2, H / factor, W / factor)`` in pixels of the smaller grid; the dtype is kept.

    Raises:
        InputError: ``factor`` is below 1 or does not divide the size.

    Example:
        >>> flow = torch.tensor([8.0, 4.0]).view(2, 1, 1).expand(2, 4, 4)
        >>> shrink_flow(flow, 4).squeeze()
        tensor([2., 1.])
    """
    check_maps("shrink_flow", "flow", flow, channels=2)
    return shrink(flow, factor) / factor if factor != 1 else flow

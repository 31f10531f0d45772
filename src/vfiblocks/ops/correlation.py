"""Matching costs: how alike two feature maps are at small displacements."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.ops._tensors import (
    check_maps,
    fold_leading,
    unfold_leading,
    working_dtype,
)

COLUMNS = 16
"""Compared at a time: each row of a block is one matrix product, and a block of 16 wastes 2.7 times
the work at radius 4 where a whole row of 4K at stride 8 wastes 54. Measured on a CPU, 8, 16 and 32
are alike."""

FLAT = 1e-4
"""Mean square of what counts as no structure at all; features come at a scale of about one."""


def local_correlation(left: Tensor, right: Tensor, *, radius: int, time: float = 0.0) -> Tensor:
    """Inner products of two feature maps at every displacement of up to ``radius`` pixels.

    Seen from a moment between the two: at the target pixel p, the entry for the displacement e
    compares what moves along e through p,

        out(p)[e] = < left(p - a), right(p - a + e) >,   a = time * e in whole pixels

    rounded to the nearest, halves towards zero. So evidence lies where the target is and not where
    the object was. With ``time`` 0 this is the cost volume of PWC-Net. Outside the map everything
    is zero.

    Args:
        left: ``(..., C, H, W)``.
        right: the same shape.
        radius: largest displacement along either axis, 0 or more.
        time: where between the two maps the target lies, 0 to 1.

    Returns:
        ``(..., (2 radius + 1)^2, H, W)`` in the dtype of ``left``, computed in at least float32;
        entries ordered row by row, (-radius, -radius) first, (dx, dy) = (1, 0) after (0, 0).

    Raises:
        InputError: the shapes differ, a tensor is not floating point, ``radius`` is negative or
            ``time`` outside [0, 1].

    Source: PWC-Net (Sun et al., CVPR 2018); seen from the target as in BMBC (Park et al., ECCV
    2020), but by whole pixels.

    Example:
        What lies at pixel 1 in the left row lies at pixel 3 in the right one, so halfway it is at 2
        and has moved by 2.

        >>> left, right = torch.zeros(1, 1, 5), torch.zeros(1, 1, 5)
        >>> left[..., 1], right[..., 3] = 1.0, 1.0
        >>> costs = local_correlation(left, right, radius=2, time=0.5)  # (25, 1, 5)
        >>> costs.nonzero().tolist()  # the displacement (2, 0), the pixel 2
        [[14, 0, 2]]
    """
    check_maps("local_correlation", "left", left)
    check_maps("local_correlation", "right", right)
    if left.shape != right.shape:
        raise InputError(
            f"local_correlation wants two maps of one shape, got left {tuple(left.shape)} and "
            f"right {tuple(right.shape)}."
        )
    if radius < 0:
        raise InputError(f"local_correlation wants a radius of 0 or more, got {radius}.")
    if not 0 <= time <= 1:
        raise InputError(f"local_correlation wants a time from 0 to 1, got {time}.")
    dtype = working_dtype(left, right)
    kind = "cpu" if left.is_meta else left.device.type
    with torch.autocast(kind, enabled=False):  # which would multiply in half precision
        costs = _seen_from_left(fold_leading(left).to(dtype), fold_leading(right).to(dtype), radius)
    return unfold_leading(_seen_from(costs, radius, time), like=left).to(left.dtype)


def centre_locally(x: Tensor, *, radius: int) -> Tensor:
    """Features less their mean around, brought to unit length: correlations are then cosines.

    What neighbouring pixels have in common tells nothing about where a pixel went, and with fresh
    weights nearly all of a feature vector is brightness. Without structure the result is zero.

    Args:
        x: ``(..., C, H, W)``, at a scale of about one.
        radius: of the window that the mean is taken over; at borders over what there is.

    Returns:
        ``(..., C, H, W)`` in the dtype of ``x``, computed in at least float32; vectors of length
        at most 1.

    Raises:
        InputError: ``x`` is no floating ``(..., C, H, W)``, or ``radius`` is below 1.

    Example:
        >>> flat = torch.full((8, 4, 6), 0.7)
        >>> bool(centre_locally(flat, radius=2).abs().max() < 1e-4)
        True
        >>> bool((centre_locally(torch.randn(8, 4, 6), radius=2).norm(dim=0) > 0.99).all())
        True
    """
    check_maps("centre_locally", "x", x)
    if radius < 1:
        raise InputError(f"centre_locally wants a radius of at least 1, got {radius}.")
    wide = fold_leading(x).to(working_dtype(x))
    around = F.avg_pool2d(wide, 2 * radius + 1, 1, radius, count_include_pad=False)
    wide = wide - around
    # Not F.normalize: its gradient at zero, where a picture is flat, is 1e12.
    length = (wide.square().mean(dim=1, keepdim=True) + FLAT) * wide.shape[1]
    return unfold_leading(wide * length.rsqrt(), like=x).to(x.dtype)


def _seen_from_left(left: Tensor, right: Tensor, radius: int) -> Tensor:
    """(N, D, H, W): < left(p), right(p + e) > for all D displacements, of (N, C, H, W) each.

    Block by block of a row: a matrix product compares every pixel of the block with every one that
    a displacement reaches, and a diagonal band of that is what was asked for. One product per
    displacement instead would read both maps 81 times. In a graph for any size a row is one block:
    with a number of blocks that depends on the width, tracing takes minutes.
    """
    batch, _, height, width = left.shape
    side = 2 * radius + 1
    if torch.compiler.is_compiling():
        blocks = left.permute(0, 2, 3, 1).unsqueeze(2)  # (N, H, 1, W, C)
        reached = F.pad(right, (radius, radius, radius, radius)).permute(0, 2, 1, 3).unsqueeze(2)
    else:
        surplus = -width % COLUMNS
        blocks = F.pad(left, (0, surplus)).unfold(3, COLUMNS, COLUMNS).permute(0, 2, 3, 4, 1)
        right = F.pad(right, (radius, radius + surplus, radius, radius))
        reached = right.unfold(3, COLUMNS + side - 1, COLUMNS).permute(0, 2, 3, 1, 4)
    columns = torch.arange(blocks.shape[3], device=left.device).unsqueeze(1)
    band = (columns + torch.arange(side, device=left.device)).expand(*blocks.shape[:4], side)
    rows = [
        (blocks @ reached[:, row : row + height]).gather(4, band)  # (N, H, K, 16, side)
        for row in range(side)
    ]
    costs = torch.stack(rows, dim=1).permute(0, 1, 5, 2, 3, 4).flatten(4)
    return costs[..., :width].reshape(batch, side * side, height, width)


def _seen_from(costs: Tensor, radius: int, time: float) -> Tensor:
    """The same at the moment ``time``: each displacement's map, moved along by its share."""
    shifts = [_share(step, time) for step in range(-radius, radius + 1)]
    if not any(shifts):
        return costs
    costs = rearrange(costs, "n (dy dx) h w -> n dy dx h w", dy=len(shifts))
    return _moved(_moved(costs, shifts, 1, 3), shifts, 2, 4).flatten(1, 2)


def _moved(costs: Tensor, shifts: list[int], steps: int, axis: int) -> Tensor:
    """Entry by entry of the axis ``steps``, moved along another axis; zeros come in."""
    length, edge = costs.shape[axis], max(shifts)
    borders = [0, 0] * (costs.ndim - 1 - axis) + [edge, edge]
    padded = F.pad(costs, borders).unbind(steps)
    return torch.stack(
        [
            # One axis, that of the steps, is gone.
            entry.narrow(axis - 1, edge - shift, length)
            for entry, shift in zip(padded, shifts, strict=True)
        ],
        dim=steps,
    )


def _share(step: int, time: float) -> int:
    """``time * step`` rounded, halves towards zero.

    By comparing, not by ``round``: a compiled model then has one graph for all times with the same
    shifts, where a rounded symbol in every slice takes minutes to reason about.
    """
    shift = 0
    while shift < abs(step) and time * abs(step) > shift + 0.5:
        shift += 1
    return shift if step >= 0 else -shift

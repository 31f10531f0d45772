"""Forward warping (splatting): every pixel is carried along its flow and lands on four neighbours.

All three ops share one convention: a value at ``p`` lands at ``p + flow(p)`` with bilinear weights
on the four pixels around, and what lands outside is dropped. Flow is (dx, dy) in pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.ops._tensors import (
    check_maps,
    check_same_grid,
    fold_leading,
    unfold_leading,
    working_dtype,
)


class Splat(NamedTuple):
    """A normalised splat: what arrived, and how much of it.

    Attributes:
        values: ``(..., C, H, W)``, zero where nothing landed.
        coverage: ``(..., 1, H, W)``, the weight that landed on each pixel; 0 is a hole, 1 is one
            whole pixel, more is several on top of each other.

    Example:
        >>> splat = Splat(values=torch.zeros(3, 2, 2), coverage=torch.zeros(1, 2, 2))
        >>> holes = splat.coverage == 0
        >>> holes.all().item()
        True
    """

    values: Tensor
    coverage: Tensor


def splat_sum(values: Tensor, flow: Tensor) -> Tensor:
    """Add up what lands on each pixel; the adjoint of ``backward_warp`` with zeros padding.

    Sums are accumulated in at least float32, in a fixed order on a CPU. Differentiable in both
    arguments.

    Args:
        values: what is carried, ``(..., C, H, W)``.
        flow: where to, ``(..., 2, H, W)``, (dx, dy) in pixels.

    Returns:
        The sums, ``(..., C, H, W)``, in the dtype of ``values``.

    Raises:
        InputError: the shapes do not match or a tensor is not floating point.

    Source: summation splatting, Niklaus and Liu, "Softmax Splatting" (CVPR 2020).

    Example:
        >>> row = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
        >>> flow = torch.tensor([1.5, 0.0]).view(2, 1, 1).expand(2, 1, 4)
        >>> splat_sum(row, flow).squeeze()
        tensor([0.0000, 0.5000, 0.5000, 0.0000])
    """
    _check("splat_sum", values, flow)
    dtype = working_dtype(values, flow)
    index, weight = _footprint(fold_leading(flow).to(dtype))
    total = _scatter(fold_leading(values).to(dtype), index, weight)
    return unfold_leading(total, like=values).to(values.dtype)


def splat_average(values: Tensor, flow: Tensor, *, weights: Tensor | None = None) -> Splat:
    """Average what lands on each pixel, optionally weighted.

    Args:
        values: what is carried, ``(..., C, H, W)``.
        flow: where to, ``(..., 2, H, W)``, (dx, dy) in pixels.
        weights: how much each pixel counts, ``(..., 1, H, W)``, at least 0; all 1 by default.

    Returns:
        The averages and the summed weight, both in the dtype of ``values``.

    Raises:
        InputError: the shapes do not match or a tensor is not floating point.

    Source: average and linear splatting, Niklaus and Liu (CVPR 2020).

    Example:
        Two pixels meet on the right; the one that counts three times as much draws the average.

        >>> row = torch.tensor([[[0.0, 1.0]]])
        >>> flow = torch.tensor([[[1.0, 0.0]], [[0.0, 0.0]]])
        >>> splat = splat_average(row, flow, weights=torch.tensor([[[1.0, 3.0]]]))
        >>> splat.values.squeeze(), splat.coverage.squeeze()
        (tensor([0.0000, 0.7500]), tensor([0., 4.]))
    """
    _check("splat_average", values, flow)
    if weights is None:
        weights = torch.ones_like(values[..., :1, :, :])
    _check_scores("splat_average", "weights", weights, values)
    dtype = working_dtype(values, flow, weights)
    index, weight = _footprint(fold_leading(flow).to(dtype))
    carried = weight * fold_leading(weights).to(dtype).flatten(-2)
    coverage = _scatter_weights(carried, index, like=values)
    total = _scatter(fold_leading(values).to(dtype), index, carried)
    return _normalise(total, coverage, coverage, like=values)


def splat_softmax(values: Tensor, flow: Tensor, metric: Tensor) -> Splat:
    """Average what lands on each pixel with weights ``exp(metric)``: the largest is in front.

    Adding a constant to ``metric`` changes nothing. The largest metric *that lands on a pixel* is
    subtracted there, so no range of metrics overflows or fades to a hole.

    Args:
        values: what is carried, ``(..., C, H, W)``.
        flow: where to, ``(..., 2, H, W)``, (dx, dy) in pixels.
        metric: importance of each pixel, ``(..., 1, H, W)``, any finite number.

    Returns:
        The averages, and as coverage the bilinear weight that landed, without the metric, so that
        it means the same for every metric. Both in the dtype of ``values``.

    Raises:
        InputError: the shapes do not match or a tensor is not floating point.

    Source: Niklaus and Liu, "Softmax Splatting for Video Frame Interpolation" (CVPR 2020).

    Example:
        Two pixels meet on the right, and the one with the larger metric hides the other.

        >>> row = torch.tensor([[[0.25, 1.0]]])
        >>> flow = torch.tensor([[[1.0, 0.0]], [[0.0, 0.0]]])
        >>> splat = splat_softmax(row, flow, metric=torch.tensor([[[900.0, 0.0]]]))
        >>> splat.values.squeeze(), splat.coverage.squeeze()
        (tensor([0.0000, 0.2500]), tensor([0., 2.]))
    """
    _check("splat_softmax", values, flow)
    _check_scores("splat_softmax", "metric", metric, values)
    dtype = working_dtype(values, flow, metric)
    index, weight = _footprint(fold_leading(flow).to(dtype))
    relative = _relative_to_peak(fold_leading(metric).to(dtype).flatten(-2), index, weight)
    carried = weight * relative.exp()
    coverage = _scatter_weights(weight, index, like=values)
    norm = _scatter_weights(carried, index, like=values)
    total = _scatter(fold_leading(values).to(dtype), index, carried)
    return _normalise(total, norm, coverage, like=values)


def _check(op: str, values: Tensor, flow: Tensor) -> None:
    check_maps(op, "values", values)
    check_maps(op, "flow", flow, channels=2)
    check_same_grid(op, "values", values, "flow", flow)


def _check_scores(op: str, name: str, scores: Tensor, values: Tensor) -> None:
    check_maps(op, name, scores, channels=1)
    check_same_grid(op, name, scores, "values", values)


def _footprint(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Where each pixel of ``(N, 2, H, W)`` lands: flat indices and weights, ``(N, 4, H*W)``.

    Corners outside the picture keep a valid index and get weight 0. A flow that is not a number
    lands nowhere.
    """
    height, width = flow.shape[-2:]
    dx, dy = flow.unbind(dim=1)
    x = torch.arange(width, dtype=flow.dtype, device=flow.device) + dx
    y = torch.arange(height, dtype=flow.dtype, device=flow.device).unsqueeze(-1) + dy
    left, top = x.detach().floor(), y.detach().floor()
    indices, weights = [], []
    for row, row_weight in ((top, top + 1 - y), (top + 1, y - top)):
        for column, column_weight in ((left, left + 1 - x), (left + 1, x - left)):
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            index = row.long().clamp(0, height - 1) * width + column.long().clamp(0, width - 1)
            weight = row_weight * column_weight
            indices.append(index)
            weights.append(torch.where(inside, weight, torch.zeros_like(weight)))
    return torch.stack(indices, dim=1).flatten(-2), torch.stack(weights, dim=1).flatten(-2)


def _scatter(values: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Carry ``values`` (N, C, H, W) to ``index`` with ``weight``, both (N, 4, H*W)."""
    flat = values.flatten(-2)
    total = torch.zeros_like(flat)
    for corner in range(4):
        target = index[:, corner, None].expand_as(flat)
        total = total.scatter_add(-1, target, flat * weight[:, corner, None])
    return total.view_as(values)


def _scatter_weights(weight: Tensor, index: Tensor, like: Tensor) -> Tensor:
    """Sum the weights (N, 4, H*W) that land on each pixel: (N, 1, H, W)."""
    total = torch.zeros_like(weight[:, 0]).scatter_add(-1, index.flatten(1), weight.flatten(1))
    return total.reshape(weight.shape[0], 1, *like.shape[-2:])


def _relative_to_peak(metric: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Metric (N, 1, H*W) minus the largest one that lands on the same pixel, per corner: <= 0.

    A peak over the whole picture would let a distant pixel push others below the smallest float.
    The peak cancels in the average, so it takes no gradient.
    """
    metric = metric.expand_as(weight)
    landing = torch.where(weight > 0, metric, -torch.inf).detach().flatten(1)
    peak = torch.full_like(landing[:, : metric.shape[-1]], -torch.inf)
    peak = peak.scatter_reduce(-1, index.flatten(1), landing, reduce="amax")
    relative = metric - peak.gather(-1, index.flatten(1)).view_as(metric)
    # A corner of weight 0 took no part in the peak and may exceed it. Held at 0 it stays finite,
    # and so does the gradient that moves it in. Not a clamp: that cuts the gradient at the peak.
    return torch.where(relative > 0, 0, relative)


def _normalise(total: Tensor, norm: Tensor, coverage: Tensor, like: Tensor) -> Splat:
    """Divide, leave holes at zero, and give back the caller's axes and dtype."""
    hole = norm == 0
    average = torch.where(hole, 0, total / torch.where(hole, 1, norm))
    return Splat(
        values=unfold_leading(average, like=like).to(like.dtype),
        coverage=unfold_leading(coverage, like=like).to(like.dtype),
    )

"""Backward warping: read a picture along a flow field."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.ops._tensors import (
    check_maps,
    check_same_grid,
    fold_leading,
    unfold_leading,
    working_dtype,
)


def backward_warp(
    image: Tensor, flow: Tensor, *, padding: Literal["border", "zeros"] = "border"
) -> Tensor:
    """Sample ``image`` where ``flow`` points: ``out(p) = image(p + flow(p))``, bilinear.

    Pixel centres lie on whole numbers (what ``align_corners=True`` means), so a whole-numbered
    flow copies pixels. Coordinates are computed in at least float32 whatever the inputs are:
    bfloat16 coordinates are off by 0.4 px at width 448. The forward counterpart, and the gradient
    with respect to ``image`` under zeros padding, is :func:`~vfiblocks.ops.splat.splat_sum`.

    Args:
        image: the source, ``(..., C, H, W)``, any range.
        flow: from the target to the source, ``(..., 2, H, W)``, (dx, dy) in pixels of this grid.
        padding: what lies outside the picture: its nearest border pixel, or zeros.

    Returns:
        The target, ``(..., C, H, W)``, in the dtype of ``image``.

    Raises:
        InputError: the shapes do not match, a tensor is not floating point, or ``padding`` is
            unknown.

    Source: the warp of RIFE (Huang et al., ECCV 2022) and of the LIFT-15 text, section 5.2.

    Example:
        A flow of one pixel to the right reads the right neighbour, and the border repeats.

        >>> row = torch.tensor([[[0.0, 0.1, 0.2, 0.3]]])
        >>> right = torch.tensor([1.0, 0.0]).view(2, 1, 1).expand(2, 1, 4)
        >>> backward_warp(row, right).squeeze()
        tensor([0.1000, 0.2000, 0.3000, 0.3000])
    """
    check_maps("backward_warp", "image", image)
    check_maps("backward_warp", "flow", flow, channels=2)
    check_same_grid("backward_warp", "image", image, "flow", flow)
    if padding not in ("border", "zeros"):
        raise InputError(f"backward_warp pads with 'border' or 'zeros', got {padding!r}.")

    dtype = working_dtype(image, flow)
    warped = F.grid_sample(
        fold_leading(image).to(dtype),
        _sampling_grid(fold_leading(flow).to(dtype)),
        mode="bilinear",
        padding_mode=padding,
        align_corners=False,
    )
    return unfold_leading(warped, like=image).to(image.dtype)


def _sampling_grid(flow: Tensor) -> Tensor:
    """Pixel flow ``(N, 2, H, W)`` to the ``(N, H, W, 2)`` normalised grid of ``grid_sample``.

    ``align_corners`` only names how a grid is normalised; in pixels the two are one. False is the
    better one inside: it divides by W, not W - 1, so a picture one pixel wide needs no special
    case (and its zeros padding works), and float32 rounding comes out slightly smaller. Counting
    from the centre is exact for half-integers and keeps that rounding symmetric. ``arange``, not
    ``linspace``, and ``unsqueeze``, not ``[:, None]``: the others fail in export with a symbolic
    size (the second in PyTorch 2.6).
    """
    height, width = flow.shape[-2:]
    x = torch.arange(width, dtype=flow.dtype, device=flow.device) - (width - 1) / 2
    y = torch.arange(height, dtype=flow.dtype, device=flow.device) - (height - 1) / 2
    dx, dy = flow.unbind(dim=1)
    return torch.stack(((x + dx) * 2 / width, (y.unsqueeze(-1) + dy) * 2 / height), dim=-1)

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


def backward_warp_shrunk(image: Tensor, flow: Tensor, factor: int) -> Tensor:
    """Warp, then shrink by an even factor bilinearly, computing only what that reads.

    Shrinking this way reads the middle 2x2 pixels of every block of ``factor`` x ``factor``; at a
    factor of 8 the other fifteen sixteenths of the warp would be thrown away. A published network
    that looks at warped pictures this way can be had for less; see :func:`~vfiblocks.ops.shrink`
    for how pictures should be shrunk otherwise.

    Args:
        image: the source, ``(..., C, H, W)``, any range; H and W multiples of ``factor``.
        flow: from the target to the source, ``(..., 2, H, W)``, (dx, dy) in pixels of this grid.
        factor: how many times smaller, even.

    Returns:
        ``(..., C, H / factor, W / factor)``, in the dtype of ``image``; outside the picture lies
        its nearest border pixel.

    Raises:
        InputError: the shapes do not match, a tensor is not floating point, or ``factor`` is odd
            or does not divide the size.

    Example:
        >>> image, flow = torch.rand(3, 8, 16), torch.rand(2, 8, 16)
        >>> whole = F.interpolate(backward_warp(image, flow)[None], scale_factor=1 / 4,
        ...                       mode="bilinear")[0]
        >>> torch.allclose(backward_warp_shrunk(image, flow, 4), whole, atol=1e-6)
        True
    """
    check_maps("backward_warp_shrunk", "image", image)
    check_maps("backward_warp_shrunk", "flow", flow, channels=2)
    check_same_grid("backward_warp_shrunk", "image", image, "flow", flow)
    height, width = flow.shape[-2:]
    if factor < 2 or factor % 2 or height % factor or width % factor:
        raise InputError(
            f"backward_warp_shrunk wants an even factor that divides height and width, got "
            f"{factor} for {height}x{width}."
        )
    dtype = working_dtype(image, flow)
    flow = fold_leading(flow).to(dtype)
    y, x = (torch.arange(size, device=flow.device) for size in (height, width))
    y, x, flow = _middles(y, -1, factor), _middles(x, -1, factor), _middles(flow, -2, factor)
    grid = _normalised(_middles(flow, -1, factor), y, x, (height, width))
    read = F.grid_sample(
        fold_leading(image).to(dtype),
        grid,
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return unfold_leading(F.avg_pool2d(read, 2), like=image).to(image.dtype)


def _middles(x: Tensor, axis: int, factor: int) -> Tensor:
    """The middle two of every ``factor`` along an axis."""
    shape = list(x.shape)
    shape[axis : axis + 1 or None] = [x.shape[axis] // factor, factor]
    return x.reshape(shape).narrow(axis, factor // 2 - 1, 2).flatten(axis - 1, axis)


def _sampling_grid(flow: Tensor) -> Tensor:
    """The grid of ``grid_sample`` for a pixel flow ``(N, 2, H, W)``."""
    height, width = flow.shape[-2:]
    y, x = (torch.arange(size, device=flow.device) for size in (height, width))
    return _normalised(flow, y, x, (height, width))


def _normalised(flow: Tensor, rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
    """Flow ``(N, 2, h, w)`` at some rows and columns of a picture to an ``(N, h, w, 2)`` grid.

    ``align_corners`` only names how a grid is normalised; in pixels the two are one. False is the
    better one inside: it divides by W, not W - 1, so a picture one pixel wide needs no special
    case (and its zeros padding works), and float32 rounding comes out slightly smaller. Counting
    half pixels from the centre is exact, keeps that rounding symmetric, and leaves one rounding, in
    the division. ``arange``, not
    ``linspace``, and ``unsqueeze``, not ``[:, None]``: the others fail in export with a symbolic
    size (the second in PyTorch 2.6).

    Places and flow are scaled apart and added in one pass, and the axes stay where they are in
    memory: each pass over a full-size grid costs as much as sampling a channel.
    """
    height, width = size
    x = (2 * columns - (width - 1)).to(flow.dtype) / width
    y = (2 * rows - (height - 1)).to(flow.dtype) / height
    dx, dy = flow.unbind(dim=1)
    x = torch.add(x, dx, alpha=2 / width)
    y = torch.add(y.unsqueeze(-1), dy, alpha=2 / height)
    return torch.stack((x, y), dim=1).permute(0, 2, 3, 1)

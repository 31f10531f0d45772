"""Padding to a size that a network can halve as often as it wants, and back."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.ops._tensors import check_maps, fold_leading, unfold_leading


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until height and width are multiples of ``multiple``.

    Padding goes to the bottom and right only, so pixel coordinates and flow keep their meaning and
    :func:`crop_to` undoes it.

    Args:
        x: ``(..., C, H, W)``, from one pixel up.
        multiple: what both sizes shall be divisible by, at least 1.

    Returns:
        The padded maps, or ``x`` itself where there is nothing to do.

    Raises:
        InputError: ``x`` is no floating ``(..., C, H, W)``, or ``multiple`` is below 1.

    Example:
        >>> pad_to_multiple(torch.tensor([[[1.0, 2.0, 3.0]]]), 2)
        tensor([[[1., 2., 3., 3.],
                 [1., 2., 3., 3.]]])
    """
    check_maps("pad_to_multiple", "x", x)
    if multiple < 1:
        raise InputError(f"pad_to_multiple wants a multiple of at least 1, got {multiple}.")
    bottom, right = -x.shape[-2] % multiple, -x.shape[-1] % multiple
    # While tracing with symbolic sizes this question would fix its answer into the graph.
    if not torch.compiler.is_compiling() and not (bottom or right):
        return x
    padded = F.pad(fold_leading(x), (0, right, 0, bottom), mode="replicate")
    return unfold_leading(padded, like=x)


def crop_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Keep the top left ``size`` of the maps: the inverse of :func:`pad_to_multiple`.

    Args:
        x: ``(..., C, H, W)``.
        size: the ``(height, width)`` to keep, no larger than ``x``.

    Returns:
        ``(..., C, *size)``: a view of ``x``, or a copy inside a traced graph.

    Raises:
        InputError: ``size`` is larger than ``x`` or empty.

    Example:
        >>> crop_to(torch.zeros(3, 32, 64), (30, 50)).shape
        torch.Size([3, 30, 50])
    """
    height, width = size
    if x.ndim < 2 or not (1 <= height <= x.shape[-2] and 1 <= width <= x.shape[-1]):
        raise InputError(
            f"crop_to wants a size between 1x1 and that of its input, {tuple(x.shape)}, got "
            f"{height}x{width}."
        )
    if torch.compiler.is_compiling():
        # Whether a slice is contiguous depends on whether it cut anything off: exported with
        # symbolic sizes it would forbid the sizes where there is nothing to cut.
        rows = torch.arange(height, device=x.device)
        columns = torch.arange(width, device=x.device)
        return x.index_select(-2, rows).index_select(-1, columns)
    return x[..., :height, :width]

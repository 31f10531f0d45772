"""From visibility logits of the two references to the weights they are blended with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.ops._tensors import check_floating, working_dtype


def visibility_weights(logits: Tensor) -> Tensor:
    """Normalise the visibilities of the two references: sigmoid(left) / (sigmoid(left) + ...).

    Written with log-sigmoids, because the quotient as it stands darkens the picture where both
    visibilities are low (29 % of the colour is left at logits of -20 with a usual epsilon) and is
    NaN in half precision. Equal logits give one half each, however low.

    Args:
        logits: before the sigmoid, ``(..., 2, 1, h, w)``, left then right; high means visible.

    Returns:
        Weights in [0, 1] of the same shape and dtype that sum to 1 over the reference axis.

    Raises:
        InputError: ``logits`` is no floating ``(..., 2, 1, h, w)``.

    Source: the LIFT-15 text, section 5.3, in a form that is safe where both are low.

    Example:
        >>> both_hidden = torch.full((2, 1, 1, 1), -30.0)
        >>> visibility_weights(both_hidden).flatten()
        tensor([0.5000, 0.5000])
    """
    left = _left_weight(logits)
    return torch.stack((left, 1 - left), dim=-4).to(logits.dtype)


def blend(images: Tensor, logits: Tensor) -> Tensor:
    """Blend two warped references by their visibility.

    For logits ``(m, -m)`` this is the single-mask blend of RIFE with ``sigmoid(m)``.

    Args:
        images: ``(..., 2, C, h, w)``, left then right.
        logits: before the sigmoid, ``(..., 2, 1, h, w)``; high means visible.

    Returns:
        ``(..., C, h, w)`` in the dtype of ``images``, between the two images everywhere.

    Raises:
        InputError: the shapes do not match or a tensor is not floating point.

    Source: the LIFT-15 text, section 5.3; RIFE (Huang et al., ECCV 2022).

    Example:
        >>> images = torch.tensor([0.2, 0.8]).view(2, 1, 1, 1)
        >>> left_only = torch.tensor([20.0, -20.0]).view(2, 1, 1, 1)
        >>> blend(images, left_only).item()
        0.2...
    """
    check_floating("blend", "images", images)
    if images.ndim < 4 or images.shape[-4] != 2:
        raise InputError(f"blend wants images as (..., 2, C, h, w), got {tuple(images.shape)}.")
    weight = _left_weight(logits)
    if images.shape[:-3] != logits.shape[:-3] or images.shape[-2:] != logits.shape[-2:]:
        raise InputError(
            f"blend wants images and logits with equal leading axes and equal h, w, got images "
            f"{tuple(images.shape)} and logits {tuple(logits.shape)}; resize one of them first."
        )
    dtype = working_dtype(images, logits)
    left, right = images.to(dtype).unbind(dim=-4)
    return torch.lerp(right, left, weight.to(dtype)).to(images.dtype)


def _left_weight(logits: Tensor) -> Tensor:
    """The share of the left reference, ``(..., 1, h, w)``, in at least float32."""
    check_floating("visibility_weights", "logits", logits)
    if logits.ndim < 4 or logits.shape[-4] != 2 or logits.shape[-3] != 1:
        raise InputError(
            f"visibility logits are (..., 2, 1, h, w), left then right, got {tuple(logits.shape)}."
        )
    left, right = logits.to(working_dtype(logits)).unbind(dim=-4)
    return torch.sigmoid(F.logsigmoid(left) - F.logsigmoid(right))

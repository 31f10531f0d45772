"""Sinusoidal encoding of where in time a frame lies."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vfiblocks.errors import InputError


def sinusoidal_positions(
    positions: Tensor | Sequence[float],
    channels: int,
    *,
    max_period: float = 10000.0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Encode each position ``k`` as sines and cosines of ``k`` at falling frequencies.

    ``pe[2i] = sin(k / max_period**(2i / channels))`` and ``pe[2i + 1]`` the cosine of the same. A
    pure function of the position: gaps, fractions and negative positions are all meant, so a
    missing frame leaves a gap that the model can see.

    Args:
        positions: ``T`` positions in time, one axis.
        channels: length of each code, even.
        max_period: the base of the slowest wave; 10000 is that of Vaswani et al. (2017).
        device: where the result lives; by default where ``positions`` is.
        dtype: of the result; by default float32, or float64 for float64 positions. The angles are
            computed in at least float32.

    Returns:
        The codes, ``(T, channels)``, in [-1, 1].

    Raises:
        InputError: ``channels`` is odd or not positive, ``positions`` has not one axis, or
            ``max_period`` is not positive.

    Source: the LIFT-15 text, section 2.4.

    Example:
        >>> sinusoidal_positions([0, 7, 9], channels=4).shape
        torch.Size([3, 4])
        >>> sinusoidal_positions([0.0], channels=4)
        tensor([[0., 1., 0., 1.]])
    """
    if channels < 2 or channels % 2:
        raise InputError(
            f"sinusoidal_positions wants an even, positive number of channels (sine and cosine "
            f"come in pairs), got {channels}."
        )
    if not max_period > 0:
        raise InputError(f"sinusoidal_positions wants a positive max_period, got {max_period}.")
    own_dtype = positions.dtype if isinstance(positions, Tensor) else torch.float32
    working = torch.promote_types(dtype or own_dtype, torch.float32)
    k = torch.as_tensor(positions, dtype=working, device=device)
    if k.ndim != 1:
        raise InputError(
            f"sinusoidal_positions wants one axis of positions, (T,), got {tuple(k.shape)}."
        )
    exponent = torch.arange(0, channels, 2, dtype=working, device=k.device) / channels
    angle = k[:, None] / max_period**exponent
    codes = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2)
    return codes if dtype is None else codes.to(dtype)

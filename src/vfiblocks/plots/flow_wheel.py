"""Flow as colour: direction is hue, speed is strength."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vfiblocks.errors import InputError


def flow_to_rgb(flow: Tensor, *, largest: float | None = None) -> Tensor:
    """Colour a flow field; no motion is white.

    Args:
        flow: (..., 2, h, w), (dx, dy) in pixels.
        largest: speed shown at full strength; the field's own maximum if not given.

    Returns:
        (..., 3, h, w) in [0, 1]. Rightward motion is red, downward yellow-green, leftward cyan,
        upward violet, as :func:`flow_wheel` shows.

    Raises:
        InputError: if it is not a flow field.

    Example:
        >>> flow_to_rgb(torch.zeros(2, 1, 1)).flatten().tolist()
        [1.0, 1.0, 1.0]
        >>> flow_to_rgb(torch.tensor([3.0, 0.0]).view(2, 1, 1)).round().flatten().tolist()
        [1.0, 0.0, 0.0]
    """
    if flow.ndim < 3 or flow.shape[-3] != 2:
        raise InputError(f"a flow field is (..., 2, h, w), got {tuple(flow.shape)}")
    dx, dy = flow.float().unbind(-3)
    speed = torch.hypot(dx, dy)
    full = largest if largest is not None else float(speed.max())
    strength = (speed / full).clamp(0.0, 1.0) if full > 0 else torch.zeros_like(speed)
    hue = torch.atan2(dy, dx) / (2.0 * math.pi) % 1.0  # 0 is rightward, growing clockwise
    # Each primary is full within a sixth of a turn of its own hue and gone beyond a third.
    primaries = torch.tensor([0.0, 1.0 / 3.0, 2.0 / 3.0], device=flow.device).view(3, 1, 1)
    distance = ((hue.unsqueeze(-3) - primaries + 0.5) % 1.0 - 0.5).abs()
    colour = (2.0 - 6.0 * distance).clamp(0.0, 1.0)
    return 1.0 - strength.unsqueeze(-3) * (1.0 - colour)


def flow_wheel(size: int) -> Tensor:
    """The legend: each point shows the colour of motion from the centre to it.

    >>> flow_wheel(65).shape
    torch.Size([3, 65, 65])
    """
    axis = torch.linspace(-1.0, 1.0, size)
    dy, dx = torch.meshgrid(axis, axis, indexing="ij")
    inside = torch.hypot(dx, dy) <= 1.0
    return torch.where(inside, flow_to_rgb(torch.stack((dx, dy)), largest=1.0), 1.0)

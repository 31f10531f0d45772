"""Motion measured on the true frames, for sorting pixels and clips where the true one is unknown.

It is the same for every model: it looks at the references and at the true frame between them, which
no model has seen.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.flows.dis import DisSetting, bidirectional_flow
from vfiblocks.ops import backward_warp

SETTING = DisSetting(finest_scale=0, patch_stride=3)
"""Full resolution, as dense as DIS's own fine preset."""

# |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5: Sundaram, Brox and Keutzer, ECCV 2010.
ROUND_TRIP_SHARE, ROUND_TRIP = 0.01, 0.5


class MeasuredMotion(NamedTuple):
    """Motion from the target to each reference.

    Attributes:
        flow: (B, 2, 2, H, W), (dx, dy) in pixels.
        visible: (B, 2, 1, H, W) bool: the way there and back ends where it began.
    """

    flow: Tensor
    visible: Tensor


def measure_motion(references: Tensor, target: Tensor) -> MeasuredMotion:
    """Find each pixel of the true frame in both references, by DIS, and where it cannot be found.

    What counts as hidden is what cannot be tracked there and back: hidden pixels above all, and
    some that only lack texture or changed their light.

    Args:
        references: (B, 2, 3, H, W) in [0, 1], left then right.
        target: (B, 3, H, W) in [0, 1], the true frame.

    Returns:
        On the device of the target; computed on the CPU.

    Raises:
        InputError: the shapes do not fit each other.

    Sources: Kroeger et al., Fast optical flow using dense inverse search, ECCV 2016; for the check,
    Sundaram et al., Dense point trajectories by GPU-accelerated large displacement optical flow,
    ECCV 2010.

    Example:
        >>> still = torch.rand(1, 3, 32, 48)
        >>> found = measure_motion(torch.stack((still, still), dim=1), still)
        >>> float(found.flow.abs().max()) < 0.5, bool(found.visible.all())
        (True, True)
    """
    if references.shape != (len(target), 2, *target.shape[1:]) or target.ndim != 4:
        raise InputError(
            "measure_motion wants references (B, 2, 3, H, W) and a target (B, 3, H, W), got "
            f"{tuple(references.shape)} and {tuple(target.shape)}"
        )
    flows, seen = [], []
    for pair, picture in zip(references.float().cpu(), target.float().cpu(), strict=True):
        for reference in pair:
            there, back = bidirectional_flow(picture, reference, SETTING)
            returned = backward_warp(back, there)
            gap = (there + returned).square().sum(dim=0, keepdim=True)
            length = (there.square() + returned.square()).sum(dim=0, keepdim=True)
            inside = _stays_inside(there)
            flows.append(there)
            seen.append((gap < ROUND_TRIP_SHARE * length + ROUND_TRIP) & inside)
    size = target.shape[-2:]
    return MeasuredMotion(
        torch.stack(flows).view(len(target), 2, 2, *size).to(target.device),
        torch.stack(seen).view(len(target), 2, 1, *size).to(target.device),
    )


def _stays_inside(flow: Tensor) -> Tensor:
    """Where (2, H, W) points into the picture, (1, H, W) bool: beyond it nothing is seen."""
    height, width = flow.shape[-2:]
    x = torch.arange(width) + flow[0]
    y = torch.arange(height)[:, None] + flow[1]
    within = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    return within.unsqueeze(0)

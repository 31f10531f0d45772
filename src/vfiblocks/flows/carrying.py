"""What is known at a reference's pixels, moved to where they are at the target time."""

from __future__ import annotations

from torch import Tensor

from vfiblocks.flows.smoothing import fill_holes
from vfiblocks.ops import backward_warp, splat_average

# Colour difference e weighs exp(-20 e) when several pixels land on one: a mismatch of 10 % of the
# range counts a seventh of a match.
PHOTOMETRIC = 20.0


def mismatch(source: Tensor, other: Tensor, flow: Tensor) -> Tensor:
    """Mean colour difference (1, H, W) of two pictures (3, H, W) along a flow between them."""
    return (source - backward_warp(other, flow)).abs().mean(0, keepdim=True)


def carry(values: Tensor, moves: Tensor, mismatch: Tensor) -> Tensor:
    """Splat, the best match in front, and fill what nothing lands on.

    Args:
        values: (C, H, W), what is carried.
        moves: (2, H, W), where each pixel goes, (dx, dy) in pixels.
        mismatch: (1, H, W), how badly each pixel is matched.

    Returns:
        (C, H, W).

    Example:
        >>> import torch
        >>> still = torch.zeros(2, 4, 6)
        >>> carry(torch.full((3, 4, 6), 0.5), still, still[:1]).unique()
        tensor([0.5000])
    """
    landed = splat_average(values, moves, weights=(-PHOTOMETRIC * mismatch).exp())
    return fill_holes(landed.values, landed.coverage)


def straight_paths(flows: Tensor, left: Tensor, right: Tensor, time: float) -> tuple[Tensor, ...]:
    """Displacement left to right through each target pixel, (2, H, W), as either reference has it.

    Args:
        flows: (2, 2, H, W), left to right and right to left.
        left: (3, H, W).
        right: (3, H, W).
        time: of the target between the two.
    """
    forward, backward = flows
    return (
        carry(forward, time * forward, mismatch(left, right, forward)),
        -carry(backward, (1 - time) * backward, mismatch(right, left, backward)),
    )

"""Evidence that a reference hides the target: what it shows there is known to move elsewhere."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.ops import backward_warp

# A flow is believed if there and back ends within about a pixel, more for long flows, and if the
# colours differ by no more than what compression does, 3 % of the range.
ROUND_TRIP, ROUND_TRIP_SHARE = 1.0, 0.1
MISMATCH = 0.03
# Four pixels apart are as good as forty: another object.
FARTHEST = 4.0


def believable_flow(flow: Tensor, back: Tensor, source: Tensor, other: Tensor) -> Tensor:
    """A reference's own flow with how far it can be believed as a third channel.

    Args:
        flow: (2, H, W), from ``source`` to ``other``, (dx, dy) in pixels.
        back: (2, H, W), from ``other`` to ``source``.
        source: (3, H, W) in [0, 1].
        other: likewise.

    Returns:
        (3, H, W): dx, dy and belief in [0, 1]. What is hidden in ``other`` has none.

    Example:
        >>> still, grey = torch.zeros(2, 4, 6), torch.full((3, 4, 6), 0.5)
        >>> believable_flow(still, still, grey, grey)[2].unique()
        tensor([1.])
    """
    round_trip = _length(flow + backward_warp(back, flow))
    allowed = ROUND_TRIP + ROUND_TRIP_SHARE * _length(flow)
    mismatch = (source - backward_warp(other, flow)).abs().mean(0, keepdim=True)
    belief = torch.exp(-(round_trip / allowed).square() - (mismatch / MISMATCH).square())
    return torch.cat((flow, belief))


def departure(believable: Tensor, to_reference: Tensor, paths: Tensor) -> Tensor:
    """How surely what a reference shows along each path moves elsewhere.

    Args:
        believable: (3, H, W), of the reference, see :func:`believable_flow`; its flow must point
            the way ``paths`` do, left to right.
        to_reference: (K, 2, H, W), flow from the target to the reference along each path.
        paths: (K, 2, H, W), displacement left to right.

    Returns:
        (K, 1, H, W) in pixels, 0 to 4; 0 where nothing speaks against the reference.

    Example:
        What lies here moves five pixels; it does not belong to a path that stands still.

        >>> moving = torch.tensor([5.0, 0.0, 1.0]).view(3, 1, 1).expand(3, 4, 6)
        >>> still = torch.zeros(1, 2, 4, 6)
        >>> departure(moving, still, still).unique()
        tensor([4.])
    """
    seen = backward_warp(believable.expand(len(paths), -1, -1, -1), to_reference)
    belief: Tensor = seen[:, 2:]
    return belief * _length(seen[:, :2] - paths).clamp(max=FARTHEST)


def _length(flow: Tensor) -> Tensor:
    """(..., 1, H, W) of (..., 2, H, W); ``norm`` over so short an axis is ten times slower."""
    dx, dy = flow.unbind(dim=-3)
    return torch.hypot(dx, dy).unsqueeze(-3)

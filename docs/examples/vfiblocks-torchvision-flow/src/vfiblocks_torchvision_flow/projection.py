"""From flow between two pictures to flow from a moment between them."""

from __future__ import annotations

import torch
from torch import Tensor
from vfiblocks.flows.smoothing import fill_holes
from vfiblocks.ops import backward_warp, splat_softmax
from vfiblocks.states import Motion

# Colour difference e weighs exp(-20 e) when several pixels land on one, as in flow 'classical'.
PHOTOMETRIC = 20.0
# Where nothing landed, and where all did: visibility before the sigmoid is at most 3.9.
LEAST = 0.02


def project(references: Tensor, flow: Tensor, time: float) -> Motion:
    """Carry bidirectional flow to the target time along straight lines.

    Each pixel of a reference moves along its own flow by its share of the way and lands there with
    its displacement (forward warping, softmax splatting). What lands on a target pixel from both
    sides is averaged, what nothing lands on is filled from around, and a reference shows a target
    pixel as far as something of it landed there.

    Args:
        references: (B, 2, 3, H, W) in [0, 1].
        flow: (B, 2, 2, H, W), left to right and right to left, (dx, dy) in pixels.
        time: where the target lies between the references, in (0, 1).

    Returns:
        Motion from the target to each reference, on the same grid.

    Source: Niklaus and Liu, Softmax splatting for video frame interpolation (CVPR 2020).

    Example:
        >>> flow = torch.tensor([4.0, 0.0, -4.0, 0.0]).view(1, 2, 2, 1, 1).expand(-1, -1, -1, 8, 16)
        >>> motion = project(torch.zeros(1, 2, 3, 8, 16), flow, 0.25)
        >>> motion.flow[0, :, 0, 4, 8].tolist()
        [-1.0, 3.0]
    """
    left, right = references.unbind(dim=1)
    forward, backward = flow.unbind(dim=1)
    from_left = splat_softmax(forward, time * forward, _fit(left, right, forward))
    from_right = splat_softmax(-backward, (1 - time) * backward, _fit(right, left, backward))
    landed = torch.stack((from_left.coverage, from_right.coverage), dim=1).clamp(max=1.0)
    paths = torch.stack((from_left.values, from_right.values), dim=1)
    total = landed.sum(dim=1)
    path = (landed * paths).sum(dim=1) / total.clamp_min(1e-6)
    path = torch.stack([fill_holes(p, t) for p, t in zip(path, total, strict=True)])
    to_both = torch.stack((-time * path, (1 - time) * path), dim=1)
    return Motion(to_both, landed.clamp(LEAST, 1 - LEAST).logit())


def _fit(source: Tensor, other: Tensor, flow: Tensor) -> Tensor:
    """How much each pixel counts where several land: the better its colours fit, the more."""
    mismatch = (source - backward_warp(other, flow)).abs().mean(dim=1, keepdim=True)
    return -PHOTOMETRIC * mismatch

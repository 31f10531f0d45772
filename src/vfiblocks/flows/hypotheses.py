"""Several ideas of the motion through each target pixel, and which one to follow."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.flows.departure import believable_flow, departure
from vfiblocks.flows.sharp_warp import sharp_warp
from vfiblocks.flows.smoothing import gaussian
from vfiblocks.ops import backward_warp

# Mean absolute difference of 8-bit pictures is rarely below one level.
NOISE = 1.0 / 255.0
# Keeps a weight from leaving its prior where the two pictures hardly differ.
RIDGE = 3e-4
# What a coincidence of colours must overcome to choose a path that is less trusted.
DISTRUST = 0.1
# Log-odds against a reference per pixel of departure; at most 2.8, a weight of 6 %. Flow is wrong
# where motion is hard, and a wrong verdict costs more there than an even blend.
HIDDEN = 0.7


class Hypotheses(NamedTuple):
    """K ideas of how what is seen at each target pixel moves, in pixels.

    Attributes:
        paths: (K, 2, H, W), displacement from the left reference to the right one.
        to_left: (K, 2, H, W), from the target to the left reference.
        to_right: (K, 2, H, W), from the target to the right reference.
    """

    paths: Tensor
    to_left: Tensor
    to_right: Tensor

    @classmethod
    def straight(cls, paths: Tensor, time: float) -> Hypotheses:
        """Motion at constant speed.

        >>> hypotheses = Hypotheses.straight(torch.tensor([4.0, 0.0]).view(1, 2, 1, 1), 0.25)
        >>> hypotheses.to_left.flatten().tolist(), hypotheses.to_right.flatten().tolist()
        ([-1.0, -0.0], [3.0, 0.0])
        """
        return cls(paths, -time * paths, (1 - time) * paths)


def choose(
    hypotheses: Hypotheses,
    left: Tensor,
    right: Tensor,
    flows: Tensor,
    time: float,
    *,
    neighbourhood: float,
) -> tuple[Tensor, Tensor]:
    """The pair of hypotheses to follow at each target pixel, and how visible it is.

    Args:
        hypotheses: to choose among.
        left: (3, H, W), float32 in [0, 1], on the CPU.
        right: likewise.
        flows: (2, 2, H, W), left to right and right to left, to tell what is hidden.
        time: of the target between the references.
        neighbourhood: standard deviation in pixels over which a hypothesis is judged.

    Returns:
        Flow (2, 2, H, W) and logits (2, 1, H, W).
    """
    paths, to_left, to_right = hypotheses
    from_left = backward_warp(left.expand(len(paths), -1, -1, -1), to_left)
    from_right = backward_warp(right.expand(len(paths), -1, -1, -1), to_right)
    difference = (from_left - from_right).abs().mean(1, keepdim=True)
    disagreement = gaussian(difference, neighbourhood)
    trust = (disagreement + NOISE).square().reciprocal()
    trust = trust / trust.sum(0)

    forward, backward = flows
    mine = believable_flow(forward, backward, left, right)
    theirs = believable_flow(backward, forward, right, left)
    theirs = torch.cat((-theirs[:2], theirs[2:]))  # point left to right, as the paths do
    hidden_left = HIDDEN * departure(mine, to_left, paths)
    hidden_right = HIDDEN * departure(theirs, to_right, paths)
    even = math.log((1 - time) / time)
    weight = (hidden_right - hidden_left + even).sigmoid()  # of the left reference
    # Sampled bicubically, so that the choice below counters the blur of the bilinear blend.
    sharp = weight * sharp_warp(left, to_left) + (1 - weight) * sharp_warp(right, to_right)
    agreed = (trust * sharp).sum(0)  # (3, H, W)

    # Every pair of paths, one for each reference: their errors may cancel. Blended by time
    # alone: a hidden reference has no say, so nothing would hold its flow to the motion.
    count = len(paths)
    blends = (1 - time) * from_left[:, None] + time * from_right  # (K, K, 3, H, W)
    distance = gaussian((blends - agreed).square().mean(2).flatten(0, 1)[:, None], 1.0)
    distrust = DISTRUST * (disagreement - disagreement.amin(0)).square()
    penalty = (1 - time) * distrust[:, None] + time * distrust
    best = (distance + penalty.flatten(0, 1))[:, 0].argmin(0)
    first, second = best // count, best % count
    flow = torch.stack((_take(to_left, first), _take(to_right, second)))
    warped = _take(from_left, first), _take(from_right, second)
    prior = (_take(hidden_right, second) - _take(hidden_left, first) + even).sigmoid()
    return flow, _visibility(agreed, *warped, prior)


def _take(candidates: Tensor, index: Tensor) -> Tensor:
    """(C, H, W) from (K, C, H, W) by an index (H, W)."""
    channels = candidates.shape[1]
    return torch.gather(candidates, 0, index.expand(1, channels, -1, -1))[0]


def _visibility(agreed: Tensor, left: Tensor, right: Tensor, prior: Tensor) -> Tensor:
    """Logits (2, 1, H, W) whose blend of left and right (3, H, W) is nearest to ``agreed``.

    Least squares per pixel, held by ``prior``, the expected weight of the left one, (1, H, W). A
    pair of weights (w, 1 - w) is the pair of logits (m, -m) with sigmoid(m) = w.
    """
    gap = left - right
    share = ((agreed - right) * gap).mean(0, keepdim=True) + RIDGE * prior
    share = share / (gap.square().mean(0, keepdim=True) + RIDGE)
    mask = share.clamp(0.001, 0.999).logit()
    return torch.stack((mask, -mask))

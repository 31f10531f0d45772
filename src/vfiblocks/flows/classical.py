"""The weightless flow estimator: what arithmetic alone can do."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.departure import believable_flow, departure
from vfiblocks.flows.dis import DisSetting, bidirectional_flow
from vfiblocks.flows.sharp_warp import sharp_warp
from vfiblocks.flows.smoothing import fill_holes, gaussian
from vfiblocks.ops import backward_warp, splat_average
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion

# Colour difference e weighs exp(-20 e) when several pixels land on one: a mismatch of 10 % of the
# range counts a seventh of a match.
PHOTOMETRIC = 20.0
# Mean absolute difference of 8-bit pictures is rarely below one level.
NOISE = 1.0 / 255.0
# Keeps a weight from leaving its prior where the two pictures hardly differ.
RIDGE = 3e-4
# What a coincidence of colours must overcome to choose a path that is less trusted.
DISTRUST = 0.1
# Log-odds against a reference per pixel of departure; at most 2.8, a weight of 6 %. Flow is wrong
# where motion is hard, and a wrong verdict costs more there than an even blend.
HIDDEN = 0.7


@FLOWS.register("classical")
class Classical(FlowEstimator):
    """Bidirectional DIS flow, brought to the target time by splatting. No weights, no training.

    Flow between the references is carried forward to the target time from both sides, the pixels
    that match best in front, and holes are filled from their surroundings. That gives several
    hypotheses of the motion through each target pixel; standing still is one more. Where the two
    references, moved along a hypothesis, look alike in a neighbourhood, the hypothesis is trusted,
    and the trusted ones agree on a picture. Per pixel, the pair of hypotheses whose blend comes
    nearest to that picture is kept, one for each reference, and visibility is the weight that makes
    the blend match it. A reference that shows something known to move elsewhere counts less.

    It computes on the CPU in float32 whatever comes in, without gradients. Pictures below 12
    pixels on a side are taken to stand still.

    Args:
        patch_strides: one search per entry; each adds two hypotheses and its time. Every
            second search sees mirrored pictures, to err differently; (4, 2) with finest scales
            (0, 1) gains 0.1 dB on real clips in a bit more than twice the time.
        finest_scales: where each search ends, 0 at full resolution, 1 at half.
        neighbourhood: standard deviation in pixels over which a hypothesis is judged.

    Sources: Kroeger et al., Fast optical flow using dense inverse search (ECCV 2016); Niklaus and
    Liu, Softmax splatting for video frame interpolation (CVPR 2020).

    Example:
        >>> flow = Classical(Upstream("flow 'classical'"))
        >>> flow(torch.rand(1, 2, 3, 32, 48), {}, None, 0.5).flow.shape
        torch.Size([1, 2, 2, 32, 48])
    """

    traceable = False

    def __init__(
        self,
        upstream: Upstream,
        *,
        patch_strides: tuple[int, ...] = (2,),
        finest_scales: tuple[int, ...] = (1,),
        neighbourhood: float = 12.0,
    ) -> None:
        super().__init__(upstream)
        if len(patch_strides) != len(finest_scales) or not patch_strides:
            raise upstream.refuse(
                f"needs one finest scale per patch stride, got patch_strides={patch_strides} "
                f"and finest_scales={finest_scales}"
            )
        if min(patch_strides) < 1 or min(finest_scales) < 0 or neighbourhood <= 0:
            raise upstream.refuse(
                "needs patch strides from 1, finest scales from 0 and a positive neighbourhood, "
                f"got {patch_strides}, {finest_scales} and {neighbourhood}"
            )
        self.stride = 1
        self.settings = tuple(map(DisSetting, finest_scales, patch_strides))
        self.neighbourhood = neighbourhood

    @torch.no_grad()
    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`."""
        pictures = references.detach().to("cpu", torch.float32)
        made = [self._one(left, right, time) for left, right in pictures]
        flow, logits = (torch.stack(parts).to(references) for parts in zip(*made, strict=True))
        return Motion(flow, logits)

    def _one(self, left: Tensor, right: Tensor, time: float) -> tuple[Tensor, Tensor]:
        """Flow (2, 2, H, W) and logits (2, 1, H, W) of one pair."""
        searches = [
            _search(left, right, setting, mirrored=turn % 2 == 1)
            for turn, setting in enumerate(self.settings)
        ]
        paths = _hypotheses(searches, left, right, time)
        to_left, to_right = -time * paths, (1 - time) * paths
        from_left = backward_warp(left.expand(len(paths), -1, -1, -1), to_left)
        from_right = backward_warp(right.expand(len(paths), -1, -1, -1), to_right)
        difference = (from_left - from_right).abs().mean(1, keepdim=True)
        disagreement = gaussian(difference, self.neighbourhood)
        trust = (disagreement + NOISE).square().reciprocal()
        trust = trust / trust.sum(0)

        forward, backward = searches[0]
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


def _search(left: Tensor, right: Tensor, setting: DisSetting, *, mirrored: bool) -> Tensor:
    """Flow both ways, (2, 2, H, W); mirrored pictures give it errors of their own.

    DIS hands good vectors on from patch to patch in a fixed order, so it does not commute with a
    mirror.
    """
    if not mirrored:
        return bidirectional_flow(left, right, setting)
    flow = bidirectional_flow(left.flip(-1), right.flip(-1), setting).flip(-1)
    return flow * flow.new_tensor((-1.0, 1.0)).view(2, 1, 1)


def _hypotheses(searches: list[Tensor], left: Tensor, right: Tensor, time: float) -> Tensor:
    """(K, 2, H, W): displacement left to right of what is seen at each target pixel."""
    paths = [left.new_zeros(2, *left.shape[-2:])]  # nothing moves: captions, static cameras
    for forward, backward in searches:
        paths.append(_carry(forward, left, right, time))
        paths.append(-_carry(backward, right, left, 1 - time))
    return torch.stack(paths)


def _carry(flow: Tensor, source: Tensor, other: Tensor, share: float) -> Tensor:
    """Flow (2, H, W) from ``source`` to ``other``, moved along itself by a share of the way."""
    mismatch = (source - backward_warp(other, flow)).abs().mean(0, keepdim=True)
    landed = splat_average(flow, share * flow, weights=(-PHOTOMETRIC * mismatch).exp())
    return fill_holes(landed.values, landed.coverage)


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

"""The weightless flow estimator: what arithmetic alone can do."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.dis import DisSetting, bidirectional_flow
from vfiblocks.flows.smoothing import fill_holes, gaussian
from vfiblocks.ops import backward_warp, splat_softmax
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion

# Colour difference e weighs exp(-20 e) when several pixels land on one: a mismatch of 10 % of the
# range counts a seventh of a match.
PHOTOMETRIC = 20.0
# Mean absolute difference of 8-bit pictures is rarely below one level.
NOISE = 1.0 / 255.0
# Keeps a weight from leaving its prior where the two pictures hardly differ.
RIDGE = 1e-3


@FLOWS.register("classical")
class Classical(FlowEstimator):
    """Bidirectional DIS flow, brought to the target time by splatting. No weights, no training.

    Flow between the references is carried forward to the target time from both sides, the pixels
    that match best in front, and holes are filled from their surroundings. That gives several
    hypotheses of the motion through each target pixel; standing still is one more. Where the two
    references, moved along a hypothesis, look alike in a neighbourhood, the hypothesis is trusted,
    and the trusted ones agree on a picture. Each reference then keeps the flow that brings it
    nearest to that picture, and visibility is the weight that makes the blend match it.

    It computes on the CPU in float32 whatever comes in, without gradients. Pictures below 12
    pixels on a side are taken to stand still.

    Args:
        patch_strides: one search per entry; each adds two hypotheses and its time. A second
            search, such as (4, 2) with finest scales (0, 1), gains a few hundredths of a dB.
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
        paths = self._hypotheses(left, right, time)
        from_left = backward_warp(left.expand(len(paths), -1, -1, -1), -time * paths)
        from_right = backward_warp(right.expand(len(paths), -1, -1, -1), (1 - time) * paths)
        difference = (from_left - from_right).abs().mean(1, keepdim=True)
        disagreement = gaussian(difference, self.neighbourhood)
        trust = (disagreement + NOISE).square().reciprocal()
        trust = trust / trust.sum(0)
        agreed = (trust * ((1 - time) * from_left + time * from_right)).sum(0)  # (3, H, W)

        # The left reference alone, then the right one in company: what the pair gives is what
        # counts, and the second choice can make up for the first.
        first = _nearest(from_left, agreed)
        beside = (1 - time) * _take(from_left, first) + time * from_right
        second = _nearest(beside, agreed)
        flow = torch.stack((-time * _take(paths, first), (1 - time) * _take(paths, second)))
        warped = _take(from_left, first), _take(from_right, second)
        return flow, _visibility(agreed, *warped, time)

    def _hypotheses(self, left: Tensor, right: Tensor, time: float) -> Tensor:
        """(K, 2, H, W): displacement left to right of what is seen at each target pixel."""
        paths = [left.new_zeros(2, *left.shape[-2:])]  # nothing moves: captions, static cameras
        for setting in self.settings:
            forward, backward = bidirectional_flow(left, right, setting)
            mismatch = (left - backward_warp(right, forward)).abs().mean(0, keepdim=True)
            landed = splat_softmax(forward, time * forward, -PHOTOMETRIC * mismatch)
            paths.append(fill_holes(landed.values, landed.coverage))
            mismatch = (right - backward_warp(left, backward)).abs().mean(0, keepdim=True)
            landed = splat_softmax(-backward, (1 - time) * backward, -PHOTOMETRIC * mismatch)
            paths.append(fill_holes(landed.values, landed.coverage))
        return torch.stack(paths)


def _nearest(candidates: Tensor, picture: Tensor) -> Tensor:
    """Index (H, W) of the candidate (K, 3, H, W) nearest to a picture around each pixel."""
    distance = (candidates - picture).square().mean(1, keepdim=True)
    return gaussian(distance, 1.0)[:, 0].argmin(0)


def _take(candidates: Tensor, index: Tensor) -> Tensor:
    """(C, H, W) from (K, C, H, W) by an index (H, W)."""
    channels = candidates.shape[1]
    return torch.gather(candidates, 0, index.expand(1, channels, -1, -1))[0]


def _visibility(agreed: Tensor, left: Tensor, right: Tensor, time: float) -> Tensor:
    """Logits (2, 1, H, W) whose blend of left and right (3, H, W) is nearest to ``agreed``.

    Least squares per pixel with the time's own weights as prior. A pair of weights (w, 1 - w) is
    the pair of logits (m, -m) with sigmoid(m) = w.
    """
    gap = left - right
    share = ((agreed - right) * gap).mean(0, keepdim=True) + RIDGE * (1 - time)
    share = share / (gap.square().mean(0, keepdim=True) + RIDGE)
    mask = share.clamp(0.001, 0.999).logit()
    return torch.stack((mask, -mask))

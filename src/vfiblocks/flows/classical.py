"""The weightless flow estimator: what arithmetic alone can do."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.carrying import straight_paths
from vfiblocks.flows.dis import DisSetting, bidirectional_flow
from vfiblocks.flows.hypotheses import Hypotheses, choose
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion


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
        made = [self._straight(left, right, time) for left, right in pictures]
        flow, logits = (torch.stack(parts).to(references) for parts in zip(*made, strict=True))
        return Motion(flow, logits)

    def _straight(self, left: Tensor, right: Tensor, time: float) -> tuple[Tensor, Tensor]:
        """Flow (2, 2, H, W) and logits (2, 1, H, W) of one pair."""
        searches = self._search(left, right)
        still = left.new_zeros(1, 2, *left.shape[-2:])  # captions, static cameras
        paths = [path for flows in searches for path in straight_paths(flows, left, right, time)]
        hypotheses = Hypotheses.straight(torch.cat((still, torch.stack(paths))), time)
        return self._choose(hypotheses, left, right, searches[0], time)

    def _choose(
        self, hypotheses: Hypotheses, left: Tensor, right: Tensor, flows: Tensor, time: float
    ) -> tuple[Tensor, Tensor]:
        """The same of one pair and its hypotheses."""
        return choose(hypotheses, left, right, flows, time, neighbourhood=self.neighbourhood)

    def _search(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """Flow left to right and right to left, (2, 2, H, W), of each search."""
        return [
            _search(left, right, setting, mirrored=turn % 2 == 1)
            for turn, setting in enumerate(self.settings)
        ]


def _search(left: Tensor, right: Tensor, setting: DisSetting, *, mirrored: bool) -> Tensor:
    """Flow both ways, (2, 2, H, W); mirrored pictures give it errors of their own.

    DIS hands good vectors on from patch to patch in a fixed order, so it does not commute with a
    mirror.
    """
    if not mirrored:
        return bidirectional_flow(left, right, setting)
    flow = bidirectional_flow(left.flip(-1), right.flip(-1), setting).flip(-1)
    return flow * flow.new_tensor((-1.0, 1.0)).view(2, 1, 1)

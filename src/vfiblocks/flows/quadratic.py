"""The weightless flow estimator that looks one frame further on either side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vfiblocks.flows.carrying import carry, mismatch
from vfiblocks.flows.classical import Classical
from vfiblocks.flows.curving import FARTHEST, Neighbour, curvatures
from vfiblocks.flows.hypotheses import Hypotheses
from vfiblocks.ports import Signal
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion


@FLOWS.register("quadratic")
class Quadratic(Classical):
    """What `classical` does, on paths that bend as four frames say. No weights, no training.

    Flow from each reference to the frame next to it tells where content was before and is
    afterwards; what a straight line leaves over is a curvature, fitted to both sides. It counts as
    far as both agree in a neighbourhood and the four pictures look alike along the path. Flow is
    then carried to the target along its curve. Without a frame on each side, none further than two
    gaps from its reference, the result is that of `classical`.

    Context must come from the aggregator `neighbours` over the encoder `pixels`.

    Args:
        patch_strides: as for `classical`; the first search is that of the neighbours as well.
        finest_scales: likewise.
        neighbourhood: likewise.

    Sources: Xu et al., Quadratic video interpolation (NeurIPS 2019); least squares over four
    frames, Liu et al., Enhanced quadratic video interpolation (ECCV workshops 2020).

    Example:
        >>> from vfiblocks import Upstream
        >>> upstream = Upstream("flow 'quadratic'", context_signal=Quadratic.takes)
        >>> still = torch.rand(1, 1, 3, 32, 48).expand(1, 2, 3, 32, 48)
        >>> nothing = Context(torch.zeros(1, 8, 32, 48), torch.tensor([[0.5, 0.5]]))
        >>> Quadratic(upstream)(still, {}, nothing, 0.5).flow.abs().max() < 0.05
        tensor(True)
    """

    takes = Signal(8, 1)
    taken_from = "encoder='pixels' and aggregator='neighbours'"

    @torch.no_grad()
    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`."""
        assert context is not None, "the constructor saw to it"
        pictures = references.detach().to("cpu", torch.float32)
        beyond = context.features.detach().to("cpu", torch.float32)
        made = [
            self._estimate(left, right, _read(maps), time)
            for (left, right), maps in zip(pictures, beyond, strict=True)
        ]
        flow, logits = (torch.stack(parts).to(references) for parts in zip(*made, strict=True))
        return Motion(flow, logits)

    def _estimate(
        self,
        left: Tensor,
        right: Tensor,
        around: tuple[Neighbour, Neighbour] | None,
        time: float,
    ) -> tuple[Tensor, Tensor]:
        """Flow (2, 2, H, W) and logits (2, 1, H, W) of one pair."""
        if around is None:
            return self._straight(left, right, time)
        before, after = around
        searches = self._search(left, right)
        turns = curvatures(left, right, searches[0], before, after, self.settings[0])
        paths, bends = [left.new_zeros(2, *left.shape[-2:])], [torch.zeros_like(left[:2])]
        bend = time * (time - 1)  # in curvatures, from either side
        for forward, backward in searches:
            for flow, source, other, share, curvature, sign in (
                (forward, left, right, time, turns[0], 1),
                (backward, right, left, 1 - time, turns[1], -1),
            ):
                carried = carry(
                    torch.cat((flow, curvature)),
                    share * flow + bend * curvature,
                    mismatch(source, other, flow),
                )
                paths.append(sign * carried[:2])
                bends.append(bend * carried[2:])
        straight = Hypotheses.straight(torch.stack(paths), time)
        off = torch.stack(bends)
        bent = Hypotheses(straight.paths, straight.to_left - off, straight.to_right - off)
        return self._choose(bent, left, right, searches[0], time)


def _read(maps: Tensor) -> tuple[Neighbour, Neighbour] | None:
    """The two neighbours from context (8, H, W); None if one is missing or far away."""
    before, after = (Neighbour(side[:3], float(side[3, 0, 0])) for side in maps.chunk(2))
    near = -FARTHEST <= before.when < 0 and 1 < after.when <= 1 + FARTHEST
    return (before, after) if near else None

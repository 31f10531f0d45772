"""The frames next to the references, handed on."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.aggregators.coarse_motion import outer_frames
from vfiblocks.ports import Signal, Upstream
from vfiblocks.registry import AGGREGATORS
from vfiblocks.states import Context
from vfiblocks.window import Window


@AGGREGATORS.register("neighbours")
class Neighbours(Aggregator):
    """The nearest frame before the left reference and the nearest after the right one, as they are.

    For each of the two the context holds its features, and one map of a single number: when it was
    taken, counted in gaps between the references, 0 at the left one and 1 at the right one. Before
    lies below 0 and after lies above 1. Where there is no such frame both are 0. With the encoder
    `pixels` that is what the flow `quadratic` reads. No parameters.

    Args:
        stride: of the features handed on.

    Example:
        In a hole, neighbours are half a gap away.

        >>> aggregator = Neighbours(Upstream("aggregator", encoder="pixels", taps={1: 3}))
        >>> context = aggregator(torch.rand(1, 4, 3, 8, 12), Window.hole(5, 2), None)
        >>> context.features.shape, context.features[0, [3, 7], 0, 0].tolist()
        (torch.Size([1, 8, 8, 12]), [-0.5, 1.5])
    """

    uses_target = False

    def __init__(self, upstream: Upstream, *, stride: int = 1) -> None:
        super().__init__(upstream)
        self.signal = Signal(2 * (upstream.clip(stride=stride).channels + 1), stride)

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Choose; see :class:`Aggregator`. Weights are equal over references and neighbours."""
        batch, length = clip.shape[:2]
        if valid is None:
            valid = torch.ones(batch, length, dtype=torch.bool, device=clip.device)
        left, right = (window.positions[i] for i in window.references)
        when = clip.new_tensor([(p - left) / (right - left) for p in window.positions])
        sample = torch.arange(batch, device=clip.device)
        read = torch.zeros_like(valid)
        read[:, list(window.references)] = True
        maps = []
        for side in outer_frames(window):
            if not side:
                empty = clip.new_zeros(batch, clip.shape[2] + 1, *clip.shape[-2:])
                maps.append(empty)
                continue
            # The first of the largest is the nearest one that exists
            nearest = torch.tensor(side, device=clip.device)[valid[:, side].int().argmax(1)]
            exists = valid[sample, nearest]
            time = when[nearest].view(-1, 1, 1, 1).expand(-1, 1, *clip.shape[-2:])
            found = torch.cat((clip[sample, nearest], time), dim=1)
            maps.append(torch.where(exists.view(-1, 1, 1, 1), found, 0.0))
            read[sample, nearest] |= exists
        weights = read.to(clip.dtype)
        return Context(torch.cat(maps, dim=1), weights / weights.sum(1, keepdim=True))

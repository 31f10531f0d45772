"""The control without attention."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.aggregators.base import Aggregator
from vfiblocks.ports import Upstream
from vfiblocks.registry import AGGREGATORS
from vfiblocks.states import Context
from vfiblocks.window import Window


@AGGREGATORS.register("mean")
class Mean(Aggregator):
    """Plain mean over the frames that exist; no parameters.

    What an ablation compares attention with: the same context size, nothing learned about time.

    Args:
        stride: of the features averaged.
    """

    uses_target = False

    def __init__(self, upstream: Upstream, *, stride: int = 16) -> None:
        super().__init__(upstream)
        self.signal = upstream.clip(stride=stride)

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Average; see :class:`Aggregator`."""
        present = clip.new_ones(clip.shape[:2]) if valid is None else valid.to(clip.dtype)
        weights = present / present.sum(1, keepdim=True)
        features = torch.einsum("bt,btchw->bchw", weights, clip)
        return Context(features, weights)

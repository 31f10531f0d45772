"""What every blender is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from vfiblocks.ports import Upstream
from vfiblocks.states import Context, Draft, Motion


class Blender(nn.Module, ABC):
    """Brings the references to the target time and merges them.

    Args:
        upstream: ask it for ``motion()`` and ``context()``.
    """

    stride: int
    """Grid of the draft; set by the constructor."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()

    @abstractmethod
    def forward(
        self, references: Tensor, motion: Motion, context: Context | None, time: float
    ) -> Draft:
        """Blend.

        Args:
            references: (B, 2, 3, H, W) in [0, 1].
            motion: on the grid ``upstream.motion()`` told.
            context: None in an assembly without an aggregator.
            time: where the target lies between the references, in (0, 1).
        """

"""What every refiner is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from vfiblocks.ports import Upstream
from vfiblocks.states import Draft, Motion


class Refiner(nn.Module, ABC):
    """Finishes the draft at full resolution.

    Args:
        upstream: ask it for ``features(stride=...)``, ``motion()`` and ``draft()``.
    """

    multiple: int = 1
    """Frame sizes are padded to a multiple of this, beyond what the taps need."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()

    @abstractmethod
    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """Refine.

        Args:
            references: (B, 2, 3, H, W) in [0, 1].
            taps: stride -> (B, 2, C, H/stride, W/stride), at least those asked for.
            motion: on the grid ``upstream.motion()`` told.
            draft: on the grid ``upstream.draft()`` told.

        Returns:
            (B, 3, H, W), not clamped.
        """

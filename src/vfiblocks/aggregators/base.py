"""What every aggregator is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from vfiblocks.ports import Signal, Upstream
from vfiblocks.states import Context
from vfiblocks.window import Window


class Aggregator(nn.Module, ABC):
    """Distils the features of all frames into one context map.

    Args:
        upstream: ask it for ``clip(stride=...)``.
    """

    signal: Signal
    """Size of the context; set by the constructor."""

    multiple: int = 1
    """Frame sizes are padded to a multiple of this, beyond what the taps need."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Aggregate.

        Args:
            clip: (B, T, C, h, w) in the order of ``window.positions``.
            window: when the frames were taken.
            valid: (B, T) bool, False where a frame does not exist; None if all do. Missing frames
                have arbitrary features and must not matter.
        """

"""What every encoder is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar

from torch import Tensor, nn

from vfiblocks.ports import Upstream


class Encoder(nn.Module, ABC):
    """Turns one picture into features at several strides.

    It sees each frame alone: no position, no norm across frames. That is what lets a stream keep
    features for as long as any window needs them.

    Args:
        upstream: for naming itself in errors; nothing comes before an encoder.
    """

    typical_strides: ClassVar[tuple[int, ...]] = ()
    """Strides offered with default options, for suggestions in error messages."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()

    @property
    @abstractmethod
    def taps(self) -> Mapping[int, int]:
        """Stride -> channels of every tap on offer."""

    @abstractmethod
    def prune(self, strides: Collection[int]) -> None:
        """Drop layers that no tap in ``strides`` needs."""

    @abstractmethod
    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """Features of ``images`` (N, 3, H, W) in [0, 1] at the given strides.

        Returns:
            stride -> (N, C, H/stride, W/stride); work past the deepest stride is not done.
        """

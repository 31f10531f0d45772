"""Encoders that are a chain of levels, each with a tap at its end."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn

from vfiblocks.encoders.base import Encoder
from vfiblocks.ports import Upstream


class LevelEncoder(Encoder):
    """A chain of levels; subclasses add them with :meth:`add_level`.

    Running stops at the deepest stride asked for, and pruning drops what lies below it.
    """

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(upstream)
        self.levels = nn.ModuleDict()
        self._taps: dict[int, int] = {}

    def add_level(self, stride: int, channels: int, *layers: nn.Module) -> None:
        """Append a level that ends at ``stride`` with ``channels``."""
        self.levels[str(stride)] = nn.Sequential(*layers)
        self._taps[stride] = channels

    @property
    def taps(self) -> dict[int, int]:
        """Stride -> channels."""
        return self._taps

    def prune(self, strides: Collection[int]) -> None:
        """Drop the levels below the deepest stride read."""
        for stride in [s for s in self._taps if s > max(strides)]:
            del self.levels[str(stride)], self._taps[stride]

    def forward(self, images: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
        """Features of (N, 3, H, W) at the given strides; see :class:`Encoder`."""
        wanted, deepest, x = {}, max(strides), images
        for stride in self._taps:
            if stride > deepest:
                break
            x = self.levels[str(stride)](x)
            if stride in strides:
                wanted[stride] = x
        return wanted

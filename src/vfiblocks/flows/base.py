"""What every flow estimator is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from vfiblocks.ports import Signal, Upstream
from vfiblocks.states import Context, Motion


class FlowEstimator(nn.Module, ABC):
    """Finds where each target pixel is seen in the two references, and how well.

    Args:
        upstream: ask it for ``features(stride=...)`` and ``context()``.

    Raises:
        AssemblyError: the context is not what it takes.
    """

    takes: ClassVar[Signal | None] = None
    """The one kind of context it reads and cannot do without; None if any will do, or none."""

    taken_from: ClassVar[str] = ""
    """Which parts make that context, for the message where it is missing."""

    stride: int
    """Grid of the motion; set by the constructor."""

    multiple: int = 1
    """Frame sizes are padded to a multiple of this, beyond what the taps need."""

    any_time: bool = True
    """Whether times other than one half are understood."""

    traceable: bool = True
    """Whether it computes with torch alone, on sizes only, and so can be compiled and exported."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()
        if self.takes is not None and (got := upstream.context()) != self.takes:
            raise upstream.refuse(
                f"reads context of {self.takes} and no other, got {got or 'none'}; "
                f"set {self.taken_from}"
            )

    @property
    def countable(self) -> bool:
        """Whether arithmetic and memory can be counted on the meta device."""
        return self.traceable

    @abstractmethod
    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion.

        Args:
            references: (B, 2, 3, H, W) in [0, 1].
            taps: stride -> (B, 2, C, H/stride, W/stride), at least those asked for.
            context: None in an assembly without an aggregator.
            time: where the target lies between the references, in (0, 1).
        """

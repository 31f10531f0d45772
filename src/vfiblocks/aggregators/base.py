"""What every aggregator is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from vfiblocks.ports import Signal, Upstream
from vfiblocks.states import Context
from vfiblocks.window import Window


class Aggregator(nn.Module, ABC):
    """Distils the features of all frames into one context map.

    An aggregator may do part of its work on each frame alone, before it knows the window. Then a
    :class:`~vfiblocks.Stream` does that part once per frame: override :meth:`prepare` and
    :meth:`aggregate`, and let :meth:`forward` be the one after the other. Without that, features
    are what a stream keeps, which is as exact and less economical.

    Args:
        upstream: ask it for ``clip(stride=...)``.
    """

    signal: Signal
    """Size of the context; set by the constructor."""

    uses_target: bool = True
    """Whether the context depends on ``window.target``. If it depends on the positions alone, set
    this to False beside your ``forward``, and several targets between two frames share it."""

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

    def prepare(self, features: Tensor) -> Tensor:
        """The work on each frame alone: no position and no other frame enters.

        Args:
            features: (N, C, h, w), of N frames.

        Returns:
            (N, ...), what :meth:`aggregate` needs of each frame; here the features as they are.
        """
        return features

    def aggregate(self, states: Tensor, window: Window, valid: Tensor | None) -> Context:
        """The rest of the work: ``forward`` on what :meth:`prepare` made of each frame.

        Args:
            states: (B, T, ...) in the order of ``window.positions``.
            window: as in ``forward``.
            valid: as in ``forward``.
        """
        context: Context = self(states, window, valid)
        return context


def is_split(aggregator: Aggregator) -> bool:
    """Whether ``aggregate(prepare(...))`` stands for ``forward``.

    Not if a class overrides ``forward`` and inherits the split of another computation.
    """
    cls = type(aggregator)
    return issubclass(_definer(cls, "aggregate"), _definer(cls, "forward"))


def shares_context(aggregator: Aggregator) -> bool:
    """Whether all targets between two frames have one context; again not by inheritance alone."""
    cls = type(aggregator)
    promised = issubclass(_definer(cls, "uses_target"), _definer(cls, "forward"))
    return promised and not aggregator.uses_target


def _definer(cls: type, name: str) -> type:
    return next(parent for parent in cls.__mro__ if name in vars(parent))

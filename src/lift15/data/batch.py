"""What a model is trained on in one step."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from vfiblocks import Truth, Window


@dataclass
class Batch:
    """Windows of one layout, with the frame that each is missing.

    Pictures stay 8-bit until they are on the device of the model: a quarter of the bytes to move.
    It is no named tuple and not frozen, so that it moves as one thing and its window stays what it
    is.

    Attributes:
        frames: (B, T, 3, H, W) uint8, in the order of ``window.positions``; zeros where missing.
        valid: (B, T) bool, False where a frame does not exist.
        target: (B, 3, H, W) uint8, the true frame.
        window: where the frames and the target lie in time, for all samples alike.
        names: per sample, source, clip and frame, for messages and tables.
        flow: (B, 2, 2, H, W) float32, see :class:`vfiblocks.Truth`; None where no sample has it.
        visible: (B, 2, 1, H, W) bool; goes with ``flow``.
        known: (B,) bool; goes with ``flow``.
    """

    frames: Tensor
    valid: Tensor
    target: Tensor
    window: Window
    names: tuple[str, ...]
    flow: Tensor | None = None
    visible: Tensor | None = None
    known: Tensor | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def to(self, device: str | torch.device, *, non_blocking: bool = False) -> Batch:
        """The same batch on another device."""
        return replace(
            self,
            **{
                name: value.to(device, non_blocking=non_blocking)
                for name, value in self._tensors().items()
            },
        )

    def pin_memory(self) -> Batch:
        """The same batch in memory that a GPU can read while the CPU goes on."""
        return replace(
            self, **{name: value.pin_memory() for name, value in self._tensors().items()}
        )

    def inputs(self) -> Tensor:
        """The frames as floats in [0, 1]."""
        return self.frames.float() / 255.0

    def truth(self) -> Truth:
        """What losses compare with, floats in [0, 1]."""
        return Truth(self.target.float() / 255.0, self.flow, self.visible, self.known)

    def _tensors(self) -> dict[str, Tensor]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}

"""What a model is trained on in one step."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from lift15.data.sources.base import Problem
from vfiblocks import Truth, Window
from vfiblocks.errors import InputError


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
        indices: (B,) int64, what each sample is called where numbers of several machines are put
            together: its place in the run, or in the list of validation windows. No two samples
            share one.
        problems: what could not be read and was replaced in this batch.

    Raises:
        InputError: the shapes do not fit each other.

    Example:
        >>> batch = Batch(
        ...     frames=torch.full((1, 2, 3, 8, 8), 255, dtype=torch.uint8),
        ...     valid=torch.ones(1, 2, dtype=torch.bool),
        ...     target=torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
        ...     window=Window.even(1, 1),
        ...     names=("numbers:/00001#3",),
        ... )
        >>> float(batch.inputs().max()), batch.truth().flow is None
        (1.0, True)
    """

    frames: Tensor
    valid: Tensor
    target: Tensor
    window: Window
    names: tuple[str, ...]
    flow: Tensor | None = None
    visible: Tensor | None = None
    known: Tensor | None = None
    indices: Tensor | None = None
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        size, count = len(self.frames), len(self.window)
        height, width = self.frames.shape[-2:]
        wanted: dict[str, tuple[int, ...]] = {
            "frames": (size, count, 3, height, width),
            "valid": (size, count),
            "target": (size, 3, height, width),
            "flow": (size, 2, 2, height, width),
            "visible": (size, 2, 1, height, width),
            "known": (size,),
            "indices": (size,),
        }
        for name, value in self._tensors().items():
            if tuple(value.shape) != wanted[name]:
                raise InputError(
                    f"a batch of {size} windows of {count} frames has {name} of {wanted[name]}, "
                    f"got {tuple(value.shape)}"
                )
        if len(self.names) != size:
            raise InputError(f"a batch of {size} samples has as many names, got {len(self.names)}")
        if len({self.flow is None, self.visible is None, self.known is None}) > 1:
            raise InputError("a batch has flow, visible and known, or none of the three")

    def __len__(self) -> int:
        return len(self.frames)

    def to(self, device: str | torch.device, *, non_blocking: bool = False) -> Batch:
        """The same batch on another device."""
        return self._with(
            {
                name: value.to(device, non_blocking=non_blocking)
                for name, value in self._tensors().items()
            }
        )

    def pin_memory(self) -> Batch:
        """The same batch in memory that a GPU can read while the CPU goes on."""
        return self._with({name: value.pin_memory() for name, value in self._tensors().items()})

    def inputs(self) -> Tensor:
        """The frames as floats in [0, 1]."""
        return self.frames.float() / 255.0

    def truth(self) -> Truth:
        """What losses compare with, floats in [0, 1]."""
        return Truth(self.target.float() / 255.0, self.flow, self.visible, self.known)

    def _tensors(self) -> dict[str, Tensor]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}

    def _with(self, tensors: dict[str, Tensor]) -> Batch:
        return replace(self, **tensors)  # type: ignore[arg-type]  # it cannot see which fields

"""The gaps between neighbouring frames, each with the frames around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video.frame import Frame


class Gap:
    """The time between two source frames, in which new frames can be made.

    Args:
        index: number of the source frame before the gap.
        neighbours: the frames around the gap in order of time, as many before it as after it were
            asked for; None where the clip has begun or ended, and beyond a cut.
        middle: how many of ``neighbours`` lie before the gap.
        device: where tensors are wanted.
    """

    def __init__(
        self,
        index: int,
        neighbours: tuple[Frame | None, ...],
        middle: int,
        device: torch.device | str = "cpu",
    ) -> None:
        before, after = neighbours[middle - 1], neighbours[middle]
        assert before is not None
        assert after is not None
        self.index = index
        self.before = before
        self.after = after
        self.neighbours = neighbours
        self._device = device

    @property
    def is_cut(self) -> bool:
        """Whether the scene changes here, so that nothing lies between the two frames."""
        return self.after.starts_shot

    @cached_property
    def frames(self) -> Tensor:
        """(1, T, 3, H, W) in [0, 1]; missing neighbours are zeros."""
        present = [None if f is None else f.to(self._device) for f in self.neighbours]
        blank = torch.zeros_like(self.before.to(self._device))
        return torch.stack([blank if rgb is None else rgb for rgb in present])[None]

    @cached_property
    def valid(self) -> Tensor:
        """(1, T) bool: which neighbours exist."""
        return torch.tensor([[f is not None for f in self.neighbours]], device=self._device)


def gaps(
    frames: Iterable[Frame],
    *,
    left: int = 1,
    right: int = 1,
    device: torch.device | str = "cpu",
) -> Iterator[Gap]:
    """Walk over the gaps of a video, holding no more than ``left + right`` frames.

    The neighbours of a gap are of its own shot: what lies beyond a frame that starts one is
    missing, just as what lies beyond the ends of the clip.

    Args:
        frames: at least two frames in order of time.
        left: how many neighbours before each gap.
        right: how many after it; so many frames are read ahead.
        device: where the tensors of a gap are wanted.

    Yields:
        N - 1 gaps for N frames.

    Raises:
        InputError: ``left`` or ``right`` is below one.
        VideoError: there are fewer than two frames.

    Example:
        >>> from fractions import Fraction
        >>> clip = [Frame(Fraction(i, 25), rgb=torch.zeros(3, 2, 2)) for i in range(3)]
        >>> [gap.valid.tolist() for gap in gaps(clip, left=2, right=1)]
        [[[False, True, True]], [[True, True, True]]]
    """
    if left < 1 or right < 1:
        raise InputError(
            f"a gap needs a frame on each side, got left={left}, right={right}; use at least 1"
        )
    count = 0
    missing: list[Frame | None] = [None] * (left + right)
    around = deque(missing, maxlen=left + right)
    for count, frame in enumerate(frames, start=1):
        around.append(frame)
        if count > right:
            yield Gap(count - right - 1, _one_shot(around, left), left, device)
    if count == 0:
        raise VideoError("no frames: there is nothing to interpolate")
    if count == 1:
        raise VideoError("only one frame: interpolation needs two")
    for index in range(count - right, count - 1):
        around.append(None)
        if index >= 0:
            yield Gap(index, _one_shot(around, left), left, device)


def _one_shot(around: Iterable[Frame | None], middle: int) -> tuple[Frame | None, ...]:
    """The neighbours without those that a cut parts from the gap."""
    neighbours = list(around)
    for index in range(middle - 2, -1, -1):
        nearer = neighbours[index + 1]
        if nearer is None or nearer.starts_shot:
            neighbours[index] = None
    for index in range(middle + 1, len(neighbours)):
        frame = neighbours[index]
        if neighbours[index - 1] is None or (frame is not None and frame.starts_shot):
            neighbours[index] = None
    return tuple(neighbours)

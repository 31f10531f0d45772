"""Midpoints of midpoints, for models that know the midpoint only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vfiblocks import Interpolator, Window
from vfiblocks.errors import InputError
from vfiblocks.tiling import Tiled
from vfiblocks.video import Gap

DEPTH = 10
"""Midpoints are taken this many times over at most: 1/1024 of a gap."""


class Recursion:
    """Makes the frames of a gap at halves, quarters, eighths, ...

    The frame at a quarter is made from the left reference and the frame midway, and that one from
    both references, whether it is asked for or not. Every frame is made once, in order of time.
    Errors of the first are inherited by the rest.

    Args:
        model: any assembled model, in ``eval()``. One that reads a longer clip is given the frames
            nearest in time, made ones among them.

    Example:
        >>> from fractions import Fraction
        >>> from vfiblocks import build_model
        >>> from vfiblocks.video import Frame
        >>> make = Recursion(build_model("rife").eval())
        >>> clip = [Frame(Fraction(i), rgb=torch.rand(3, 32, 32)) for i in range(2)]
        >>> quarters = [Window.even(1, 1, time) for time in (0.25, 0.5, 0.75)]
        >>> frames = list(make(Gap(0, tuple(clip), 1), quarters))
        >>> len(frames), frames[0].shape
        (3, torch.Size([1, 3, 32, 32]))
    """

    def __init__(self, model: Interpolator | Tiled) -> None:
        self._model = model

    def __call__(self, gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        """Make the frames of one gap; see :class:`vfiblocks.video.FrameMaker`.

        Raises:
            InputError: for moments that midpoints do not reach.
        """
        parts = 2**DEPTH
        for window in windows:
            if abs(window.time * parts - round(window.time * parts)) > 1e-9:
                raise InputError(
                    f"midpoints of midpoints do not reach time {window.time:g} between source "
                    f"frames {gap.index} and {gap.index + 1}; ask for halves, quarters, eighths, "
                    "..., or use a model with arbitrary time such as 'rife-m'"
                )
        first = windows[0]
        shots = self._shots(gap, first.positions)
        wanted = [round(window.time * parts) for window in windows]
        reach = first.left, first.right
        return self._between(shots, first.references[0], (0, parts), wanted, reach=reach)

    def _shots(self, gap: Gap, positions: Sequence[float]) -> list[Shot]:
        """The neighbours of a gap as what :meth:`_make` takes."""
        frames = zip(positions, gap.frames.unbind(1), gap.valid.unbind(1), strict=True)
        return [Shot(*shot) for shot in frames]

    def _between(
        self,
        shots: list[Shot],
        index: int,
        span: tuple[int, int],
        wanted: list[int],
        *,
        reach: tuple[int, int],
    ) -> Iterator[Tensor]:
        """The wanted frames inside ``span``, the gap after ``shots[index]``."""
        if not wanted:
            return
        left, right = shots[index], shots[index + 1]
        middle = (left.position + right.position) / 2
        unit = (right.position - left.position) / 2  # puts the references at -1 and 1
        near = shots[index + 1 - reach[0] : index + 1 + reach[1]]
        window = Window(tuple((shot.position - middle) / unit for shot in near), 0.0)
        made = self._make(near, window.shifted(self._model.window.target))
        shots = [*shots[: index + 1], Shot(middle, made, left.valid), *shots[index + 1 :]]
        start, end = span
        half = (start + end) // 2
        early, late = [w for w in wanted if w < half], [w for w in wanted if w > half]
        yield from self._between(shots, index, (start, half), early, reach=reach)
        if half in wanted:
            yield made
        yield from self._between(shots, index + 1, (half, end), late, reach=reach)

    def _make(self, shots: list[Shot], window: Window) -> Tensor:
        frames = torch.stack([shot.frame for shot in shots], dim=1)
        valid = torch.stack([shot.valid for shot in shots], dim=1)
        image: Tensor = self._model(frames, window, None if bool(valid.all()) else valid).image
        return image


class Shot(NamedTuple):
    """A frame, or what stands for it, when it was taken or made for, and whether it exists."""

    position: float
    frame: Any
    valid: Any


def is_reachable(parts: Fraction | int) -> bool:
    """Whether midpoints of midpoints reach every whole multiple of a gap over ``parts``.

    >>> [factor for factor in range(1, 20) if is_reachable(factor)]
    [1, 2, 4, 8, 16]
    >>> is_reachable(Fraction(4, 3)), is_reachable(Fraction(5, 2))
    (True, False)
    """
    count = Fraction(parts).numerator  # multiples of 3/4 are quarters
    return count <= 2**DEPTH and count & (count - 1) == 0

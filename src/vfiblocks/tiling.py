"""Pictures too large for the memory there is: tile by tile, with motion known from the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.interpolator import Interpolator
from vfiblocks.ops import pad_to_multiple, shrink
from vfiblocks.window import Window


class TiledInterpolation(NamedTuple):
    """What a tiled call returns.

    Attributes:
        image: (B, 3, H, W) in [0, 1].
    """

    image: Tensor


class Tiled:
    """A model that works on overlapping tiles, blended where they overlap.

    A tile on its own sees no motion that leaves it. So the whole frame is looked at first, at a
    fraction of its size, and each tile reads the references where the motion found there says that
    its content lies; what is left for the model to find is small. Tiles differ a little from the
    whole wherever a model looks far (a global norm, coarse flow), which the overlap hides.

    Args:
        model: any assembled model, in ``eval()``.
        tile: height and width of a tile; rounded up to what the model pads to.
        overlap: rows and columns that neighbouring tiles share, at least.

    Raises:
        InputError: for an overlap that leaves nothing of a tile.

    Example:
        >>> from vfiblocks import build_model
        >>> tiled = Tiled(build_model("rife-4.25").eval(), tile=(64, 64), overlap=16)
        >>> tiled(torch.rand(1, 2, 3, 90, 150)).image.shape
        torch.Size([1, 3, 90, 150])
    """

    def __init__(self, model: Interpolator, *, tile: tuple[int, int], overlap: int = 64) -> None:
        if overlap < 0 or 2 * overlap >= min(tile):
            raise InputError(
                f"an overlap of {overlap} leaves nothing of tiles of {tile[0]}x{tile[1]}; it has "
                "to be less than half of their sides"
            )
        self.model = model
        self.tile = tuple(math.ceil(side / model.multiple) * model.multiple for side in tile)
        self.overlap = overlap

    @property
    def window(self) -> Window:
        """The model's own."""
        return self.model.window

    def __call__(
        self, frames: Tensor, window: Window | None = None, valid: Tensor | None = None
    ) -> TiledInterpolation:
        """Interpolate; arguments and errors are those of the model."""
        window = self.model.window if window is None else window
        size = (frames.shape[-2], frames.shape[-1])
        if size[0] <= self.tile[0] and size[1] <= self.tile[1]:
            return TiledInterpolation(self.model(frames, window, valid).image)
        samples = [
            self._sample(frames[i : i + 1], window, None if valid is None else valid[i : i + 1])
            for i in range(len(frames))
        ]
        return TiledInterpolation(torch.cat(samples))

    def _sample(self, frames: Tensor, window: Window, valid: Tensor | None) -> Tensor:
        motion = self._coarse_motion(frames, window, valid)
        height, width = frames.shape[-2:]
        total = frames.new_zeros(1, 3, height, width)
        weights = frames.new_zeros(1, 1, height, width)
        for place in places((height, width), self.tile, self.overlap):
            made = self.model(self._look(frames, window, place, motion), window, valid).image
            share = place.weight(frames)
            total[..., place.rows, place.columns] += share * made
            weights[..., place.rows, place.columns] += share
        return total / weights

    def _coarse_motion(self, frames: Tensor, window: Window, valid: Tensor | None) -> Tensor:
        """Flow (2, 2, h, w) of the whole frame in its own pixels, at about the size of a tile."""
        height, width = frames.shape[-2:]
        factor = 1
        while height * width > factor**2 * self.tile[0] * self.tile[1]:
            factor *= 2
        small = shrink(pad_to_multiple(frames, factor), factor)
        flow: Tensor = self.model(small, window, valid).motion.flow[0]
        return flow * (factor * small.shape[-1] / flow.shape[-1])

    def _look(self, frames: Tensor, window: Window, place: Place, motion: Tensor) -> Tensor:
        """The frames at a tile; references where its content lies in them."""
        stride_y = frames.shape[-2] / motion.shape[-2]
        stride_x = frames.shape[-1] / motion.shape[-1]
        here = motion[
            ...,
            int(place.top / stride_y) : max(1, round((place.top + place.height) / stride_y)),
            int(place.left / stride_x) : max(1, round((place.left + place.width) / stride_x)),
        ]
        shifts = here.flatten(2).median(dim=2).values.round().long().tolist()  # (p, dx dy)
        crops = [_crop(frames[:, i], place) for i in range(frames.shape[1])]
        for reference, (dx, dy) in zip(window.references, shifts, strict=True):
            crops[reference] = _crop(frames[:, reference], place, dx, dy)
        return torch.stack(crops, dim=1)


@dataclass(frozen=True)
class Place:
    """Where a tile lies, and how far it overlaps its neighbours."""

    top: int
    left: int
    height: int
    width: int
    above: int
    below: int
    before: int
    after: int

    @property
    def rows(self) -> slice:
        """Its rows in the frame."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Its columns in the frame."""
        return slice(self.left, self.left + self.width)

    def weight(self, like: Tensor) -> Tensor:
        """(1, 1, height, width): rises over each overlap, so that neighbours fade over."""
        rows = _ramp(self.height, self.above, self.below, like)
        columns = _ramp(self.width, self.before, self.after, like)
        return (rows[:, None] * columns)[None, None]


def places(size: tuple[int, int], tile: tuple[int, ...], overlap: int) -> Iterator[Place]:
    """Tiles that cover a frame, row by row; evenly spread, each overlapping the next.

    >>> [place.left for place in places((64, 150), (64, 64), 16)]
    [0, 43, 86]
    """
    rows = list(_spread(size[0], tile[0], overlap))
    columns = list(_spread(size[1], tile[1], overlap))
    for top, height, above, below in rows:
        for left, width, before, after in columns:
            yield Place(top, left, height, width, above, below, before, after)


def _spread(length: int, tile: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """Start and length of each tile along one side, and its overlaps with those beside it."""
    if length <= tile:
        yield 0, length, 0, 0
        return
    count = math.ceil((length - overlap) / (tile - overlap))
    starts = [round(k * (length - tile) / (count - 1)) for k in range(count)]
    for k, start in enumerate(starts):
        before = starts[k - 1] + tile - start if k else 0
        after = start + tile - starts[k + 1] if k + 1 < count else 0
        yield start, tile, before, after


def _ramp(length: int, first: int, last: int, like: Tensor) -> Tensor:
    at = torch.arange(length, device=like.device, dtype=like.dtype) + 0.5
    rise = (at / first).clamp(max=1) if first else torch.ones_like(at)
    fall = ((length - at) / last).clamp(max=1) if last else torch.ones_like(at)
    return rise * fall


def _crop(picture: Tensor, place: Place, dx: int = 0, dy: int = 0) -> Tensor:
    """A tile of (B, C, H, W), moved; beyond the border its last row and column are repeated."""
    height, width = picture.shape[-2:]
    rows = torch.arange(place.top + dy, place.top + place.height + dy, device=picture.device)
    columns = torch.arange(place.left + dx, place.left + place.width + dx, device=picture.device)
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    return picture.index_select(-2, rows).index_select(-1, columns)

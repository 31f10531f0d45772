"""Crop, flip and turn pictures together with the motion between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vfiblocks.errors import DataError

EDGE = 1e-3
"""Pixels that may lie outside and still count as inside, against rounding at the border."""


@dataclass(frozen=True)
class Sample:
    """The pictures of one window and what is known of them.

    Attributes:
        pictures: (N, 3, H, W) uint8: the frames that exist, in the order of the window, and the
            target after them. Whatever is done is done to all of them alike.
        flow: (2, 2, H, W) float32 from the target to each reference, in pixels, or None.
        visible: (2, 1, H, W) bool; goes with ``flow``.
    """

    pictures: Tensor
    flow: Tensor | None = None
    visible: Tensor | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pictures.shape[-2], self.pictures.shape[-1]


def crop(sample: Sample, size: tuple[int, ...], place: tuple[float, float], *, who: str) -> Sample:
    """Cut a piece out.

    What a reference shows outside of the piece is no longer seen there, so ``visible`` goes false
    where the motion leads beyond the centres of its outermost pixels, where nothing can be read.

    Args:
        sample: of any size.
        size: height and width of the piece.
        place: in [0, 1), where it lies between the upper left and the lower right end.
        who: the clip, for the message.

    Raises:
        DataError: the pictures are smaller than the piece.
    """
    (height, width), (tall, wide) = size, sample.size
    if tall < height or wide < width:
        raise DataError(
            f"{who} is {tall}x{wide} (height x width), smaller than the crop of {height}x{width}; "
            f"set a crop of at most {min(tall, height)}x{min(wide, width)}, or leave the clip out"
        )
    if (tall, wide) == size:
        return sample
    top = int(place[0] * (tall - height + 1))
    left = int(place[1] * (wide - width + 1))

    def piece(x: Tensor) -> Tensor:
        return x[..., top : top + height, left : left + width]

    if sample.flow is None or sample.visible is None:
        return replace(sample, pictures=piece(sample.pictures))
    flow = piece(sample.flow)
    visible = piece(sample.visible) & _inside(flow)
    return Sample(piece(sample.pictures), flow, visible)


def flip_horizontally(sample: Sample) -> Sample:
    """Mirror left and right."""
    return _moved(sample, lambda x: x.flip(-1), (-1.0, 1.0))


def flip_vertically(sample: Sample) -> Sample:
    """Mirror top and bottom."""
    return _moved(sample, lambda x: x.flip(-2), (1.0, -1.0))


def turn(sample: Sample, quarters: int) -> Sample:
    """Turn counterclockwise by quarters; height and width change places where they are odd.

    What pointed right points up after one, and up is where y gets smaller: (dx, dy) becomes
    (dy, -dx).
    """
    for _ in range(quarters % 4):
        sample = _moved(sample, lambda x: torch.rot90(x, 1, (-2, -1)), (1.0, -1.0), swap=True)
    return sample


def _moved(
    sample: Sample,
    move: Callable[[Tensor], Tensor],
    signs: tuple[float, float],
    *,
    swap: bool = False,
) -> Sample:
    pictures = move(sample.pictures)
    if sample.flow is None or sample.visible is None:
        return replace(sample, pictures=pictures)
    flow = move(sample.flow)
    if swap:
        flow = flow.flip(1)
    return Sample(pictures, flow * flow.new_tensor(signs).view(2, 1, 1), move(sample.visible))


def _inside(flow: Tensor) -> Tensor:
    """Where (2, 2, H, W) leads to a place that lies in the picture, (2, 1, H, W)."""
    height, width = flow.shape[-2:]
    x = torch.arange(width, dtype=flow.dtype) + flow[:, :1]
    y = torch.arange(height, dtype=flow.dtype).view(-1, 1) + flow[:, 1:]
    across = (x >= -EDGE) & (x <= width - 1 + EDGE)
    return across & (y >= -EDGE) & (y <= height - 1 + EDGE)

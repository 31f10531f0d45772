"""A few numbers as bars."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.plots.lettering import fitting_scale, lettering

_TEXT = 14
_BLUE, _ORANGE, _GREY = (0.25, 0.45, 0.70), (0.90, 0.50, 0.15), (0.85, 0.85, 0.85)


def bars(
    values: Tensor,
    labels: Sequence[str],
    *,
    size: tuple[int, int],
    line: float | None = None,
    strong: Collection[int] = (),
    missing: Collection[int] = (),
) -> Tensor:
    """Bars from zero up, labelled below; the tallest one's value stands at the top.

    Args:
        values: (N,), not negative.
        labels: one per bar.
        size: height and width of the picture, in pixels.
        line: a value drawn as a line across, to compare with.
        strong: indices of bars in a second colour.
        missing: indices without a value: a grey column instead of a bar.

    Returns:
        (3, height, width) in [0, 1].

    Raises:
        InputError: there is not one label per value, or no value at all.

    Example:
        >>> bars(torch.tensor([0.2, 0.8]), ("left", "right"), size=(80, 60)).shape
        torch.Size([3, 80, 60])
    """
    if values.ndim != 1 or len(values) != len(labels) or not len(labels):
        raise InputError(
            f"bars want one label per value and at least one, got {len(labels)} labels for "
            f"{tuple(values.shape)}"
        )
    height, width = size
    canvas = torch.ones(3, height, width)
    top, floor = _TEXT + 2, height - _TEXT - 2
    numbers = values.detach().float().cpu()
    tallest = max(float(numbers.max()), line or 0.0)
    full = tallest if tallest > 0 else 1.0
    edges = torch.linspace(0, width, len(labels) + 1).round().long().tolist()
    narrow = min(right - left for left, right in pairwise(edges))
    scale = fitting_scale(labels, (_TEXT, narrow), scale=0.35)
    for index, label in enumerate(labels):
        left, right = edges[index], edges[index + 1]
        inset = max((right - left) // 8, 1 if right - left > 3 else 0)
        colour, share = (_ORANGE if index in strong else _BLUE), float(numbers[index]) / full
        if index in missing:
            colour, share = _GREY, 1.0
        tip = floor - round(min(max(share, 0.0), 1.0) * (floor - top))
        canvas[:, tip:floor, left + inset : right - inset] = torch.tensor(colour)[:, None, None]
        canvas[:, floor + 2 :, left:right] = lettering(label, (_TEXT, right - left), scale=scale)
    canvas[:, floor] = 0.0
    if line is not None:
        canvas[:, floor - round(line / full * (floor - top)), ::2] = 0.0
    canvas[:, :_TEXT] = lettering(f"{tallest:.3g}", (_TEXT, width), scale=0.4)
    return canvas

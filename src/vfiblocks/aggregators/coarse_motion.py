"""Where each frame shows what the target shows, from coarse features alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vfiblocks.ops import backward_warp, local_correlation
from vfiblocks.window import Window

SHARPNESS = 20.0
"""Starting factor of cosines before their softmax. With fresh weights, on moving textures, 10 falls
short of long motion, and 40 makes motion jump from cell to cell."""

BELIEVED = 8.0
"""Motion is continued over at most so many gaps between the references; what was taken even earlier
or later is looked at where content was or will be by then."""


class Course(NamedTuple):
    """How content moves through the target, per cell.

    Attributes:
        flow: (B, T, 2, h, w), (dx, dy) in cells from the target to each frame, in the order of
            ``window.positions``; at least float32.
        cues: (B, K, h, w), what was found, at a scale of about one, for whom it may concern.
    """

    flow: Tensor
    cues: Tensor


class CoarseMotion(nn.Module):
    """Matches the two references as seen from the target, and continues that motion in a line.

    The displacement between the references is the mean of all those up to ``radius``, weighted by
    the softmax of how alike the two ends are (soft-argmax). It is continuous in the features:
    where nothing is known, as in a flat region, the mean of all is no motion.

    Args:
        radius: largest displacement between the references, in cells; 0 assumes no motion.

    Example:
        What is matched moves by two cells to the right between the references.

        >>> content = torch.nn.functional.normalize(torch.randn(1, 32, 9, 13), dim=1)
        >>> match = torch.stack([content.roll(shift, dims=3) for shift in (-1, 1, 5)], dim=1)
        >>> course = CoarseMotion(3)(match, Window((-1.0, 1.0, 5.0), 0.0))
        >>> course.flow[0, :, 0, 4, 6].round().tolist()
        [-1.0, 1.0, 5.0]
    """

    CUES = 3

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(SHARPNESS)))

    def forward(self, match: Tensor, window: Window) -> Course:
        """Estimate.

        Args:
            match: (B, T, M, h, w), of unit length, at least float32.
            window: when the frames were taken.
        """
        left, right = window.references
        costs = matching_costs(match[:, left], match[:, right], self.radius, time=window.time)
        velocity, alike = likely(displacements(self.radius, costs), costs, self.sharpness)
        gaps = costs.new_tensor(gaps_from_target(window)).view(-1, 1, 1, 1)
        cues = torch.cat((velocity / max(1, self.radius), alike), dim=1)
        return Course(velocity[:, None] * gaps, cues)

    @property
    def sharpness(self) -> Tensor:
        """Factor of cosines before their softmax."""
        return self.log_sharpness.exp()


def matching_costs(left: Tensor, right: Tensor, radius: int, *, time: float = 0.0) -> Tensor:
    """Local correlation in which neighbours vote: (B, (2 radius + 1)^2, h, w).

    One cell alone is like many others; its 3x3 surroundings are like few.
    """
    costs = local_correlation(left, right, radius=radius, time=time)
    return F.avg_pool2d(costs, 3, 1, 1, count_include_pad=False)


def displacements(radius: int, like: Tensor) -> Tensor:
    """((2 radius + 1)^2, 2, 1, 1), (dx, dy) of each entry of :func:`local_correlation`.

    >>> displacements(1, torch.zeros(()))[:3].flatten(1).tolist()
    [[-1.0, -1.0], [0.0, -1.0], [1.0, -1.0]]
    """
    steps = torch.arange(-radius, radius + 1, device=like.device, dtype=like.dtype)
    dy, dx = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack((dx.flatten(), dy.flatten()), dim=1)[:, :, None, None]


def likely(places: Tensor, costs: Tensor, sharpness: Tensor) -> tuple[Tensor, Tensor]:
    """Soft-argmax: the mean place, (B, 2, h, w), and the mean cosine there, (B, 1, h, w).

    Args:
        places: (K, 2, 1, 1), or one for each cell, (B, K, 2, h, w).
        costs: (B, K, h, w), cosines.
        sharpness: factor of cosines before their softmax.
    """
    # No matrix product, which autocast would do in half precision.
    shares = (sharpness * costs).softmax(dim=1)
    return (shares[:, :, None] * places).sum(1), (shares * costs).sum(1, keepdim=True)


def seen_at_target(match: Tensor, flow: Tensor, window: Window) -> Tensor:
    """(B, M, h, w): the mean of what the two references show there, shorter where they differ."""
    pair = list(window.references)
    return backward_warp(match[:, pair], flow[:, pair]).mean(1)


def gaps_from_target(window: Window) -> list[float]:
    """How far motion is continued to each frame, counted in gaps between the references.

    >>> gaps_from_target(Window((-3.0, -1.0, 1.0, 40.0), 0.0))
    [-1.5, -0.5, 0.5, 8.0]
    """
    left, right = (window.positions[i] for i in window.references)
    gaps = ((p - window.target) / (right - left) for p in window.positions)
    return [max(-BELIEVED, min(BELIEVED, gap)) for gap in gaps]


def outer_frames(window: Window) -> tuple[list[int], list[int]]:
    """Frames before the left reference and behind the right one, the nearest first.

    >>> outer_frames(Window.even(3, 2))
    ([1, 0], [4])
    """
    when = window.positions.__getitem__
    left, right = map(when, window.references)
    # A compiler that takes moments for variables knows min and max of them, but cannot sort
    rest = list(range(len(window)))
    before, behind = ([i for i in rest if when(i) < left], [i for i in rest if when(i) > right])
    return _taken(before, partial(max, key=when)), _taken(behind, partial(min, key=when))


def _taken(rest: list[int], choose: Callable[[list[int]], int]) -> list[int]:
    """All of them, in the order in which they are chosen from those that are left."""
    order = []
    while rest:
        order.append(choose(rest))
        rest.remove(order[-1])
    return order

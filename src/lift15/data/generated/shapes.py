"""Outlines of layers: whole ones, ragged ones, and such as one looks through."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Shape = Callable[[np.random.Generator, int, int], Mask]
"""Draws a mask (height, width) of 0 and 255; the last two arguments are height and width."""

SUBPIXEL = 4  # bits of a fraction in OpenCV's drawing functions


def _ellipse(rng: np.random.Generator, height: int, width: int) -> Mask:
    x, y = _axes(height, width)
    return _filled(x * x + y * y < 0.98)


def _ring(rng: np.random.Generator, height: int, width: int) -> Mask:
    x, y = _axes(height, width)
    radius = x * x + y * y
    return _filled((radius < 0.98) & (radius > rng.uniform(0.3, 0.75)))


def _polygon(rng: np.random.Generator, height: int, width: int) -> Mask:
    corners = int(rng.integers(3, 9))
    angles = 2.0 * math.pi / corners * (np.arange(corners) + rng.uniform(0.0, 0.7, corners))
    return _outline(angles, rng.uniform(0.7, 1.0, corners), height, width)


def _star(rng: np.random.Generator, height: int, width: int) -> Mask:
    points = int(rng.integers(4, 9))
    radii = np.where(np.arange(2 * points) % 2 == 0, 1.0, rng.uniform(0.35, 0.7))
    return _outline(math.pi / points * np.arange(2 * points), radii, height, width)


def _blob(rng: np.random.Generator, height: int, width: int) -> Mask:
    """Noise above a threshold, higher towards the rim so that nothing is cut off there."""
    import cv2

    cells = int(rng.integers(3, 8))
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    hills = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    x, y = _axes(height, width)
    away = x * x + y * y
    return _filled((hills > 4.0 * away - 1.6) | (away < 0.05))  # something is always there


def _bars(rng: np.random.Generator, height: int, width: int) -> Mask:
    """A fence: parallel bars."""
    across = np.arange(width, dtype=np.float32)[None, :]
    number = int(rng.integers(2, 9))
    bars = (across * number / width) % 1.0 < rng.uniform(0.25, 0.6)
    return _filled(np.broadcast_to(bars, (height, width)))


def _lattice(rng: np.random.Generator, height: int, width: int) -> Mask:
    """A window: bars both ways."""
    spacing = max(height, width) / int(rng.integers(2, 8))
    share = rng.uniform(0.12, 0.35)
    upright = (np.arange(width) / spacing % 1.0 < share)[None, :]
    level = (np.arange(height) / spacing % 1.0 < share)[:, None]
    return _filled(upright | level)


def _branches(rng: np.random.Generator, height: int, width: int) -> Mask:
    """Thin crooked lines from the middle outwards."""
    import cv2

    mask = np.zeros((height, width), dtype=np.uint8)
    reach = min(height, width) / 2.0
    for _ in range(int(rng.integers(4, 10))):
        angle = rng.uniform(0.0, 2.0 * math.pi) + np.cumsum(rng.normal(0.0, 0.35, 6))
        steps = np.stack((np.cos(angle), np.sin(angle)), axis=1) * reach / 6.5
        way = np.concatenate((np.zeros((1, 2)), np.cumsum(steps, axis=0)))
        thickness = max(3, round(reach * rng.uniform(0.02, 0.09)))
        cv2.polylines(
            mask,
            [_fixed(way + np.array([width / 2.0, height / 2.0]))],
            False,
            255,
            thickness,
            shift=SUBPIXEL,
        )
    return mask


def _letters(rng: np.random.Generator, height: int, width: int) -> Mask:
    """Writing in a script of our own: strokes between the nodes of a 3x4 grid.

    No font: what a font draws differs from one OpenCV to the next.
    """
    import cv2

    mask = np.zeros((height, width), dtype=np.uint8)
    rows = int(rng.integers(1, 4))
    tall = min(height / rows, width / 0.7)  # so that one letter fits
    wide = 0.7 * tall
    thickness = max(3, round(tall * rng.uniform(0.06, 0.14)))
    for row in range(rows):
        for column in range(max(1, int(width / wide))):
            nodes = rng.permutation(12)[: int(rng.integers(4, 8))]
            x = (column + 0.2 + 0.3 * (nodes % 3)) * wide
            y = (row + 0.15 + 0.233 * (nodes // 3)) * tall
            way = _fixed(np.stack((x, y), axis=1))
            cv2.polylines(mask, [way], False, 255, thickness, shift=SUBPIXEL)
    return mask


def _leaves(rng: np.random.Generator, height: int, width: int) -> Mask:
    """Many small ellipses, as foliage or a flock."""
    import cv2

    mask = np.zeros((height, width), dtype=np.uint8)
    small = min(height, width)
    for _ in range(int(rng.integers(8, 30))):
        axes = np.maximum(2, small * rng.uniform(0.03, 0.14, 2)).astype(int)
        centre = rng.uniform(0.15, 0.85, 2) * (width, height)
        cv2.ellipse(
            mask, (int(centre[0]), int(centre[1])), (int(axes[0]), int(axes[1])),
            float(rng.uniform(0.0, 180.0)), 0.0, 360.0, 255, -1,
        )  # fmt: skip
    return mask


SHAPES: dict[str, Shape] = {
    "ellipse": _ellipse,
    "ring": _ring,
    "polygon": _polygon,
    "star": _star,
    "blob": _blob,
    "bars": _bars,
    "lattice": _lattice,
    "branches": _branches,
    "letters": _letters,
    "leaves": _leaves,
}
"""Kinds of outlines by name."""

SCREENS = frozenset({"bars", "lattice"})
"""Those that one looks through, and that may be as large as the picture."""


SOLID = frozenset({"ellipse", "polygon", "blob"})
"""Those whose edge may be soft: a thin part would turn into a ghost that is nowhere opaque."""


def draw_shape(
    rng: np.random.Generator, kind: str, height: int, width: int, *, rim: int = 0
) -> Mask:
    """A mask of one kind with an empty rim of so many pixels around it.

    Example:
        >>> mask = draw_shape(np.random.default_rng(0), "star", 40, 60, rim=4)
        >>> mask.shape, int(mask[:4].max()), int(mask.max())
        ((40, 60), 0, 255)
    """
    mask = np.zeros((height, width), dtype=np.uint8)
    inner = (height - 2 * rim, width - 2 * rim)
    mask[rim : rim + inner[0], rim : rim + inner[1]] = SHAPES[kind](rng, *inner)
    return mask


def _axes(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Columns and rows from -1 to 1."""
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    return x, y


def _filled(inside: NDArray[np.bool_]) -> Mask:
    return np.where(inside, np.uint8(255), np.uint8(0))


def _outline(
    angles: NDArray[np.floating], radii: NDArray[np.floating], height: int, width: int
) -> Mask:
    import cv2

    mask = np.zeros((height, width), dtype=np.uint8)
    x = (1.0 + radii * np.cos(angles)) * (width - 1) / 2.0
    y = (1.0 + radii * np.sin(angles)) * (height - 1) / 2.0
    cv2.fillPoly(mask, [_fixed(np.stack((x, y), axis=1))], 255, shift=SUBPIXEL)
    return mask


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Points (N, 2) as OpenCV draws them: whole numbers of 1/16 pixel."""
    return np.asarray(np.rint(points * (1 << SUBPIXEL)), dtype=np.int32)

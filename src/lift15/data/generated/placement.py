"""Where a flat layer lies in the picture at any time: matrices, and how far they move things."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lift15.data.generated.paths import Path, Times

Matrices = NDArray[np.float64]

LARGEST_ZOOM = 0.45  # natural logarithm, either way: textures have one resolution
LARGEST_TILT = 0.25  # at the corners of the picture; the horizon is where it would be one


@dataclass(frozen=True)
class Movement:
    """Shifting, rolling, zooming and tilting along paths, each in its own measure.

    The order is zoom and roll about a point of the layer, shift, then tilt about the middle of the
    picture, so that the horizon of a tilt stays outside the picture wherever the layer goes.

    Attributes:
        shift: where it goes, and ``shift_step`` in pixels per step of that path.
        roll: of which x counts, and ``roll_step`` in radians.
        zoom: of which x counts, and ``zoom_step`` in natural logarithms of the scale.
        tilt: and ``tilt_step``, relative growth at the corner of the picture.
    """

    shift: Path
    roll: Path
    zoom: Path
    tilt: Path
    shift_step: float = 0.0
    roll_step: float = 0.0
    zoom_step: float = 0.0
    tilt_step: float = 0.0

    def scaled(self, by: float, *, shift: float = 1.0) -> Movement:
        """The same ways, gone ``by`` as far; shift and zoom ``shift`` times as far as that."""
        return replace(
            self,
            shift_step=self.shift_step * by * shift,
            roll_step=self.roll_step * by,
            zoom_step=self.zoom_step * by * shift,
            tilt_step=self.tilt_step * by,
        )

    def matrices(
        self,
        times: Times,
        *,
        pivot: tuple[float, float],
        place: tuple[float, float],
        size: tuple[int, int],
        heading: float = 0.0,
        scale: float = 1.0,
    ) -> Matrices:
        """From the layer's coordinates to the picture's, (T, 3, 3).

        Args:
            times: (T,), in frames.
            pivot: the point of the layer, (x, y), about which it rolls and zooms.
            place: where that point lies in the middle of the clip.
            size: height and width of the picture.
            heading: roll in the middle of the clip, radians.
            scale: pixels of the picture per pixel of the layer in the middle of the clip.
        """
        angle = heading + self.roll_step * self.roll(times)[:, 0]
        growing = _limited(self.zoom, self.zoom_step, LARGEST_ZOOM)
        growth = scale * np.exp(growing * self.zoom(times)[:, 0])
        cos, sin = growth * np.cos(angle), growth * np.sin(angle)
        similar = np.zeros((len(times), 3, 3))
        similar[:, 0, 0], similar[:, 0, 1] = cos, -sin
        similar[:, 1, 0], similar[:, 1, 1] = sin, cos
        similar[:, 2, 2] = 1.0
        similar[:, :2, 2] = np.array(place) + self.shift_step * self.shift(times)
        similar[:, :2, 2] -= np.einsum("tij,j->ti", similar[:, :2, :2], np.array(pivot))
        if not self.tilt_step:
            return similar
        tilted: Matrices = self._tilts(times, size) @ similar
        return tilted

    def _tilts(self, times: Times, size: tuple[int, int]) -> Matrices:
        """Perspective about the middle of the picture, (T, 3, 3)."""
        middle = np.array([(size[1] - 1) / 2.0, (size[0] - 1) / 2.0])
        leaning = _limited(self.tilt, self.tilt_step, LARGEST_TILT)
        slope = leaning * self.tilt(times) / math.hypot(*middle)
        there, back = np.eye(3), np.eye(3)
        there[:2, 2], back[:2, 2] = middle, -middle
        lean = np.tile(np.eye(3), (len(times), 1, 1))
        lean[:, 2, :2] = slope
        leaned: Matrices = there @ lean @ back
        return leaned


def _limited(path: Path, step: float, largest: float) -> float:
    """``step``, or less where the clip would carry it past ``largest``."""
    return math.copysign(min(abs(step), largest / path.span), step)


def transform(matrices: Matrices, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (N, 2) or (T, N, 2) through matrices (T, 3, 3), to (T, N, 2)."""
    turned = np.matmul(points, matrices[:, :2, :2].transpose(0, 2, 1)) + matrices[:, None, :2, 2]
    depth = np.matmul(points, matrices[:, 2, :2, None])[..., 0] + matrices[:, None, 2, 2]
    return np.asarray(turned / depth[..., None])


def grid_points(left: float, top: float, right: float, bottom: float, side: int = 5) -> Matrices:
    """``side`` x ``side`` points from corner to corner, (side**2, 2)."""
    x, y = np.meshgrid(np.linspace(left, right, side), np.linspace(top, bottom, side))
    return np.stack((x.ravel(), y.ravel()), axis=1)


def smallest_scale(matrices: Matrices, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the layer is enlarged where, and along the direction in which, that is least.

    Args:
        matrices: (T, 3, 3).
        points: (N, 2) or (T, N, 2) of the layer.

    Returns:
        (T, N): the smaller singular value of the Jacobian, pixels of the picture per pixel of the
        layer.
    """
    seen = transform(matrices, points)
    depth = np.matmul(points, matrices[:, 2, :2, None])[..., 0] + matrices[:, None, 2, 2]
    jacobian = matrices[:, None, :2, :2] - seen[..., :, None] * matrices[:, None, 2:, :2]
    jacobian = jacobian / depth[..., None, None]
    a, b, c, d = (jacobian[..., i, j] for i in range(2) for j in range(2))
    # Singular values of a 2x2 matrix from its norm and determinant.
    total, area = a * a + b * b + c * c + d * d, a * d - b * c
    return np.asarray(np.sqrt((total - np.sqrt(np.maximum(total**2 - 4 * area**2, 0.0))) / 2.0))

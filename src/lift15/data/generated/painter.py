"""Layers drawn at random from a recipe: what they show, and where they go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lift15.data.generated.paths import Path, Steady, draw_path
from lift15.data.generated.photographs import Photographs
from lift15.data.generated.placement import Movement, grid_points, smallest_scale, transform
from lift15.data.generated.recipes import Recipe
from lift15.data.generated.scene import Layer
from lift15.data.generated.shapes import SCREENS, SOLID, draw_shape
from lift15.data.generated.textures import OVERSAMPLING, draw_texture, prefilter

SHARPNESS = 0.5
"""Standard deviation of the blur of textures, in pixels of the picture where it is smallest."""

BACKDROP = 1.2
"""Size of a background in pictures; it goes on mirrored. Photographs are no larger than that."""

SOFT = 0.25
"""Share of solid layers whose edge fades over several pixels."""


@dataclass(frozen=True)
class Canvas:
    """What all clips of a source have in common.

    Attributes:
        size: height and width.
        frames: of a clip.
        largest: pixels that anything may move from one frame to the next.
        shutter: exposure that every clip has, in frames; 0 leaves it to the recipe.
        sigma: noise that every clip has, in levels of 255; 0 leaves it to the recipe.
        quality: JPEG quality that every clip has; None leaves it to the recipe.
    """

    size: tuple[int, int]
    frames: int
    largest: float
    shutter: float = 0.0
    sigma: float = 0.0
    quality: int | None = None


def layer_step(layer: Layer, canvas: Canvas) -> float:
    """Pixels that a layer moves from one frame to the next, at most.

    Measured at its corners and between them, or at those of the picture for an endless one, while
    they are in the picture or no farther from it than half its size.
    """
    height, width = canvas.size
    matrices = layer.matrices(np.arange(canvas.frames, dtype=np.float64), canvas.size)
    if layer.endless:
        points = grid_points(0.0, 0.0, width - 1.0, height - 1.0)
        after = transform(matrices[1:] @ np.linalg.inv(matrices[:-1]), points)
        before = transform(matrices[:-1] @ np.linalg.inv(matrices[1:]), points)
        return float(np.linalg.norm(np.stack((after, before)) - points, axis=-1).max())
    rows, columns = layer.picture.shape[:2]
    places = transform(matrices, grid_points(0.0, 0.0, columns - 1.0, rows - 1.0))
    steps = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    away = np.abs(places / (width - 1.0, height - 1.0) - 0.5).max(axis=-1) < 1.0
    return float(np.where(away[1:] | away[:-1], steps, 0.0).max())


class Painter:
    """Draws the layers of one scene.

    Args:
        rng: where chance comes from.
        recipe: of the subset.
        canvas: sizes and limits.
        photographs: what photographs there are.
    """

    def __init__(
        self, rng: np.random.Generator, recipe: Recipe, canvas: Canvas, photographs: Photographs
    ) -> None:
        self.rng = rng
        self.recipe = recipe
        self.canvas = canvas
        self.photographs = photographs
        self.largest = canvas.largest
        self.radius = math.hypot(*canvas.size) / 2.0

    def layers(self, *, whole: bool) -> tuple[Layer, ...]:
        """The background and what is in front of it, no faster than allowed."""
        rng, recipe = self.rng, self.recipe
        moving = not whole and rng.random() < recipe.camera
        camera = self._movement(0.6 * self._speed() if moving else 0.0, self.radius, tilting=False)
        drawn = [self._background(camera, whole=whole)]
        number = int(rng.integers(recipe.layers[0], recipe.layers[1] + 1))
        depths = np.sort(rng.uniform(1.0, 1.8, number))  # how much more than the background moves
        drawn += [self._front(camera, float(depth), whole=whole) for depth in depths]
        if not whole:
            drawn = self._slowed(drawn)
        return tuple(self._finished(layer) for layer in drawn)

    def _slowed(self, layers: list[Layer]) -> list[Layer]:
        """Within the largest motion; zoom and tilt bend steps, hence more than one try."""
        for _ in range(4):
            peak = max(layer_step(layer, self.canvas) for layer in layers)
            if peak <= self.largest:
                return layers
            layers = [layer.scaled(0.98 * self.largest / peak) for layer in layers]
        return layers

    def _background(self, camera: Movement, *, whole: bool) -> Layer:
        height, width = self.canvas.size
        rows, columns = (round(BACKDROP * OVERSAMPLING * side) for side in (height, width))
        picture = self._texture(rows, columns)
        still = not whole and self.rng.random() < 0.4  # a fixed camera's background
        speed = 0.0 if still else 0.6 * self._speed()
        return Layer(
            picture,
            self._whole_movement() if whole else self._movement(speed, self.radius),
            camera,
            place=((width - 1) / 2.0, (height - 1) / 2.0),
            heading=0.0 if whole else float(self.rng.normal(0.0, 0.1)),
            scale=self._scale(whole=whole),
            endless=True,
        )

    def _front(self, camera: Movement, depth: float, *, whole: bool) -> Layer:
        rng = self.rng
        height, width = self.canvas.size
        kind = _pick(rng, self.recipe.shapes)
        low, high = (0.5, 1.5) if kind in SCREENS else (0.12, 0.7)
        side = min(height, width) * math.exp(rng.uniform(math.log(low), math.log(high)))
        aspect = math.exp(rng.uniform(-0.4, 0.4))
        soft = 0.0
        if kind in SOLID and rng.random() < SOFT:
            soft = OVERSAMPLING * float(rng.uniform(0.7, min(3.0, max(side / 20.0, 0.8))))
        rim = math.ceil(4.0 * OVERSAMPLING * SHARPNESS + 3.0 * soft) + 2
        rows, columns = (
            max(round(OVERSAMPLING * part), 8) + 2 * rim for part in (side / aspect, side * aspect)
        )
        mask = draw_shape(rng, kind, rows, columns, rim=rim)
        if soft:
            mask = prefilter(mask, soft)
        picture = self._texture(rows, columns)
        picture[..., 3] = mask
        radius = math.hypot(rows, columns) / (2.0 * OVERSAMPLING)
        place = rng.uniform(0.1, 0.9, 2) * (width, height)
        return Layer(
            picture,
            self._whole_movement(moving=True) if whole else self._movement(self._speed(), radius),
            camera.scaled(1.0, shift=depth),
            place=(float(place[0]), float(place[1])),
            heading=0.0 if whole else float(rng.uniform(-math.pi, math.pi)),
            scale=self._scale(whole=whole),
        )

    def _texture(self, rows: int, columns: int) -> NDArray[np.uint8]:
        """(rows, columns, 4), opaque."""
        import cv2

        kind = _pick(self.rng, self.recipe.textures)
        texture = draw_texture(self.rng, kind, rows, columns, self.photographs)
        return np.asarray(cv2.cvtColor(texture, cv2.COLOR_RGB2RGBA), dtype=np.uint8)

    def _scale(self, *, whole: bool) -> float:
        return (1.0 if whole else float(self.rng.uniform(0.85, 1.2))) / OVERSAMPLING

    def _speed(self) -> float:
        return float(self.largest * self.rng.random() ** self.recipe.slowness)

    def _movement(self, speed: float, radius: float, *, tilting: bool = True) -> Movement:
        """Steps that add up to ``speed`` pixels at ``radius`` from where it turns."""
        rng, turning = self.rng, self.recipe.turning
        share = np.zeros(4)
        share[0] = rng.uniform(0.5, 1.0)
        turns = rng.random(3) < turning
        share[1:] = np.where(turns, rng.uniform(0.1, 1.0, 3), 0.0)
        share[3] *= tilting
        share *= speed / share.sum()
        return Movement(
            self._path(),
            self._path(),
            self._path(),
            self._path(),
            shift_step=float(share[0]),
            roll_step=float(share[1] / radius),
            zoom_step=float(share[2] / radius),
            tilt_step=float(share[3] / self.radius),
        )

    def _whole_movement(self, *, moving: bool = False) -> Movement:
        """By whole pixels, the same every frame; by one at least where ``moving`` and allowed."""
        way = self.rng.uniform(0.0, 2.0 * math.pi)
        limit = self._speed()
        dx, dy = (math.trunc(limit * part) for part in (math.cos(way), math.sin(way)))
        if moving and self.largest >= 1.0 and not dx and not dy:
            dx = 1 if math.cos(way) > 0.0 else -1
        middle = (self.canvas.frames - 1) / 2.0
        straight = Path(Steady((float(dx), float(dy))), middle, step=1.0, span=1.0)
        return Movement(straight, straight, straight, straight, shift_step=1.0)

    def _path(self) -> Path:
        return draw_path(self.rng, self.recipe.paths, self.canvas.frames)

    def _finished(self, layer: Layer) -> Layer:
        """Blurred by as much as the layer is reduced where it is smallest."""
        height, width = self.canvas.size
        times = np.arange(self.canvas.frames, dtype=np.float64)
        matrices = layer.matrices(times, self.canvas.size)
        corners = grid_points(0.0, 0.0, width - 1.0, height - 1.0)
        if layer.endless:
            points = transform(np.linalg.inv(matrices).astype(np.float64), corners)
            least = float(smallest_scale(matrices, points).min())
        else:
            rows, columns = layer.picture.shape[:2]
            points = grid_points(0.0, 0.0, columns - 1.0, rows - 1.0)
            seen = transform(matrices, points) / (width - 1.0, height - 1.0)
            near = np.abs(seen - 0.5).max(axis=-1) < 0.75
            scales = np.where(near, smallest_scale(matrices, points), np.inf)
            least = float(min(scales.min(), 1.0 / OVERSAMPLING))
        return replace(layer, picture=prefilter(layer.picture, SHARPNESS / max(least, 0.1)))


def _pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """A name, as often as its weight says."""
    total = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(total, rng.random() * total[-1], side="right"))]

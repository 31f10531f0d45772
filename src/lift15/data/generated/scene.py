"""Flat layers in front of each other: what they look like at any time, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lift15.data.generated.lighting import Light, light_field
from lift15.data.generated.paths import Times
from lift15.data.generated.placement import Matrices, Movement, transform

OPAQUE = 128  # of 255: from half on a pixel belongs to the layer
EDGE = 1e-3  # pixels outside that still count as inside, against rounding at the border


@dataclass(frozen=True)
class Layer:
    """A painted plane.

    Attributes:
        picture: (h, w, 4) uint8, RGB and how opaque it is.
        movement: its own.
        camera: what all layers share, as far as it moves one at this depth.
        place: where its middle lies in the picture in the middle of the clip, (x, y).
        heading: its roll then, radians.
        scale: pixels of the picture per pixel of its own then.
        endless: whether it goes on beyond its edges, mirrored: a background.
    """

    picture: NDArray[np.uint8]
    movement: Movement
    camera: Movement
    place: tuple[float, float]
    heading: float
    scale: float
    endless: bool = False

    def scaled(self, by: float) -> Layer:
        """The same layer moving ``by`` times as far."""
        return replace(self, movement=self.movement.scaled(by), camera=self.camera.scaled(by))

    def matrices(self, times: Times, size: tuple[int, int]) -> Matrices:
        """From the layer's pixels to those of a picture (height, width), (T, 3, 3)."""
        height, width = self.picture.shape[:2]
        own = self.movement.matrices(
            times,
            pivot=((width - 1) / 2.0, (height - 1) / 2.0),
            place=self.place,
            size=size,
            heading=self.heading,
            scale=self.scale,
        )
        middle = ((size[1] - 1) / 2.0, (size[0] - 1) / 2.0)
        seen: Matrices = self.camera.matrices(times, pivot=middle, place=middle, size=size) @ own
        return seen


@dataclass(frozen=True)
class Grain:
    """What a camera and a codec add, different in every frame.

    Attributes:
        sigma: standard deviation of the noise, levels of 255.
        quality: of JPEG, 1 to 100; None for none.
        seed: one for the clip.
    """

    sigma: float
    quality: int | None
    seed: tuple[int, ...]

    def __call__(self, picture: NDArray[np.float32], time: float) -> NDArray[np.float32]:
        """Add it to (H, W, 3) in levels of 255; the same time gets the same grain."""
        import cv2

        if self.sigma:
            moment = int(np.float64(time).view(np.uint64))
            rng = np.random.default_rng((*self.seed, moment))
            noise = rng.standard_normal(picture.shape, dtype=np.float32)
            picture = picture + np.float32(self.sigma) * noise
        if self.quality is None:
            return picture
        blue_first = np.ascontiguousarray(_levels(picture)[..., ::-1])
        _, data = cv2.imencode(".jpg", blue_first, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.float32)
        return decoded[..., ::-1]


@dataclass(frozen=True)
class Scene:
    """Layers from far to near, and what lies between them and the finished picture.

    Attributes:
        size: height and width.
        layers: the farthest first; that one is endless.
        lights: factors of brightness.
        middle: of the clip, in frames: where lights are as they were drawn.
        shutter: how long a frame is exposed, in frames, centred on its time.
        exposures: moments averaged per frame.
        grain: None for none.
    """

    size: tuple[int, int]
    layers: tuple[Layer, ...]
    lights: tuple[Light, ...] = ()
    middle: float = 0.0
    shutter: float = 0.0
    exposures: int = 1
    grain: Grain | None = None

    def render(self, times: Sequence[float]) -> NDArray[np.uint8]:
        """Frames at ``times``, (T, H, W, 3) RGB."""
        frames = np.empty((len(times), *self.size, 3), dtype=np.uint8)
        offsets = (np.arange(self.exposures) + 0.5) / self.exposures - 0.5
        moments = np.asarray(times, dtype=np.float64)[:, None] + self.shutter * offsets
        back = [
            np.linalg.inv(matrices).reshape(*moments.shape, 3, 3)
            for matrices in (layer.matrices(moments.ravel(), self.size) for layer in self.layers)
        ]
        for index, time in enumerate(times):
            total = self._composed([matrices[index, 0] for matrices in back])
            for exposure in range(1, self.exposures):
                total += self._composed([matrices[index, exposure] for matrices in back])
            if self.exposures > 1:
                total /= np.float32(self.exposures)
            if self.lights:
                total *= light_field(self.lights, time - self.middle, *self.size)
            if self.grain is not None:
                total = self.grain(total, time)
            frames[index] = _levels(total)
        return frames

    def owners(self, time: float) -> NDArray[np.int64]:
        """Which layer each pixel shows, by its number in ``layers``, (H, W)."""
        times = np.array([time], dtype=np.float64)
        owners = np.zeros(self.size, dtype=np.int64)
        for number, layer in enumerate(self.layers[1:], start=1):
            back = np.linalg.inv(layer.matrices(times, self.size)[0])
            owners[self._opaque(layer, back)] = number
        return owners

    def motion(
        self, time: float, references: tuple[float, float]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Where what is seen at ``time`` lies at two others, and whether it is seen there.

        Returns:
            flow (2, 2, H, W), (dx, dy) in pixels, and visible (2, 1, H, W).
        """
        height, width = self.size
        owners = self.owners(time)
        moments = np.array([time, *references], dtype=np.float64)
        there = [layer.matrices(moments, self.size) for layer in self.layers]
        flow = np.zeros((2, 2, height, width), dtype=np.float32)
        visible = np.zeros((2, 1, height, width), dtype=np.bool_)
        for number, matrices in enumerate(there):
            rows, columns = np.nonzero(owners == number)
            if not len(rows):
                continue
            points = np.stack((columns, rows), axis=1).astype(np.float64)
            across = matrices[1:] @ np.linalg.inv(matrices[0])  # picture to picture
            seen_at = transform(across, points)
            flow[:, :, rows, columns] = (seen_at - points).transpose(0, 2, 1)
            for side, places in enumerate(seen_at):
                x, y = places.T
                seen = (x >= -EDGE) & (x <= width - 1 + EDGE)
                seen &= (y >= -EDGE) & (y <= height - 1 + EDGE)
                for nearer in range(number + 1, len(self.layers)):
                    # What the nearer layer has where this one's pixels go, read in one warp.
                    back = np.linalg.inv(there[nearer][1 + side]) @ across[side]
                    seen &= ~self._opaque(self.layers[nearer], back)[rows, columns]
                visible[side, 0, rows, columns] = seen
        return flow, visible

    def _composed(self, back: Sequence[Matrices]) -> NDArray[np.float32]:
        """All layers over each other, (H, W, 3) in levels of 255.

        The matrices, one per layer, lead from the picture to the layer.
        """
        import cv2

        height, width = self.size
        below = self.layers[0].picture
        canvas = np.asarray(
            cv2.warpPerspective(
                below,
                back[0],
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101,
            )[..., :3],
            dtype=np.float32,
        )
        for layer, matrix in zip(self.layers[1:], back[1:], strict=True):
            left, top, right, bottom = self._bounds(layer, matrix)
            if left >= right or top >= bottom:
                continue
            moved = matrix @ np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]])
            patch = cv2.warpPerspective(
                layer.picture,
                moved,
                (right - left, bottom - top),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            )
            share = patch[..., 3:].astype(np.float32) * np.float32(1.0 / 255.0)
            part = canvas[top:bottom, left:right]
            part += share * (patch[..., :3] - part)
        return canvas

    def _bounds(self, layer: Layer, back: Matrices) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the rectangle that a layer can change."""
        height, width = layer.picture.shape[:2]
        corners = np.array([[-1, -1], [width, -1], [-1, height], [width, height]], dtype=np.float64)
        there = np.linalg.inv(back)
        there = there / (there @ np.array([(width - 1) / 2.0, (height - 1) / 2.0, 1.0]))[2]
        depths = corners @ there[2, :2] + there[2, 2]
        if depths.min() < 0.05:  # a corner is behind the horizon: it might be anywhere
            return 0, 0, self.size[1], self.size[0]
        places = transform(there[None], corners)[0]
        low = np.maximum(np.floor(places.min(axis=0)), 0.0)
        high = np.minimum(np.ceil(places.max(axis=0)) + 1.0, (self.size[1], self.size[0]))
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def _opaque(self, layer: Layer, back: Matrices) -> NDArray[np.bool_]:
        """Where ``layer`` is opaque, read through a matrix from the picture, (H, W)."""
        import cv2

        if layer.endless:
            return np.ones(self.size, dtype=np.bool_)
        alpha = cv2.warpPerspective(
            np.ascontiguousarray(layer.picture[..., 3]),
            back,
            (self.size[1], self.size[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        return np.asarray(alpha >= OPAQUE)


def _levels(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(np.clip(picture, 0.0, 255.0)).astype(np.uint8)

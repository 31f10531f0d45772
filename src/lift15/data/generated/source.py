"""The source of generated clips."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lift15.data.generated.drawing import draw_effects, draw_scene
from lift15.data.generated.painter import Canvas
from lift15.data.generated.photographs import PHOTOGRAPHS, Photographs, check_split
from lift15.data.generated.recipes import RECIPES, WEIGHTS
from lift15.data.generated.scene import Scene
from lift15.data.sources.base import SOURCES, Clip, ClipSource, MotionTruth
from vfiblocks.errors import DataError, InputError

VERSION = 1
"""Of the recipes; another one makes other clips of the same names."""

SUBSETS, SCENES, GRAINS = 1, 2, 3
"""What a random number is for; part of its seed, so that no two uses draw the same ones."""

SMALLEST = 16
"""Pixels a side below which shapes are a few pixels."""


@SOURCES.register("generated")
class Generated(ClipSource):
    """Clips of layers that move in front of each other, with motion that is known exactly.

    Clip ``i`` depends on the seed, the split and ``i`` alone: it is drawn when it is read, and on
    any machine. How often subsets come decides of which one clip ``i`` is, and not what
    "occlusion/000012" shows. Frame 0 is no different from others; a clip can be rendered at any
    time between its frames.

    Args:
        root: "", as nothing is read.
        clips: how many.
        frames: per clip.
        height: of the frames, in pixels.
        width: of the frames, in pixels.
        seed: 0 or more.
        split: "train" or "validation": other photographs and other clips.
        subset: of :data:`~lift15.data.generated.RECIPES`; None mixes all of them.
        weights: how often each subset comes, by name; None is a mixture that favours hard ones.
        max_motion: pixels that anything moves from one frame to the next, at most; None is a tenth
            of the width. Most of the motion is much smaller.
        shutter: exposure in frames for all clips; 0 leaves it to the subset.
        grain: standard deviation of noise in levels of 255, for all clips.
        jpeg_quality: 1 to 100, for all clips. Without both, noise and compression are left to the
            subset.

    Raises:
        InputError: an option does not make sense.
        MissingDependency: scikit-image, which has the photographs, is not installed.

    Example:
        >>> source = Generated(clips=20, height=48, width=64, subset="occlusion")
        >>> source.clips[12].name, source.read(12, [0, 8]).shape
        ('occlusion/000012', torch.Size([2, 3, 48, 64]))
        >>> flow, visible = source.motion(12, 8, (7, 9))
        >>> flow.shape, visible.shape, visible.dtype
        (torch.Size([2, 2, 48, 64]), torch.Size([2, 1, 48, 64]), torch.bool)
    """

    def __init__(
        self,
        root: str = "",
        *,
        clips: int = 1000,
        frames: int = 17,
        height: int = 256,
        width: int = 256,
        seed: int = 0,
        split: str = "train",
        subset: str | None = None,
        weights: Mapping[str, float] | None = None,
        max_motion: float | None = None,
        shutter: float = 0.0,
        grain: float = 0.0,
        jpeg_quality: int | None = None,
    ) -> None:
        if str(root):
            raise InputError(f"generated clips are read from nowhere; leave out {str(root)!r}")
        _check_sizes(clips, frames, height, width, seed)
        side = check_split(split)
        self._weights = _check_weights(subset, weights)
        largest = width / 10.0 if max_motion is None else max_motion
        _check_amounts(largest, shutter, grain, jpeg_quality)
        self.seed = seed
        self.name = f"generated:{split}/{seed}" + (f"/{subset}" if subset else "")
        self._split = (seed, list(PHOTOGRAPHS).index(side))
        self._canvas = Canvas((height, width), frames, largest, shutter, grain, jpeg_quality)
        self._photographs = Photographs(side)
        self._subsets = self._draw_subsets(clips)
        self.clips = tuple(
            Clip(name, frames, f"generated/{split}/{seed}/{name}")
            for name in (f"{kind}/{i:06d}" for i, kind in enumerate(self._subsets))
        )
        self._last: tuple[int, Scene] | None = None

    def tags(self, clip: int) -> tuple[str, ...]:
        """What is special about a clip; nothing is painted to find out.

        Returns:
            Its subset first, then what else it has of ``whole`` (everything moves by whole pixels),
            ``lighting``, ``blur`` and ``grain``.
        """
        subset = self._subsets[clip]
        effects = draw_effects(self._random(clip), RECIPES[subset], self._canvas).tags()
        return (subset, *(tag for tag in effects if tag != subset))

    def read(self, clip: int, frames: Sequence[int]) -> Tensor:
        """See :class:`ClipSource`."""
        length = self._canvas.frames
        for frame in frames:
            if not 0 <= frame < length:
                raise DataError(
                    f"{self.name}, clip {self.clips[clip].name}: there is no frame {frame}, only 0 "
                    f"to {length - 1}; render() makes any time"
                )
        return self.render(clip, [float(frame) for frame in frames])

    def render(self, clip: int, times: Sequence[float]) -> Tensor:
        """Frames at real times, counted in frames from the first.

        Returns:
            (len(times), 3, H, W) uint8, RGB.
        """
        pictures = torch.from_numpy(self.scene(clip).render(times))
        return pictures.permute(0, 3, 1, 2).contiguous()

    def motion(self, clip: int, target: float, references: tuple[float, float]) -> MotionTruth:
        """See :class:`ClipSource`; times may be real numbers.

        It is that of the layer that a pixel shows the most of; of blurred frames, that of the
        middle of the exposure.
        """
        flow, visible = self.scene(clip).motion(target, references)
        return MotionTruth(torch.from_numpy(flow), torch.from_numpy(visible))

    def scene(self, clip: int) -> Scene:
        """The layers of a clip; the last one asked for is kept."""
        if self._last is None or self._last[0] != clip:
            recipe = RECIPES[self._subsets[clip]]
            seed = (*self._split, GRAINS, clip)
            drawn = draw_scene(
                self._random(clip), recipe, self._canvas, self._photographs, seed=seed
            )
            self._last = (clip, drawn)
        return self._last[1]

    def data_hash(self) -> str:
        """See :class:`ClipSource`; of everything that decides what is drawn."""
        recipe = [
            VERSION, len(self.clips), self._split, self._weights, self._canvas.__dict__,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]

    def _random(self, clip: int) -> np.random.Generator:
        subset = list(RECIPES).index(self._subsets[clip])
        return np.random.default_rng((*self._split, SCENES, clip, subset))

    def _draw_subsets(self, clips: int) -> list[str]:
        """The subset of every clip; a longer source begins like a shorter one."""
        names, shares = list(self._weights), np.cumsum(list(self._weights.values()))
        drawn: NDArray[np.float64] = (
            np.random.default_rng((*self._split, SUBSETS)).random(clips) * shares[-1]
        )
        return [names[i] for i in np.searchsorted(shares, drawn, side="right")]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_last": None}


def _check_sizes(clips: int, frames: int, height: int, width: int, seed: int) -> None:
    for name, value, least in (
        ("clips", clips, 1),
        ("frames", frames, 2),
        ("height", height, SMALLEST),
        ("width", width, SMALLEST),
        ("seed", seed, 0),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(
                f"generated clips want a whole number {name} of at least {least}, got {value!r}"
            )


def _check_weights(subset: str | None, weights: Mapping[str, float] | None) -> dict[str, float]:
    """Weights by subset, in the order of the recipes."""
    if subset is not None and weights is not None:
        raise InputError("generated clips take a subset or weights of subsets, not both")
    asked = WEIGHTS if weights is None else dict(weights)
    if subset is not None:
        asked = {subset: 1.0}
    for name, weight in asked.items():
        if name not in RECIPES:
            raise InputError(
                f"there is no subset {name!r} of generated clips; there are {', '.join(RECIPES)}"
            )
        if not _lies(weight, 0.0, math.inf) or weight == math.inf:
            raise InputError(f"subset {name!r} wants a weight of 0 or more, got {weight!r}")
    if not sum(asked.values()) > 0.0:
        raise InputError(f"at least one subset must have a weight above 0, got {asked}")
    return {name: float(asked[name]) for name in RECIPES if asked.get(name, 0.0) > 0.0}


def _check_amounts(largest: float, shutter: float, grain: float, jpeg_quality: int | None) -> None:
    if not _lies(largest, 0.0, math.inf) or largest == math.inf:
        raise InputError(f"max_motion is a number of pixels from 0 up, got {largest!r}")
    if not _lies(shutter, 0.0, 1.0):
        raise InputError(f"shutter is the exposed share of a frame's time, 0 to 1, got {shutter!r}")
    if not _lies(grain, 0.0, 64.0):
        raise InputError(f"grain is in levels of 255, 0 to 64, got {grain!r}")
    if jpeg_quality is not None and not (
        isinstance(jpeg_quality, int) and _lies(jpeg_quality, 1, 100)
    ):
        raise InputError(f"jpeg_quality is a whole number from 1 to 100, got {jpeg_quality!r}")


def _lies(value: object, low: float, high: float) -> bool:
    """Whether it is a number from ``low`` to ``high``."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

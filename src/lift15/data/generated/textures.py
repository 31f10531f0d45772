"""What layers are painted with: photographs, noise, and patterns that repeat."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lift15.data.generated.photographs import Photographs

Texture = NDArray[np.uint8]
Values = NDArray[np.float32]

OVERSAMPLING = 2
"""Pixels of a texture per pixel of the picture, each way. Bilinear reading then blurs little, and
about the same wherever a frame falls between the pixels, so that textures do not shimmer."""

Pattern = Callable[[np.random.Generator, int, int], Values]
"""Draws (height, width) of values from 0 to 1; the last two arguments are height and width."""


def _noise(rng: np.random.Generator, height: int, width: int) -> Values:
    """Octaves of smooth noise; how much the fine ones count is drawn."""
    import cv2

    total = np.zeros((height, width), dtype=np.float32)
    cell, weight = max(height, width) / rng.uniform(2.0, 5.0), 1.0
    fall = rng.uniform(0.4, 0.9)
    while cell >= OVERSAMPLING:
        grid = (max(2, round(height / cell)), max(2, round(width / cell)))
        coarse = rng.standard_normal(grid, dtype=np.float32)
        total += np.float32(weight) * cv2.resize(
            coarse, (width, height), interpolation=cv2.INTER_CUBIC
        )
        cell, weight = cell / 2.0, weight * fall
    return _spread(total)


def _cells(rng: np.random.Generator, height: int, width: int) -> Values:
    """Voronoi cells, each of one value."""
    import cv2

    number = int(rng.integers(12, 150))
    free = np.full((height, width), 255, dtype=np.uint8)
    rows, columns = rng.integers(0, height, number), rng.integers(0, width, number)
    free[rows, columns] = 0
    _, labels = cv2.distanceTransformWithLabels(
        free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values: Values = rng.random(number + 1, dtype=np.float32)[labels]
    return values


def _slope(rng: np.random.Generator, height: int, width: int) -> Values:
    """Next to nothing to hold on to: a gradient, straight or round."""
    u, v = _turned(rng, height, width)
    if rng.random() < 0.5:
        return _spread(np.hypot(u - u.mean(), v - v.mean()))
    return _spread(u + 0.0 * v)


def _stripes(rng: np.random.Generator, height: int, width: int) -> Values:
    u, v = _turned(rng, height, width)
    return _wave(rng, u, _period(rng, height, width)) + 0.0 * v


def _checks(rng: np.random.Generator, height: int, width: int) -> Values:
    u, v = _turned(rng, height, width)
    period, sharpness = _period(rng, height, width), rng.uniform(1.0, 8.0)
    both = np.sin(u * (2.0 * math.pi / period)) * np.sin(v * (2.0 * math.pi / period))
    return np.asarray(0.5 + 0.5 * np.tanh(sharpness * both), dtype=np.float32)


def _dots(rng: np.random.Generator, height: int, width: int) -> Values:
    u, v = _turned(rng, height, width)
    period = _period(rng, height, width)
    to_middle = np.hypot(u % period - period / 2.0, v % period - period / 2.0)
    inside = period * rng.uniform(0.2, 0.42) - to_middle
    return np.asarray(np.clip(inside + 0.5, 0.0, 1.0), dtype=np.float32)


def _grid(rng: np.random.Generator, height: int, width: int) -> Values:
    """Lines both ways, as tiles or window frames."""
    u, v = _turned(rng, height, width)
    period = _period(rng, height, width)
    to_line = np.minimum(np.abs(u % period - period / 2.0), np.abs(v % period - period / 2.0))
    beside = to_line - period * rng.uniform(0.05, 0.2)
    return np.asarray(np.clip(beside + 0.5, 0.0, 1.0), dtype=np.float32)


PATTERNS: dict[str, Pattern] = {
    "noise": _noise,
    "cells": _cells,
    "slope": _slope,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "grid": _grid,
}
"""Kinds of patterns by name, which are coloured afterwards."""

TEXTURES = ("photograph", "tiles", *PATTERNS)
"""All kinds of textures: cuttings of photographs, a small cutting repeated, and the patterns."""


def draw_texture(
    rng: np.random.Generator, kind: str, height: int, width: int, photographs: Photographs
) -> Texture:
    """A texture of one kind, (height, width, 3) RGB.

    Args:
        rng: where chance comes from.
        kind: of :data:`TEXTURES`.
        height: of the texture.
        width: of the texture.
        photographs: what photographs there are.

    Example:
        >>> made = draw_texture(np.random.default_rng(0), "dots", 40, 60, Photographs("train"))
        >>> made.shape, made.dtype
        ((40, 60, 3), dtype('uint8'))
    """
    if kind == "photograph":
        return _recoloured(rng, _cutting(rng, height, width, photographs))
    if kind == "tiles":
        return _recoloured(rng, _tiles(rng, height, width, photographs))
    painted = _painted(rng, _to_bytes(PATTERNS[kind](rng, height, width)))
    if rng.random() < 0.5:  # dirt: a pattern is seldom the same all over
        shade = 1.0 - np.float32(rng.uniform(0.1, 0.5)) * _noise(rng, height, width)
        return np.asarray(painted * shade[..., None], dtype=np.uint8)
    return painted


def prefilter(texture: Texture, sigma: float) -> Texture:
    """Blur by a Gaussian of ``sigma`` pixels, so that shrinking does not alias."""
    import cv2

    blurred: Texture = np.asarray(cv2.GaussianBlur(texture, (0, 0), sigma), dtype=np.uint8)
    return blurred


def _cutting(
    rng: np.random.Generator, height: int, width: int, photographs: Photographs
) -> Texture:
    """Part of a photograph, enlarged or reduced, perhaps flipped."""
    import cv2

    whole = photographs[int(rng.integers(len(photographs)))]
    largest = min(whole.shape[0] / height, whole.shape[1] / width)  # its pixels per pixel of ours
    # Below, a photograph is a blur; the upper end keeps small pictures as lively as large ones.
    low, high = min(0.9 / OVERSAMPLING, largest), min(largest, 4.0 / OVERSAMPLING)
    scale = math.exp(rng.uniform(math.log(low), math.log(high)))
    rows, columns = round(height * scale), round(width * scale)
    top = int(rng.integers(whole.shape[0] - rows + 1))
    left = int(rng.integers(whole.shape[1] - columns + 1))
    part = whole[top : top + rows, left : left + columns]
    how = cv2.INTER_AREA if scale > 1.0 else cv2.INTER_CUBIC
    sized = np.asarray(cv2.resize(part, (width, height), interpolation=how), dtype=np.uint8)
    return np.ascontiguousarray(sized[:, ::-1] if rng.random() < 0.5 else sized)


def _tiles(rng: np.random.Generator, height: int, width: int, photographs: Photographs) -> Texture:
    """A small cutting beside and below itself, the liveliest of three."""
    side = (round(_period(rng, height, width)), round(_period(rng, height, width)))
    tile = max((_cutting(rng, *side, photographs) for _ in range(3)), key=np.std)
    times = (-(-height // side[0]), -(-width // side[1]), 1)
    return np.tile(tile, times)[:height, :width]


def _recoloured(rng: np.random.Generator, picture: Texture) -> Texture:
    """Other colours, contrast and brightness; grey pictures get two colours to lie between."""
    import cv2

    if np.array_equal(picture[..., 0], picture[..., 2]):
        return _painted(rng, picture[..., 0]) if rng.random() < 0.5 else picture
    mix = np.eye(3) + rng.normal(0.0, 0.12, (3, 3))
    if rng.random() < 0.3:
        mix = mix[rng.permutation(3)]
    mix /= mix.sum(axis=1, keepdims=True)  # what is grey stays grey
    contrast, brightness = rng.uniform(0.7, 1.2), rng.uniform(-0.1, 0.1)
    offset = np.full((3, 1), 255.0 * (0.5 + brightness - 0.5 * contrast))
    return np.asarray(cv2.transform(picture, np.hstack((contrast * mix, offset))), dtype=np.uint8)


def _painted(rng: np.random.Generator, levels: NDArray[np.uint8]) -> Texture:
    """Grey (height, width) as colours between two to four drawn ones."""
    import cv2

    stops = int(rng.integers(2, 5))
    while True:
        colours = rng.random((stops, 3))
        if np.ptp(colours.mean(axis=1)) > 0.25:  # what differs in hue alone is hard to see
            break
    grey = colours.mean(axis=1, keepdims=True)
    colours = grey + (colours - grey) * rng.uniform(0.2, 1.0)
    at, places = np.linspace(0.0, 1.0, 256), np.linspace(0.0, 1.0, stops)
    table = np.stack([np.interp(at, places, colours[:, c]) for c in range(3)], axis=1)
    thrice = cv2.cvtColor(np.ascontiguousarray(levels), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.LUT(thrice, _to_bytes(table)[None]), dtype=np.uint8)


def _turned(rng: np.random.Generator, height: int, width: int) -> tuple[Values, Values]:
    """Coordinates of the pixels along two axes at a random angle, in pixels, (height, width)."""
    angle = rng.uniform(0.0, math.pi) if rng.random() < 0.7 else 0.0
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


def _period(rng: np.random.Generator, height: int, width: int) -> float:
    """Of a pattern, in pixels of the texture: from 5 of the picture to a third of the texture."""
    least = 5.0 * OVERSAMPLING
    most = max(min(height, width) / 3.0, 1.5 * least)
    return math.exp(rng.uniform(math.log(least), math.log(most)))


def _wave(rng: np.random.Generator, u: Values, period: float) -> Values:
    """A sine or nearly a square, 0 to 1."""
    sharpness = rng.uniform(1.0, 8.0)
    wave = np.sin(u * np.float32(2.0 * math.pi / period))
    return np.asarray(0.5 + 0.5 * np.tanh(sharpness * wave), dtype=np.float32)


def _spread(values: Values) -> Values:
    """Stretched to 0 to 1."""
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), dtype=np.float32)


def _to_bytes(values: NDArray[np.floating]) -> Texture:
    """0 to 1 to 8 bits."""
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255.0), dtype=np.uint8)

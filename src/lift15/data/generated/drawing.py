"""A scene drawn at random from a recipe."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lift15.data.generated.lighting import draw_lights
from lift15.data.generated.painter import Canvas, Painter, layer_step
from lift15.data.generated.photographs import Photographs
from lift15.data.generated.recipes import Recipe
from lift15.data.generated.scene import Grain, Scene

SMEAR = 1.5
"""Pixels that motion may go between two of the moments that a blurred frame is the average of."""


@dataclass(frozen=True)
class Effects:
    """What is laid over a scene; drawn before everything else, as it names the clip's tags."""

    whole: bool
    lighting: bool
    blur: bool
    grain: bool

    def tags(self) -> tuple[str, ...]:
        """Names of those that are there."""
        return tuple(name for name in ("whole", "lighting", "blur", "grain") if getattr(self, name))


def draw_effects(rng: np.random.Generator, recipe: Recipe, canvas: Canvas) -> Effects:
    """Draw what is laid over a scene; what all clips have is no matter of chance."""
    whole, lighting, blur, grain = (float(u) for u in rng.random(4))
    return Effects(
        whole=whole < recipe.whole,
        lighting=lighting < recipe.lighting,
        blur=blur < recipe.blur or canvas.shutter > 0.0,
        grain=grain < recipe.grain or canvas.sigma > 0.0 or canvas.quality is not None,
    )


def draw_scene(
    rng: np.random.Generator,
    recipe: Recipe,
    canvas: Canvas,
    photographs: Photographs,
    *,
    seed: tuple[int, ...],
) -> Scene:
    """A scene; everything but the grain of its frames is drawn from ``rng``.

    Args:
        rng: where chance comes from, untouched.
        recipe: of the subset.
        canvas: sizes and limits.
        photographs: what photographs there are.
        seed: of the grain.
    """
    effects = draw_effects(rng, recipe, canvas)
    painter = Painter(rng, recipe, canvas, photographs)
    layers = painter.layers(whole=effects.whole)
    shutter = (canvas.shutter or rng.uniform(0.4, 1.0)) if effects.blur else 0.0
    peak = max(layer_step(layer, canvas) for layer in layers)
    lights = draw_lights(rng) if effects.lighting else ()
    return Scene(
        canvas.size,
        layers,
        lights=lights,
        middle=(canvas.frames - 1) / 2.0,
        shutter=shutter,
        exposures=min(max(math.ceil(shutter * peak / SMEAR), 1), 16) if shutter else 1,
        grain=_draw_grain(rng, canvas, seed) if effects.grain else None,
    )


def _draw_grain(rng: np.random.Generator, canvas: Canvas, seed: tuple[int, ...]) -> Grain:
    """That of all clips, or noise and in half of the clips compression."""
    if canvas.sigma or canvas.quality:
        return Grain(canvas.sigma, canvas.quality, seed)
    quality = int(rng.integers(60, 96)) if rng.random() < 0.5 else None
    return Grain(rng.uniform(0.5, 6.0), quality, seed)

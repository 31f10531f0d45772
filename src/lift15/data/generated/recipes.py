"""What each subset of generated clips is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STRAIGHT = ("steady",)
WINDING = ("accelerating", "swinging", "curving", "shaking", "halting", "bouncing")
ANY_WAY = ("steady", *WINDING)

ALL_SORTS = {
    "photograph": 6.0, "tiles": 0.3, "noise": 1.5, "cells": 0.7, "slope": 0.5,
    "stripes": 0.3, "checks": 0.2, "dots": 0.3, "grid": 0.2,
}  # fmt: skip
REPEATING = {"tiles": 3.0, "stripes": 2.0, "checks": 2.0, "dots": 2.0, "grid": 2.0}
WHOLE = {"ellipse": 2.0, "polygon": 2.0, "star": 1.0, "blob": 3.0, "ring": 0.5, "letters": 0.5}
ANY_SHAPE = {
    **WHOLE, "letters": 1.0, "leaves": 1.0, "branches": 1.0, "bars": 0.7, "lattice": 0.7,
}  # fmt: skip
LOOKED_THROUGH = {"bars": 2.0, "lattice": 2.0, "branches": 1.0, "leaves": 1.0, "letters": 1.0}


@dataclass(frozen=True)
class Recipe:
    """How clips of a subset are drawn; shares are probabilities per clip.

    Attributes:
        layers: fewest and most in front of the background.
        paths: kinds of ways that layers and the camera take.
        textures: kinds and how often each.
        shapes: kinds and how often each.
        slowness: speeds are the largest times u ** slowness with u even between 0 and 1, so that
            1 makes all speeds alike and 3 makes most of them small.
        turning: how likely a layer rolls, zooms or tilts, each.
        camera: how likely the camera moves.
        whole: how likely all layers go by whole pixels.
        lighting: how likely the light changes.
        blur: how likely motion is blurred.
        grain: how likely there is noise, and compression.
    """

    layers: tuple[int, int] = (1, 4)
    paths: tuple[str, ...] = ANY_WAY
    textures: Mapping[str, float] = field(default_factory=lambda: ALL_SORTS)
    shapes: Mapping[str, float] = field(default_factory=lambda: ANY_SHAPE)
    slowness: float = 2.5
    turning: float = 0.4
    camera: float = 0.6
    whole: float = 0.0
    lighting: float = 0.0
    blur: float = 0.0
    grain: float = 0.0


RECIPES: dict[str, Recipe] = {
    "plain": Recipe(layers=(1, 3), paths=STRAIGHT, shapes=WHOLE, turning=0.25, whole=0.2),
    "nonlinear": Recipe(paths=WINDING, slowness=2.0, turning=0.5, camera=0.7),
    "occlusion": Recipe(
        layers=(3, 6),
        slowness=1.2,
        shapes={**ANY_SHAPE, **LOOKED_THROUGH, "blob": 3.0},
        turning=0.3,
    ),
    "repetition": Recipe(
        textures=REPEATING, shapes={**WHOLE, "bars": 3.0, "lattice": 3.0}, whole=0.1
    ),
    "lighting": Recipe(layers=(1, 3), lighting=1.0),
    "blur": Recipe(layers=(1, 3), slowness=1.5, blur=1.0),
    "mixed": Recipe(layers=(1, 6), slowness=2.0, lighting=0.4, blur=0.3, grain=0.4),
}
"""Subsets by name."""

WEIGHTS: dict[str, float] = {
    "plain": 1.0,
    "nonlinear": 2.0,
    "occlusion": 2.0,
    "repetition": 1.0,
    "lighting": 1.0,
    "blur": 1.0,
    "mixed": 2.0,
}
"""How often each subset comes where none is asked for."""

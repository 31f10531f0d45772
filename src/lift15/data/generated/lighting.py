"""Light that changes: factors on the finished picture, which leave the motion as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

COARSE = 4  # light is smooth: it is computed at every fourth pixel and enlarged


class Light(Protocol):
    """How bright it is where and when."""

    def __call__(self, time: float, x: Field, y: Field) -> Field:
        """Factors above 0.

        Args:
            time: in frames since the middle of the clip.
            x: (1, w), columns from -1 to 1.
            y: (h, 1), rows from -1 to 1.

        Returns:
            (h, w, 3) or what can be broadcast to it.
        """
        ...


@dataclass(frozen=True)
class Fade:
    """Brighter or darker all over, and warmer or colder, by a share per frame."""

    rates: NDArray[np.float64]

    def __call__(self, time: float, x: Field, y: Field) -> Field:
        """See :class:`Light`."""
        # Levels off beyond a factor of two, or a long clip would end in black or white.
        return np.exp(0.7 * np.tanh(self.rates * time / 0.7)).astype(np.float32)[None, None, :]


@dataclass(frozen=True)
class Flicker:
    """A lamp: two sine waves, faster than the eye follows, with the depth of the first."""

    depth: float
    periods: tuple[float, float]
    phases: tuple[float, float]

    def __call__(self, time: float, x: Field, y: Field) -> Field:
        """See :class:`Light`."""
        waves = [
            math.sin(2.0 * math.pi * time / period + phase)
            for period, phase in zip(self.periods, self.phases, strict=True)
        ]
        return np.full(
            (1, 1, 1), 1.0 + self.depth * (0.65 * waves[0] + 0.35 * waves[1]), np.float32
        )


@dataclass(frozen=True)
class Sweep:
    """A gradient of light that wanders over the picture."""

    direction: tuple[float, float]
    depth: float
    rate: float
    phase: float

    def __call__(self, time: float, x: Field, y: Field) -> Field:
        """See :class:`Light`."""
        along = self.direction[0] * x + self.direction[1] * y
        wave = np.sin(along * 1.5 - self.rate * time + self.phase)
        return np.asarray(1.0 + self.depth * wave, dtype=np.float32)[..., None]


@dataclass(frozen=True)
class Shadow:
    """A soft dark patch that moves over everything alike."""

    place: tuple[float, float]
    velocity: tuple[float, float]
    radius: float
    softness: float
    depth: float

    def __call__(self, time: float, x: Field, y: Field) -> Field:
        """See :class:`Light`."""
        away = np.hypot(
            x - (self.place[0] + self.velocity[0] * time),
            y - (self.place[1] + self.velocity[1] * time),
        )
        inside = 1.0 / (1.0 + np.exp(np.clip((away - self.radius) / self.softness, -30.0, 30.0)))
        return np.asarray(1.0 - self.depth * inside, dtype=np.float32)[..., None]


def _fade(rng: np.random.Generator) -> Light:
    common = rng.uniform(0.005, 0.04) * rng.choice([-1.0, 1.0])
    return Fade(common + rng.normal(0.0, 0.005, 3))


def _flicker(rng: np.random.Generator) -> Light:
    periods = (rng.uniform(2.2, 8.0), rng.uniform(2.2, 8.0))
    phases = (rng.uniform(0.0, 6.3), rng.uniform(0.0, 6.3))
    return Flicker(rng.uniform(0.04, 0.2), periods, phases)


def _sweep(rng: np.random.Generator) -> Light:
    angle = rng.uniform(0.0, 2.0 * math.pi)
    direction = (math.cos(angle), math.sin(angle))
    return Sweep(direction, rng.uniform(0.1, 0.35), rng.uniform(0.03, 0.4), rng.uniform(0.0, 6.3))


def _shadow(rng: np.random.Generator) -> Light:
    place, velocity = rng.uniform(-0.7, 0.7, 2), rng.normal(0.0, 0.05, 2)
    return Shadow(
        (float(place[0]), float(place[1])),
        (float(velocity[0]), float(velocity[1])),
        radius=rng.uniform(0.25, 0.8),
        softness=rng.uniform(0.02, 0.12),
        depth=rng.uniform(0.25, 0.6),
    )


LIGHTS: dict[str, Callable[[np.random.Generator], Light]] = {
    "fade": _fade,
    "flicker": _flicker,
    "sweep": _sweep,
    "shadow": _shadow,
}
"""Kinds of changing light by name."""


def draw_lights(rng: np.random.Generator) -> tuple[Light, ...]:
    """One or two kinds at once."""
    kinds = rng.permutation(len(LIGHTS))[: int(rng.integers(1, 3))]
    makers = list(LIGHTS.values())
    return tuple(makers[int(kind)](rng) for kind in kinds)


def light_field(lights: tuple[Light, ...], time: float, height: int, width: int) -> Field:
    """The product of all lights, (height, width, 3) float32.

    Example:
        >>> dark = Shadow((0.0, 0.0), (0.1, 0.0), radius=0.5, softness=0.05, depth=0.5)
        >>> field = light_field((dark,), 0.0, 32, 48)
        >>> field.shape, float(field[16, 24, 0].round(2)), float(field[0, 0, 0].round(2))
        ((32, 48, 3), 0.5, 1.0)
    """
    import cv2

    rows, columns = max(2, height // COARSE), max(2, width // COARSE)
    x = np.linspace(-1.0, 1.0, columns, dtype=np.float32)[None, :]
    y = np.linspace(-1.0, 1.0, rows, dtype=np.float32)[:, None]
    field = np.ones((rows, columns, 3), dtype=np.float32)
    for light in lights:
        field *= light(time, x, y)
    enlarged = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, dtype=np.float32)

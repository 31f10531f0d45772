"""Ways to move: smooth and jerky, none of them a straight line but one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


class Curve(Protocol):
    """Frames since the middle of the clip, (T,), to a place (T, 2) in any unit."""

    def __call__(self, since: Times) -> NDArray[np.float64]:
        """See the class."""
        ...


@dataclass(frozen=True)
class Path:
    """A curve, measured in its own largest step: what it goes in the time of one frame.

    Zero in the middle of the clip, where targets usually lie, and a straight line counts one per
    frame. Defined at all times, those between and beyond the frames included.

    Attributes:
        curve: the way.
        middle: of the clip, in frames.
        step: length of the curve's largest step.
        span: largest distance from the middle within the clip, in steps.
    """

    curve: Curve
    middle: float
    step: float
    span: float

    def __call__(self, times: Times) -> NDArray[np.float64]:
        """Places (T, 2) at ``times`` (T,) in frames."""
        start = self.curve(np.zeros(1))
        return np.asarray((self.curve(times - self.middle) - start) / self.step)


def make_path(curve: Curve, frames: int) -> Path:
    """Measure a curve over a clip of so many frames.

    Steps are looked for at every quarter of a frame and a frame beyond either end: a swing that is
    at its turning point in a short clip would seem to stand still otherwise.
    """
    middle = (frames - 1) / 2.0
    places = curve(np.arange(-1.0, frames + 0.25, 0.25) - middle)
    start = curve(np.zeros(1))
    step = float(np.linalg.norm(places[4:] - places[:-4], axis=1).max())
    span = float(np.linalg.norm(places - start, axis=1).max())
    return Path(curve, middle, step, span / step)


@dataclass(frozen=True)
class Steady:
    """The same step every frame: what a linear motion model gets right."""

    velocity: tuple[float, float] = (1.0, 0.0)

    def __call__(self, since: Times) -> NDArray[np.float64]:
        """See :class:`Curve`."""
        return np.asarray(since[:, None] * np.array(self.velocity))


@dataclass(frozen=True)
class Accelerating:
    """A parabola: thrown, braking, or starting."""

    velocity: tuple[float, float]
    acceleration: tuple[float, float]

    def __call__(self, since: Times) -> NDArray[np.float64]:
        """See :class:`Curve`."""
        linear = since[:, None] * np.array(self.velocity)
        return np.asarray(linear + 0.5 * since[:, None] ** 2 * np.array(self.acceleration))


@dataclass(frozen=True)
class Waves:
    """Sums of sine waves along x and y: swings, circles, and a shaking hand.

    Attributes:
        amplitudes: (K, 2).
        rates: (K, 2), radians per frame.
        phases: (K, 2), radians.
        drift: (2,), steady motion beside them, per frame.
    """

    amplitudes: NDArray[np.float64]
    rates: NDArray[np.float64]
    phases: NDArray[np.float64]
    drift: NDArray[np.float64]

    def __call__(self, since: Times) -> NDArray[np.float64]:
        """See :class:`Curve`."""
        angles = since[:, None, None] * self.rates + self.phases  # (T, K, 2)
        waves = (self.amplitudes * np.sin(angles)).sum(axis=1)
        return np.asarray(waves + since[:, None] * self.drift)


@dataclass(frozen=True)
class Halting:
    """Stop and go: the speed falls to nothing once in every period."""

    direction: tuple[float, float]
    period: float
    phase: float

    def __call__(self, since: Times) -> NDArray[np.float64]:
        """See :class:`Curve`."""
        rate = 2.0 * math.pi / self.period
        way = since - np.sin(rate * since + self.phase) / rate
        return np.asarray(way[:, None] * np.array(self.direction))


@dataclass(frozen=True)
class Bouncing:
    """A ball: steady along x, parabolas along y with a kink at every impact."""

    velocity: float
    height: float
    period: float
    phase: float

    def __call__(self, since: Times) -> NDArray[np.float64]:
        """See :class:`Curve`."""
        flight = (since / self.period + self.phase) % 1.0
        return np.stack(
            (self.velocity * since, -4.0 * self.height * flight * (1.0 - flight)), axis=1
        )


Draw = Callable[[np.random.Generator, int], Curve]
"""Makes a curve at random; the whole number is the frames of the clip."""


def _steady(rng: np.random.Generator, frames: int) -> Curve:
    return Steady(_direction(rng))


def _accelerating(rng: np.random.Generator, frames: int) -> Curve:
    way, force = _direction(rng), _direction(rng)
    strength = rng.uniform(1.0, 4.0) / frames  # by how much the speed has changed at either end
    return Accelerating(way, (strength * force[0], strength * force[1]))


def _swinging(rng: np.random.Generator, frames: int) -> Curve:
    amplitude = np.array([_direction(rng)])
    rate = np.full((1, 2), 2.0 * math.pi / rng.uniform(6.0, max(8.0, 1.5 * frames)))
    phase = np.full((1, 2), rng.uniform(0.0, 2.0 * math.pi))
    return Waves(amplitude, rate, phase, np.zeros(2))


def _curving(rng: np.random.Generator, frames: int) -> Curve:
    amplitude = rng.uniform(0.6, 1.0, (1, 2)) * rng.choice([-1.0, 1.0], (1, 2))
    rate = np.full((1, 2), 2.0 * math.pi / rng.uniform(8.0, max(10.0, 2.5 * frames)))
    phase = rng.uniform(0.0, 2.0 * math.pi) + np.array([[0.0, math.pi / 2.0]])
    return Waves(amplitude, rate, phase, np.zeros(2))


def _shaking(rng: np.random.Generator, frames: int) -> Curve:
    rates = 2.0 * math.pi / rng.uniform(3.0, 12.0, (4, 2))
    amplitudes = rng.normal(0.0, 1.0, (4, 2)) / rates  # so that all count alike in speed
    phases = rng.uniform(0.0, 2.0 * math.pi, (4, 2))
    return Waves(amplitudes, rates, phases, rng.normal(0.0, 0.7, 2))


def _halting(rng: np.random.Generator, frames: int) -> Curve:
    return Halting(_direction(rng), rng.uniform(4.0, 12.0), rng.uniform(0.0, 2.0 * math.pi))


def _bouncing(rng: np.random.Generator, frames: int) -> Curve:
    period = rng.uniform(5.0, 14.0)
    height = period / 4.0 * rng.uniform(0.5, 1.5)  # the fall is about as fast as the run
    return Bouncing(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0), height, period, rng.random())


PATHS: dict[str, Draw] = {
    "steady": _steady,
    "accelerating": _accelerating,
    "swinging": _swinging,
    "curving": _curving,
    "shaking": _shaking,
    "halting": _halting,
    "bouncing": _bouncing,
}
"""Kinds of paths by name."""


def draw_path(rng: np.random.Generator, kinds: tuple[str, ...], frames: int) -> Path:
    """A path of one of the kinds, for a clip of so many frames.

    Args:
        rng: where chance comes from.
        kinds: of :data:`PATHS`.
        frames: at least two.

    Returns:
        The path; from one frame to the next it goes one step at most.

    Example:
        >>> path = draw_path(np.random.default_rng(0), ("shaking",), 9)
        >>> places = path(np.arange(9.0))
        >>> bool((np.linalg.norm(np.diff(places, axis=0), axis=1) < 1.0 + 1e-9).all())
        True
    """
    kind = kinds[int(rng.integers(len(kinds)))]
    return make_path(PATHS[kind](rng, frames), frames)


def _direction(rng: np.random.Generator) -> tuple[float, float]:
    angle = rng.uniform(0.0, 2.0 * math.pi)
    return math.cos(angle), math.sin(angle)

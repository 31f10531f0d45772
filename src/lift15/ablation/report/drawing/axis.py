"""Where a number lies on a drawing, and which numbers are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Numbers to pixels.

    Attributes:
        low: at ``start``.
        high: at ``end``.
        start: in pixels.
        end: in pixels.
        logarithmic: equal ratios are equally long; both ends are above zero then.

    Example:
        >>> axis = Axis(0.0, 10.0, 100.0, 200.0)
        >>> axis(2.5), axis.ticks()
        (125.0, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """In pixels."""
        low, high, value = map(self._scaled, (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value

    def ticks(self, count: int = 5) -> list[float]:
        """Round numbers within the axis, about so many."""
        if self.logarithmic:
            return self._log_ticks()
        step = nice_step(self.high - self.low, count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        digits = 3 - math.floor(math.log10(step))
        return [0.0 + round(k * step, digits) for k in range(first, last + 1)]

    def _log_ticks(self) -> list[float]:
        bottom, top = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        few = top - bottom > 3
        found = [
            factor * 10.0**power
            for power in range(bottom, top + 1)
            for factor in ((1,) if few else (1, 2, 5))
        ]
        return [value for value in found if self.low <= value * 1.000001 and value <= self.high]

    def labels(self, count: int = 5) -> list[tuple[float, str]]:
        """Ticks and how they are written, all with as many decimals."""
        ticks = self.ticks(count)
        if self.logarithmic:
            return [(tick, f"{tick:.6g}") for tick in ticks]
        step = nice_step(self.high - self.low, count)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        if step >= 1e4:
            return [(tick, f"{tick:,.0f}") for tick in ticks]
        if digits > 12:
            return [(tick, f"{tick:.12g}") for tick in ticks]
        return [(tick, f"{tick:.{digits}f}".replace("-", "\N{MINUS SIGN}")) for tick in ticks]


def nice_step(span: float, count: int) -> float:
    """A step of 1, 2 or 5 times a power of ten that goes about ``count`` times into a span.

    >>> nice_step(10.0, 5), nice_step(0.7, 5)
    (2.0, 0.1)
    """
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    factor = next(f for f in (1.0, 2.0, 5.0, 10.0) if raw <= f * power * 1.5 or f == 10.0)
    return factor * power


def bounds(values: Iterable[float], *, room: float = 0.05) -> tuple[float, float]:
    """Ends of an axis that shows all finite values, with some room, and is never of no length.

    >>> bounds([0.0, 10.0]), bounds([3.0]), bounds([])
    ((-0.5, 10.5), (2.5, 3.5), (0.0, 1.0))
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        half = 0.5 if low == 0 or abs(low) > 0.5 else abs(low) / 2
        return low - half, high + half
    return low - room * (high - low), high + room * (high - low)

"""Time stamps as exact fractions of a second.

Sources tell time in ticks of their own time base. New frames lie between two ticks, so an output
needs a finer one; and Matroska's millisecond ticks hide a steady frame rate that an MP4 beside it
can show exactly.
"""

from __future__ import annotations

import math
from fractions import Fraction

_MILLISECOND = Fraction(1, 1000)
_FINEST = 2**31 - 1  # time scales are 32-bit numbers in MP4
_FALLBACK = Fraction(1, 1_000_000)


class SourceClock:
    """Reads the ticks of a source.

    Where ticks are milliseconds and the stream has one steady rate, a time stamp that can only be
    a rounded multiple of the frame period is put back onto that multiple. It moves by half a
    millisecond at most; time stamps of frames that do not fall on the grid are left alone.

    Args:
        tick: the stream's time base in seconds.
        rate: its steady frame rate, or None if it has none.

    Example:
        >>> clock = SourceClock(Fraction(1, 1000), Fraction(24))
        >>> clock.seconds(42), clock.seconds(50)  # one frame of 1/24 s is 41.67 ms
        (Fraction(1, 24), Fraction(1, 20))
    """

    def __init__(self, tick: Fraction, rate: Fraction | None) -> None:
        self._tick = tick
        self._rate = rate if tick == _MILLISECOND else None

    @property
    def time_base(self) -> Fraction:
        """Every time this clock tells is a whole multiple of this many seconds."""
        if self._rate is None:
            return self._tick
        return Fraction(1, math.lcm(self._tick.denominator, self._rate.numerator))

    def seconds(self, ticks: int) -> Fraction:
        """The time of a tick count."""
        pts = ticks * self._tick
        if self._rate is None:
            return pts
        on_grid = round(pts * self._rate) / self._rate
        return on_grid if abs(on_grid - pts) <= self._tick / 2 else pts


def divided_time_base(time_base: Fraction, factor: int) -> Fraction:
    """A time base that can tell every ``factor``-th part of a gap between two ticks.

    The numerator is 1, as containers want it. Where not even that fits into 32 bits, it is a
    microsecond.

    >>> divided_time_base(Fraction(1, 12800), 2), divided_time_base(Fraction(1001, 30000), 3)
    (Fraction(1, 25600), Fraction(1, 90000))
    """
    denominator = time_base.denominator * factor
    return Fraction(1, denominator) if denominator <= _FINEST else _FALLBACK

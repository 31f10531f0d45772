"""Which moments the output of an interpolation shows, each exact.

Time is a fraction of a second from beginning to end; it becomes ticks of a container in the sink
and a float in a window, nowhere else.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from vfiblocks.errors import InputError
from vfiblocks.video.info import VideoInfo

_FINEST = 2**31 - 1  # time scales are 32-bit numbers in MP4
_FALLBACK = Fraction(1, 1_000_000)
_ROUNDING = Fraction(1, 2000)  # half a tick of Matroska, the coarsest clock in common use


class Moment(NamedTuple):
    """A frame of the output.

    Args:
        time: where in the gap it lies, in [0, 1); 0 is the source frame before the gap itself.
        pts: when the output shows it, in seconds.
    """

    time: Fraction
    pts: Fraction


class Timeline(ABC):
    """Decides which moments are shown; it holds no state, so that one serves many videos.

    Args of every subclass:
        slow_motion: how many times slower than the source the output plays. Every time is so many
            times later, that of the first frame too, since sound is not bound to it.
    """

    slow_motion: Fraction

    @abstractmethod
    def rate(self, info: VideoInfo) -> Fraction:
        """Average frames per second of the output."""

    @abstractmethod
    def time_base(self, info: VideoInfo) -> Fraction:
        """A tick, one over a whole number, in which containers can tell every moment.

        Where that number does not fit into 32 bits, moments are off by half a tick at most.
        """

    @abstractmethod
    def expected(self, info: VideoInfo, frames: int) -> int:
        """About how many frames so many source frames become; exact for a steady source."""

    @abstractmethod
    def between(
        self,
        origin: Fraction,
        before: Fraction,
        after: Fraction,
        *,
        repeats: tuple[Fraction, ...] = (),
        rounding: Fraction = Fraction(0),
    ) -> list[Moment]:
        """The moments from ``before`` on and ahead of ``after``, in order.

        Args:
            origin: time of the first source frame.
            before: time of the source frame before the gap.
            after: time of the one after it.
            repeats: times within the gap at which the source repeats the frame before it.
            rounding: by how much the times of source frames may be off.
        """

    @abstractmethod
    def at_end(
        self, origin: Fraction, last: Fraction, *, rounding: Fraction = Fraction(0)
    ) -> Moment | None:
        """The moment at which the last source frame is shown, None if it is not."""


@dataclass(frozen=True)
class EqualParts(Timeline):
    """Every gap between two source frames in equal parts: all source frames stay.

    A variable frame rate stays as uneven as it was. Where frames were left out as repeats, the
    moments they had, and the parts of the gaps between them, are kept.

    Args:
        factor: how many parts, 1 or more.
        slow_motion: see :class:`Timeline`.

    Raises:
        InputError: for a factor below one or a slow motion that is not positive.

    Example:
        >>> halves = EqualParts(2)
        >>> [str(moment.pts) for moment in halves.between(*map(Fraction, (0, 1, 2)))]
        ['1', '3/2']
    """

    factor: int
    slow_motion: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise InputError(f"the factor must be 1 or more, got {self.factor}")
        _check_slow_motion(self.slow_motion)

    def rate(self, info: VideoInfo) -> Fraction:
        """Average frames per second of the output."""
        return info.rate * self.factor / self.slow_motion

    def time_base(self, info: VideoInfo) -> Fraction:
        """A tick that fits every moment."""
        return tick_for(info.time_base * self.slow_motion / self.factor)

    def expected(self, info: VideoInfo, frames: int) -> int:
        """How many frames so many source frames become."""
        return self.factor * (frames - 1) + 1

    def between(
        self,
        origin: Fraction,
        before: Fraction,
        after: Fraction,
        *,
        repeats: tuple[Fraction, ...] = (),
        rounding: Fraction = Fraction(0),
    ) -> list[Moment]:
        """The source frame, and the parts of the gap; see :meth:`Timeline.between`."""
        length = after - before
        times = [
            here + (there - here) * Fraction(part, self.factor)
            for here, there in pairwise((before, *repeats, after))
            for part in range(self.factor)
        ]
        return [Moment((time - before) / length, time * self.slow_motion) for time in times]

    def at_end(
        self, origin: Fraction, last: Fraction, *, rounding: Fraction = Fraction(0)
    ) -> Moment | None:
        """The last frame is always shown."""
        return Moment(Fraction(0), last * self.slow_motion)


@dataclass(frozen=True)
class SteadyRate(Timeline):
    """A constant frame rate, whatever the source's, counted from its first frame.

    Source frames that fall on an output time are shown as they are, the others are not shown. The
    output ends with the last moment that is not after the last source frame.

    Args:
        frames_per_second: of the output, exact.
        slow_motion: see :class:`Timeline`.

    Raises:
        InputError: for a rate or a slow motion that is not positive.

    Example:
        >>> film = SteadyRate(Fraction(60))
        >>> at = Fraction(1, 24)
        >>> [str(moment.time) for moment in film.between(Fraction(0), Fraction(0), at)]
        ['0', '2/5', '4/5']
    """

    frames_per_second: Fraction
    slow_motion: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.frames_per_second <= 0:
            raise InputError(f"the frame rate must be positive, got {self.frames_per_second}")
        _check_slow_motion(self.slow_motion)

    def rate(self, info: VideoInfo) -> Fraction:
        """Frames per second of the output."""
        return self.frames_per_second

    def time_base(self, info: VideoInfo) -> Fraction:
        """A tick that fits every moment; steps between frames are exact in any case."""
        tick = tick_for(info.time_base * self.slow_motion, 1 / self.frames_per_second)
        steps = self.frames_per_second.numerator
        return Fraction(1, _FINEST // steps * steps) if tick == _FALLBACK else tick

    def expected(self, info: VideoInfo, frames: int) -> int:
        """About how many frames so many source frames become."""
        return int((frames - 1) / info.rate / self._step) + 1

    def between(
        self,
        origin: Fraction,
        before: Fraction,
        after: Fraction,
        *,
        repeats: tuple[Fraction, ...] = (),
        rounding: Fraction = Fraction(0),
    ) -> list[Moment]:
        """The moments of the grid; see :meth:`Timeline.between`."""
        first = math.ceil((before - rounding - origin) / self._step)
        end = math.ceil((after - rounding - origin) / self._step)
        return list(self._moments(origin, before, after - before, range(first, end), rounding))

    def at_end(
        self, origin: Fraction, last: Fraction, *, rounding: Fraction = Fraction(0)
    ) -> Moment | None:
        """The last frame is shown if it falls on the grid."""
        count = round((last - origin) / self._step)
        if abs(origin + count * self._step - last) > rounding:
            return None
        return Moment(Fraction(0), self._pts(origin, count))

    @property
    def _step(self) -> Fraction:
        """From one moment to the next, in the time of the source."""
        return 1 / (self.frames_per_second * self.slow_motion)

    def _pts(self, origin: Fraction, count: int) -> Fraction:
        return origin * self.slow_motion + count / self.frames_per_second

    def _moments(
        self,
        origin: Fraction,
        before: Fraction,
        length: Fraction,
        counts: range,
        rounding: Fraction,
    ) -> Iterator[Moment]:
        for count in counts:
            past = origin + count * self._step - before
            time = Fraction(0) if past <= rounding else past / length
            yield Moment(time, self._pts(origin, count))


def choose_timeline(
    info: VideoInfo,
    *,
    factor: int | None = None,
    fps: Fraction | None = None,
    slow_motion: Fraction = Fraction(1),
    keep_timestamps: bool = False,
) -> Timeline:
    """The timeline that a few wishes describe.

    Without any, the frame rate is doubled. Slow motion without ``factor`` or ``fps`` keeps the
    frame rate: so many times as many frames, played so many times as long.

    Args:
        info: the source.
        factor: how many times as many frames; excludes ``fps``.
        fps: a constant frame rate of the output.
        slow_motion: how many times slower than the source the output plays, 1 or more.
        keep_timestamps: insist that every source frame is shown at its own time, slowed down or
            not, which a constant rate cannot promise.

    Raises:
        InputError: a number is out of range, or two wishes exclude each other.

    Example:
        >>> info = VideoInfo(64, 48, Fraction(24), Fraction(1, 24), "yuv420p")
        >>> choose_timeline(info, slow_motion=Fraction(4)).rate(info)
        Fraction(24, 1)
    """
    if factor is not None and fps is not None:
        raise InputError(
            f"a factor ({factor}) and a frame rate ({fps}) exclude each other; give one of them"
        )
    if keep_timestamps and (fps is not None or (factor is None and slow_motion.denominator > 1)):
        raise InputError(
            "a constant frame rate does not keep the source's time stamps; give a factor instead, "
            "or do not insist on them"
        )
    if slow_motion < 1:
        raise InputError(f"slow motion must be 1 or more times slower, got {slow_motion}")
    if fps is not None:
        return SteadyRate(fps, slow_motion)
    if factor is not None and factor < 2 and slow_motion == 1:
        raise InputError(f"the factor must be 2 or more, got {factor}")
    if factor is None and slow_motion.denominator > 1:
        return SteadyRate(info.rate, slow_motion)
    if factor is None:
        factor = slow_motion.numerator if slow_motion > 1 else 2
    return EqualParts(factor, slow_motion)


def rounding_of(info: VideoInfo) -> Fraction:
    """By how much the times of a source's frames may be off: half a tick, half a millisecond.

    >>> rounding_of(VideoInfo(64, 48, Fraction(25), Fraction(1, 25), "yuv420p"))
    Fraction(1, 2000)
    """
    return min(info.time_base / 2, _ROUNDING)


def tick_for(*units: Fraction) -> Fraction:
    """One over a whole number of which every unit is a whole multiple; a microsecond at worst.

    >>> tick_for(Fraction(1, 24), Fraction(1, 60)), tick_for(Fraction(1001, 60000))
    (Fraction(1, 120), Fraction(1, 60000))
    """
    denominator = math.lcm(*(unit.denominator for unit in units))
    return Fraction(1, denominator) if denominator <= _FINEST else _FALLBACK


def _check_slow_motion(slow_motion: Fraction) -> None:
    if slow_motion <= 0:
        raise InputError(f"slow motion must be positive, got {slow_motion}")

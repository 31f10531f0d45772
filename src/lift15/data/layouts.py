"""Which frames of a clip make up a window, and where in time they are said to lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from lift15.data.checking import check_count, check_share
from vfiblocks import Window
from vfiblocks.errors import InputError

LayoutName = Literal["own", "hole", "even", "both"]

SHARES_TOLERANCE = 1e-6
"""By how much probabilities written in decimals may miss one."""


@dataclass(frozen=True)
class Layout:
    """How windows are cut from clips; plain values, all of them written to a run's folder.

    Args:
        kind: ``hole``, one frame missing in a contiguous clip; ``even``, equal gaps between all
            input frames; ``both``, drawn for every batch; ``own``, what the model's window is.
        even_share: probability of ``even`` where ``both`` is asked for.
        gap: frames from one reference to the other in ``even``. A model of any time is asked for
            the frames 1 to gap - 1 between them, a model of midpoints for the middle one.
        stride: the largest step between the frames that are read: every sample takes each 1st,
            2nd, ... frame of its clip, up to this, with equal chances.
        frames: numbers of frames to draw from, the nearest to the target each time, the two
            references included; empty for all that the model's window has.
        shares: how often each of ``frames`` comes, adding up to one; empty for equally often.
        missing: probability of each frame but the references to be marked missing.
        backwards: probability of a sample to be read from end to beginning.
        whole: only windows that lie in their clip entirely, whichever way they are read.

    Raises:
        InputError: for values outside of these ranges.

    Example:
        >>> Layout(kind="both", frames=(2, 4, 14), shares=(0.5, 0.25, 0.25)).gap
        2
    """

    kind: LayoutName = "own"
    even_share: float = 0.5
    gap: int = 2
    stride: int = 1
    frames: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    missing: float = 0.0
    backwards: float = 0.5
    whole: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(LayoutName):
            known = ", ".join(get_args(LayoutName))
            raise InputError(f"layout: kind is one of {known}, got {self.kind!r}")
        check_count("layout", "gap", self.gap, least=2)
        check_count("layout", "stride", self.stride)
        for count in self.frames:
            check_count("layout", "each of frames", count, least=2)
        for name in ("even_share", "missing", "backwards"):
            check_share("layout", name, getattr(self, name))
        for share in self.shares:
            check_share("layout", "each of shares", share)
        if self.shares and len(self.shares) != len(self.frames):
            raise InputError(
                f"layout: every number of frames has its share, got frames {self.frames} and "
                f"shares {self.shares}"
            )
        if self.shares and abs(sum(self.shares) - 1.0) > SHARES_TOLERANCE:
            raise InputError(f"layout: shares add up to 1, got {self.shares}")


@dataclass(frozen=True)
class Reading:
    """One window, and where its frames are found around a target frame.

    Attributes:
        window: what the model is told.
        offsets: from the target to each input frame in frames, in the order of
            ``window.positions``, for a stride of one read forwards.
        kind: ``hole`` or ``even``.

    Example:
        >>> reading = Cutter(Layout(kind="hole"), Window.hole(7, 3)).fixed(frames=4)
        >>> reading.window.positions, reading.numbers(10), reading.numbers(10, backwards=True)
        ((1.0, 2.0, 4.0, 5.0), (8, 9, 11, 12), (12, 11, 9, 8))
    """

    window: Window
    offsets: tuple[int, ...]
    kind: Literal["hole", "even"]

    @property
    def before(self) -> int:
        """Frames from the left reference to the target, at a stride of one."""
        return -self.offsets[self.window.references[0]]

    @property
    def gap(self) -> int:
        """Frames from one reference to the other, at a stride of one."""
        return self.before + self.offsets[self.window.references[1]]

    def target(self, start: int, *, stride: int = 1, backwards: bool = False) -> int:
        """Number of the target between references at ``start`` and ``start + gap * stride``.

        Backwards the later of the two is the left one, which a target off the middle is as far from
        as it was from the earlier one.
        """
        return start + stride * (self.gap - self.before if backwards else self.before)

    def numbers(self, target: int, *, stride: int = 1, backwards: bool = False) -> tuple[int, ...]:
        """Frame numbers in the order of the window's positions; some may lie outside of the clip.

        Read backwards the window stays what it is: the clip is turned about the target, not the
        window (DECISIONS 15). So one batch may hold both directions.
        """
        step = -stride if backwards else stride
        return tuple(target + step * offset for offset in self.offsets)


class Cutter:
    """Draws readings for one model. Made once; it holds no state.

    Args:
        layout: what to draw from.
        window: the model's own.
        any_time: whether the model knows other times than the middle (``model.flow.any_time``).

    Attributes:
        span: frames from one reference to the other at the most; a clip needs one more than that.
        reach: first and last frame that a window may read, counted from the first frame of the
            span; of windows that have to lie in their clip.

    Raises:
        InputError: the layout does not go with the model: it asks for more frames than the window
            has, for a midpoint that no frame lies on, or for the kind of a window that is neither.

    Example:
        The fifteen frames of LIFT-15, and what a model of any time is asked for.

        >>> Cutter(Layout(), Window.hole(15, 8)).fixed().offsets
        (-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
        >>> cutter = Cutter(Layout(gap=4), Window.even(1, 1), any_time=True)
        >>> [reading.window.time for reading in cutter.readings()]
        [0.25, 0.5, 0.75]
    """

    def __init__(self, layout: Layout, window: Window, *, any_time: bool = False) -> None:
        self.layout = layout
        self.window = window
        self.any_time = any_time
        kind = _own_kind(window) if layout.kind == "own" else layout.kind
        self.kinds: tuple[Literal["hole", "even"], ...] = (
            ("hole", "even") if kind == "both" else (kind,)
        )
        if "even" in self.kinds:
            self._check_gap()
        if surplus := [count for count in layout.frames if count > len(window)]:
            raise InputError(
                f"layout: the model's window has {len(window)} frames, but frames asks for "
                f"{max(surplus)}; leave out what is larger"
            )
        self.span = layout.stride * max(reading.gap for reading in self.readings())
        self.reach = self._reach()

    def readings(self) -> Iterator[Reading]:
        """Every reading that may be drawn, with all frames of the model's window."""
        for kind in self.kinds:
            for before in self._places(kind):
                yield self._reading(kind, before, len(self.window))

    def draw(self, chance: np.random.Generator) -> Reading:
        """A reading for a batch; the same amount of chance is used whatever the layout is."""
        which, place, count = chance.random(3)
        kind = self.kinds[-1 if which < self.layout.even_share else 0]
        places = self._places(kind)
        return self._reading(kind, places[int(place * len(places))], self._count(count))

    def fixed(self, kind: str | None = None, *, frames: int | None = None) -> Reading:
        """The reading to validate on: all frames, and the middle, or the frame before it.

        Args:
            kind: ``hole`` or ``even``; None for the model's, and for ``even`` out of ``both``,
                which is how videos get more frames.
            frames: how many, the nearest; None for all.

        Raises:
            InputError: for another kind, or more frames than the window has.
        """
        if kind not in (None, "hole", "even"):
            raise InputError(f"a window is cut as 'hole' or 'even', got {kind!r}")
        chosen: Literal["hole", "even"] = self.kinds[-1]
        if kind is not None:
            chosen = "hole" if kind == "hole" else "even"
        if chosen == "even":
            self._check_gap()
        count = len(self.window) if frames is None else frames
        if not 2 <= count <= len(self.window):
            raise InputError(
                f"the model's window has {len(self.window)} frames, 2 at the least; got {count}"
            )
        return self._reading(chosen, 1 if chosen == "hole" else self.layout.gap // 2, count)

    def start(self, reading: Reading, first: int, stride: int = 1) -> int:
        """First reference of a reading, put in the middle of the span that begins at ``first``."""
        return first + (self.span - reading.gap * stride) // 2

    def sides(self, frames: int) -> tuple[int, int]:
        """How many of ``frames`` lie left and right: the nearest, the left one first.

        >>> Cutter(Layout(), Window.hole(15, 8)).sides(8)
        (4, 4)
        """
        right = min(self.window.right, frames // 2)
        left = min(self.window.left, frames - right)
        return left, frames - left

    def _check_gap(self) -> None:
        if self.layout.gap % 2 and not self.any_time:
            raise InputError(
                f"layout: a gap of {self.layout.gap} frames has no frame in the middle, and this "
                "model knows the midpoint only; choose an even gap"
            )

    def _places(self, kind: str) -> range:
        """How many frames may lie from the left reference to the target."""
        if kind == "hole":
            return range(1, 2)
        middle = self.layout.gap // 2
        return range(1, self.layout.gap) if self.any_time else range(middle, middle + 1)

    def _reading(self, kind: Literal["hole", "even"], before: int, frames: int) -> Reading:
        left, right = self.sides(frames)
        target, gap = self.window.target, self.layout.gap
        if kind == "hole":
            steps = (*range(-left, 0), *range(1, right + 1))
            window = Window(tuple(target + step for step in steps), target)
            return Reading(window, steps, kind)
        # Where the model's own window has its target, as in Interpolator.window_between.
        window = Window.even(left, right, before / gap).shifted(target)
        return Reading(window, tuple(gap * i - before for i in range(1 - left, right + 1)), kind)

    def _count(self, chance: float) -> int:
        frames = self.layout.frames or (len(self.window),)
        shares = self.layout.shares or tuple(1 / len(frames) for _ in frames)
        return frames[int(np.searchsorted(np.cumsum(shares)[:-1], chance, side="right"))]

    def _reach(self) -> tuple[int, int]:
        """Over all readings, strides and directions."""
        numbers: list[int] = []
        directions = {self.layout.backwards == 1.0, self.layout.backwards > 0.0}
        for reading in self.readings():
            for stride in range(1, self.layout.stride + 1):
                start = self.start(reading, 0, stride)
                for backwards in directions:
                    target = reading.target(start, stride=stride, backwards=backwards)
                    numbers += reading.numbers(target, stride=stride, backwards=backwards)
        return min(numbers), max(numbers)


def _own_kind(window: Window) -> Literal["hole", "even"]:
    """What a model's window is. With the references alone both are the same: even."""
    placed = tuple(sorted(position - window.target for position in window.positions))
    left, right = window.left, window.right
    if placed == Window.even(left, right).positions:
        return "even"
    if placed == tuple(float(p) for p in (*range(-left, 0), *range(1, right + 1))):
        return "hole"
    raise InputError(
        f"layout: the model's own window, {window.positions} -> {window.target:g}, is neither a "
        "hole in a contiguous clip nor evenly spaced; choose kind 'hole', 'even' or 'both'"
    )

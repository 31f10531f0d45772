"""Where in time the frames of a call lie, and which moment is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vfiblocks.errors import InputError


@dataclass(frozen=True)
class Window:
    """The moments of the input frames and the moment to be made, on one time axis.

    Positions are real numbers. In the layouts built here the unit is half the gap between the two
    references, so a target midway lies one unit from each. The order of ``positions`` is the order
    of the frames in the input tensor and need not be sorted: everything below is found by position,
    never by list index (DECISIONS 2).

    Args:
        positions: when each input frame was taken; finite and distinct.
        target: the moment to be made; at least one position lies on each side of it.

    Raises:
        InputError: if positions repeat, are not finite, contain the target, or leave a side empty.

    Example:
        >>> window = Window.hole(15, 8)  # LIFT-15 section 1.2: frames 0-7 and 9-14 give frame 8
        >>> len(window), window.references, window.time
        (14, (7, 8), 0.5)
        >>> [window.positions[i] for i in window.references]
        [7.0, 9.0]
    """

    positions: tuple[float, ...]
    target: float

    def __post_init__(self) -> None:
        try:
            positions, target = tuple(float(p) for p in self.positions), float(self.target)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"a window needs numbers, got positions {self.positions!r} and target "
                f"{self.target!r}"
            ) from error
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "target", target)
        if not all(math.isfinite(p) for p in (*positions, self.target)):
            raise InputError(f"a window needs finite positions, got {positions} -> {self.target}")
        if len(set(positions)) != len(positions):
            raise InputError(f"a window needs distinct positions, got {positions}")
        if self.target in positions:
            raise InputError(
                f"the target {self.target:g} is itself one of the input positions: "
                "it would leak into the input; leave that frame out"
            )
        if not positions or not min(positions) < self.target < max(positions):
            span = f"{min(positions):g} to {max(positions):g}" if positions else "no frames"
            raise InputError(
                f"the target {self.target:g} must lie between two input frames, got {span}"
            )

    @classmethod
    def hole(cls, length: int, target: int) -> Window:
        """A contiguous clip with one frame missing, the training layout of LIFT-15 section 1.2.

        >>> Window.hole(7, 3).positions
        (0.0, 1.0, 2.0, 4.0, 5.0, 6.0)
        """
        if not 0 < target < length - 1:
            raise InputError(
                f"the hole must have a frame on each side: target {target} in a clip of {length}; "
                + (f"choose 1 to {length - 2}" if length > 2 else "a clip of three is the shortest")
            )
        return cls(tuple(float(p) for p in range(length) if p != target), float(target))

    @classmethod
    def even(cls, left: int, right: int, time: float = 0.5) -> Window:
        """Equal gaps everywhere, the layout of a real video whose frame rate is raised.

        The references lie at -1 and +1; ``time`` in (0, 1) places the target between them.

        >>> Window.even(2, 2)
        Window(positions=(-3, -1, 1, 3), target=0)
        >>> Window.even(1, 1, time=0.25).target
        -0.5
        """
        if left < 1 or right < 1:
            raise InputError(
                f"an even window needs a frame on each side, got left={left}, right={right}"
            )
        if not 0.0 < time < 1.0:
            raise InputError(f"time must lie strictly between 0 and 1, got {time}")
        return cls(tuple(float(p) for p in range(1 - 2 * left, 2 * right, 2)), 2.0 * time - 1.0)

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        positions = ", ".join(map(_number, self.positions))
        return f"Window(positions=({positions}), target={_number(self.target)})"

    def __str__(self) -> str:
        """In the order of time, the target in brackets.

        >>> print(Window.hole(7, 3))
        0 1 2 [3] 4 5 6
        """
        moments = sorted((*self.positions, self.target))
        return " ".join(f"[{_number(p)}]" if p == self.target else _number(p) for p in moments)

    @property
    def references(self) -> tuple[int, int]:
        """Indices into ``positions`` of the nearest frame on each side, left then right."""
        order = range(len(self.positions))
        left = max(
            (i for i in order if self.positions[i] < self.target), key=self.positions.__getitem__
        )
        right = min(
            (i for i in order if self.positions[i] > self.target), key=self.positions.__getitem__
        )
        return left, right

    @property
    def time(self) -> float:
        """Where the target lies between the references, in (0, 1)."""
        left, right = (self.positions[i] for i in self.references)
        return (self.target - left) / (right - left)

    @property
    def left(self) -> int:
        """How many frames lie before the target."""
        return sum(p < self.target for p in self.positions)

    @property
    def right(self) -> int:
        """How many frames lie after the target."""
        return len(self.positions) - self.left

    def shifted(self, by: float) -> Window:
        """The same layout elsewhere on the time axis.

        >>> Window.even(1, 1).shifted(8.0)
        Window(positions=(7, 9), target=8)
        """
        return Window(tuple(p + by for p in self.positions), self.target + by)

    def reversed(self) -> Window:
        """The same clip played backwards: list order reversed, positions mirrored at the target.

        Frames must be reversed along with it. Mirroring keeps every distance to the target, which
        renumbering from zero would not (DECISIONS 15).

        >>> Window.hole(4, 1).reversed()
        Window(positions=(-1, 0, 2), target=1)
        """
        mirrored = tuple(2.0 * self.target - p for p in reversed(self.positions))
        return Window(mirrored, self.target)


def _number(value: float) -> str:
    """As short as it goes without loss.

    >>> _number(3.0), _number(0.1)
    ('3', '0.1')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

"""What there is to predict: a frame, the two beside it, and what lies further out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lift15.data.sources.base import Problem
from lift15.data.sources.pictures import read_picture
from vfiblocks import Window
from vfiblocks.errors import InputError

HOLE = 1.0
EVEN = 2.0
"""Distance from one context frame to the next, where the references are 2 apart."""


class Ref(NamedTuple):
    """Where a picture is: a file, or a frame of a video or clip.

    Attributes:
        path: the file.
        frame: number of the frame in it; None for a picture.
    """

    path: Path
    frame: int | None = None

    def __str__(self) -> str:
        return str(self.path) if self.frame is None else f"{self.path}, frame {self.frame}"


@dataclass(frozen=True)
class Item:
    """One frame to predict. Nothing is decoded here.

    Args:
        name: unique in its benchmark and the same on every machine.
        scene: the video or sequence it is from: what averages over sequences go by, and what
            statistics count as one.
        target: the true frame.
        before: frames before it, the reference first, then outwards; None where one is missing.
        after: frames after it, likewise.
        time: of the target between the references, in (0, 1).
        step: from one frame of ``before`` or ``after`` to the next, in half gaps between the
            references: 1 in a hole of a contiguous clip, 2 where gaps are even.

    Raises:
        InputError: a reference is missing, or the time lies outside.

    Example:
        >>> frames = [Ref(Path(f"im{i}.png")) for i in range(1, 8)]
        >>> item = Item("00001/0266", "00001", frames[3], (frames[2], frames[0]), (frames[4],))
        >>> item.window(2, 2).positions
        (-3.0, -1.0, 1.0, 3.0)
        >>> [ref and ref.path.name for ref in item.frames(2, 2)]
        ['im1.png', 'im3.png', 'im5.png', None]
    """

    name: str
    scene: str
    target: Ref
    before: tuple[Ref | None, ...]
    after: tuple[Ref | None, ...]
    time: float = 0.5
    step: float = EVEN

    def __post_init__(self) -> None:
        if not (self.before and self.after and self.before[0] and self.after[0]):
            raise InputError(f"item {self.name}: a frame on each side of the target is needed")
        if not 0.0 < self.time < 1.0 or self.step <= 0.0:
            raise InputError(
                f"item {self.name}: time must lie between 0 and 1 and the step be positive, got "
                f"{self.time} and {self.step}"
            )

    @property
    def layout(self) -> str:
        """In a word, how the frames lie in time: two layouts are two tasks."""
        return {HOLE: "hole", EVEN: "even"}.get(self.step, f"step {self.step:g}")

    def window(self, left: int, right: int) -> Window:
        """Positions of so many frames on each side; the references lie at -1 and 1."""
        before = (-1.0 - self.step * k for k in reversed(range(left)))
        after = (1.0 + self.step * k for k in range(right))
        return Window((*before, *after), 2.0 * self.time - 1.0)

    def frames(self, left: int, right: int) -> tuple[Ref | None, ...]:
        """The frames that go with :meth:`window`; None for one that does not exist."""
        return (*reversed(_padded(self.before, left)), *_padded(self.after, right))


@dataclass(frozen=True)
class Benchmark:
    """What a reader found under a root.

    Args:
        items: what can be predicted, in an order that depends on the data alone.
        missing: items that belong to the benchmark and lack a file.
        shortage: what there is too little of, "3 of 379 clips"; where no list tells what belongs,
            only the official size does.
        notes: what a reader of the results should know, in plain sentences.
        read: decodes pictures, (3, H, W) uint8 each.
    """

    items: tuple[Item, ...]
    missing: tuple[Problem, ...] = ()
    shortage: str = ""
    notes: tuple[str, ...] = ()
    read: Callable[[Sequence[Ref]], list[Tensor]] = field(default=lambda refs: read_pictures(refs))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits naming what belongs to the benchmark, whether it is there or not."""
        names = sorted([item.name for item in self.items] + [lost.item for lost in self.missing])
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


class Question(NamedTuple):
    """Items that are predicted from the very same frames: several times in one gap."""

    items: tuple[Item, ...]


def questions(items: Sequence[Item]) -> list[Question]:
    """Put neighbours in the list that have the same frames together.

    >>> left, right = Ref(Path("a.png")), Ref(Path("b.png"))
    >>> eighths = [Item(f"{k}", "s", left, (left,), (right,), k / 8) for k in range(1, 8)]
    >>> [len(question.items) for question in questions(eighths)]
    [7]
    """
    groups: list[list[Item]] = []
    for item in items:
        if groups and _same_frames(groups[-1][0], item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [Question(tuple(group)) for group in groups]


def read_pictures(refs: Sequence[Ref]) -> list[Tensor]:
    """Decode picture files to (3, H, W) uint8, RGB.

    Raises:
        DataError: one is missing, or no whole picture.
    """
    return [torch.from_numpy(read_picture(ref.path)).permute(2, 0, 1) for ref in refs]


def _padded(frames: tuple[Ref | None, ...], count: int) -> list[Ref | None]:
    return [*frames[:count], *[None] * (count - len(frames))]


def _same_frames(one: Item, other: Item) -> bool:
    return (one.before, one.after, one.step) == (other.before, other.after, other.step)

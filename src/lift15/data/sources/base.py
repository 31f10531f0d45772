"""What a source of clips is: named runs of consecutive frames, read by number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from vfiblocks.registry import Registry


@dataclass(frozen=True)
class Clip:
    """One run of consecutive frames without a cut, evenly spaced in time.

    Attributes:
        name: unique in its source, and the same on every machine: "00001/0266".
        length: how many frames.
        scene: what must stay on one side of a split, and what statistics count as one: the video
            or the place that the clip was taken from.
    """

    name: str
    length: int
    scene: str


@dataclass(frozen=True)
class Problem:
    """An item of a source that is missing or cannot be read.

    Attributes:
        item: its name.
        reason: what is wrong with it, in words.
    """

    item: str
    reason: str

    def __str__(self) -> str:
        return f"{self.item}: {self.reason}"


class MotionTruth(NamedTuple):
    """True motion from one frame of a clip to two others.

    Attributes:
        flow: (2, 2, H, W), (dx, dy) in pixels; known for hidden pixels as well.
        visible: (2, 1, H, W) bool, whether the pixel is seen in each of the two.
    """

    flow: Tensor
    visible: Tensor


class ClipSource(ABC):
    """Clips under one root. Frames are decoded when they are read, never before.

    A source can be pickled and used from worker processes; open files are not carried over.

    Attributes:
        name: the registered kind and what it reads, such as "videos:/data/clips".
        clips: in an order that depends on the data alone.
        problems: items that were left out, found on opening; empty unless bad ones are skipped.
        notes: what a user should know about how the data were read, in plain sentences.
        held_out: whether this is an official test set, which nobody trains or chooses a model on.
    """

    name: str
    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    held_out: bool = False

    @abstractmethod
    def read(self, clip: int, frames: Sequence[int]) -> Tensor:
        """Frames of ``clips[clip]`` by number.

        Args:
            clip: index into ``clips``.
            frames: numbers from 0 to ``length - 1``, in any order, repeats allowed.

        Returns:
            (len(frames), 3, H, W) uint8, RGB.

        Raises:
            DataError: a frame cannot be read; the clip and the frame are named.
        """

    def motion(self, clip: int, target: int, references: tuple[int, int]) -> MotionTruth | None:
        """True motion from frame ``target`` to the two ``references``; None if nobody knows it."""
        return None

    def data_hash(self) -> str:
        """A hash of what the source would read: names, lengths and file sizes, or the recipe.

        Two machines with the same data agree on it.
        """
        raise NotImplementedError


SOURCES: Registry[type[ClipSource]] = Registry("source", group="vfiblocks.sources")
"""Kinds of data by name. A kind is made as ``kind(root, **options)``: ``root`` is a path or "" for
kinds that read no files, options are keyword-only."""

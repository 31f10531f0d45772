"""What there is to learn from: every place in every clip that a window fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lift15.data.sources.base import Clip, ClipSource, Problem
from vfiblocks.errors import DataError


class Item(NamedTuple):
    """A place in a clip.

    Attributes:
        source: index into the sources.
        clip: index into the clips of that source.
        first: the frame at which the span between the references begins.
    """

    source: int
    clip: int
    first: int


@dataclass(frozen=True)
class Chosen:
    """Clips of one source that belong to one side of a split.

    Attributes:
        source: where they are read.
        clips: indices into ``source.clips``, ascending.
    """

    source: ClipSource
    clips: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.clips)

    def items(self) -> Iterable[tuple[int, Clip]]:
        """Index and clip, in order."""
        return ((index, self.source.clips[index]) for index in self.clips)


class Items:
    """Numbers every place that a window fits, source by source and clip by clip.

    Args:
        chosen: the clips.
        reach: first and last frame that has to exist, counted from the first of the span.
        what: what windows are cut, for messages: "layout hole of 14 frames".

    Attributes:
        counts: how many items each source has.
        problems: one per source that has clips too short for the window, with how many.

    Raises:
        DataError: no clip of any source is long enough.

    Example:
        >>> from lift15.data.sources.base import Clip
        >>> class Numbers(ClipSource):
        ...     name, clips = "numbers:", (Clip("a", 3, "a"), Clip("b", 5, "b"), Clip("c", 2, "c"))
        ...     read = None
        >>> items = Items([Chosen(Numbers(), (0, 1, 2))], reach=(0, 2), what="layout even")
        >>> [tuple(items[i]) for i in range(len(items))]
        [(0, 0, 0), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
        >>> print(items.problems[0])
        numbers:: 1 of 3 clips are left out: layout even needs 3 frames, the shortest, 'c', has 2
    """

    def __init__(self, chosen: Sequence[Chosen], *, reach: tuple[int, int], what: str) -> None:
        self.chosen = tuple(chosen)
        self.reach = reach
        needed = reach[1] - reach[0] + 1
        places = [
            np.array([max(0, clip.length - needed + 1) for _, clip in part.items()], dtype=np.int64)
            for part in self.chosen
        ]
        self.counts = tuple(int(each.sum()) for each in places)
        self.problems = tuple(
            problem
            for part, each in zip(self.chosen, places, strict=True)
            if (problem := _too_short(part, each, needed, what)) is not None
        )
        self._ends = [np.cumsum(each) for each in places]
        self._sources = np.cumsum([0, *self.counts])
        if not len(self):
            lengths = [clip.length for part in self.chosen for _, clip in part.items()]
            raise DataError(
                f"nothing to learn from: {_clips(len(lengths))}, the longest has "
                f"{max(lengths, default=0)} frames; {what} needs {needed}"
            )

    def __len__(self) -> int:
        return sum(self.counts)

    def __getitem__(self, number: int) -> Item:
        if not 0 <= number < len(self):
            raise IndexError(number)
        source = int(np.searchsorted(self._sources, number, side="right")) - 1
        return self.of(source, number - int(self._sources[source]))

    def of(self, source: int, number: int) -> Item:
        """Item ``number`` of one source."""
        ends = self._ends[source]
        place = int(np.searchsorted(ends, number, side="right"))
        before = int(ends[place - 1]) if place else 0
        return Item(source, self.chosen[source].clips[place], number - before - self.reach[0])


def _too_short(
    part: Chosen, places: np.ndarray[tuple[int], np.dtype[np.int64]], needed: int, what: str
) -> Problem | None:
    short = [clip for (_, clip), count in zip(part.items(), places, strict=True) if not count]
    if not short:
        return None
    least = min(short, key=lambda clip: clip.length)
    return Problem(
        part.source.name,
        f"{len(short)} of {_clips(len(part))} are left out: {what} needs {needed} frames, the "
        f"shortest, '{least.name}', has {least.length}",
    )


def _clips(count: int) -> str:
    return f"{count} clip" if count == 1 else f"{count} clips"

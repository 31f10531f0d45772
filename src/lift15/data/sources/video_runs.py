"""Which frames of a video make clips: no cut inside, no repeat, one step in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lift15.data.sources.checking import SHORTEST, chosen
from lift15.data.sources.video_index import VideoIndex
from vfiblocks.errors import DataError

TOLERANCE = 0.25
"""How far a step may be from the usual one, as a share of it. Matroska rounds to milliseconds: at
240 frames per second that is a step of 4 or 5, a fifth off; a frame that is missing is one whole
off."""


@dataclass(frozen=True)
class RunRules:
    """How a video is divided into clips.

    Args:
        repeats: what becomes of frames that repeat the one before. "drop" leaves them out, so that
            what remains moves as it did before somebody converted its rate; "split" leaves them out
            and ends the clip there; "keep" takes them as they are.
        timing: what happens where frames are not one usual step apart. "split" ends the clip there,
            "keep" takes them as they are.
        shortest: clips of fewer frames are left out.

    Raises:
        DataError: an option is unknown or out of range.
    """

    repeats: str = "drop"
    timing: str = "split"
    shortest: int = SHORTEST

    def __post_init__(self) -> None:
        chosen("videos", "repeats", self.repeats, ("drop", "split", "keep"))
        chosen("videos", "timing", self.timing, ("split", "keep"))
        if self.shortest < SHORTEST:
            raise DataError(f"shortest of 'videos' is at least {SHORTEST}, got {self.shortest}")

    def runs(self, index: VideoIndex) -> list[NDArray[np.int64]]:
        """Numbers of the frames of each clip, in order; too short ones are left out.

        Example:
            >>> index = VideoIndex(8, 8, "1/25", (0, 1, 2, 3, 4, 6, 7, 8), (0,) * 8, (0,), (), (1,))
            >>> [run.tolist() for run in RunRules().runs(index)]
            [[0, 2, 3, 4], [5, 6, 7]]
        """
        count = len(index)
        starts = np.zeros(count, dtype=bool)
        starts[list(index.shots)] = True
        if self.timing == "split":
            starts[1:] |= uneven_steps(index)
        takes_part = np.ones(count, dtype=bool)
        if self.repeats != "keep":
            takes_part[list(index.repeats)] = False
        if self.repeats == "split":
            starts |= ~takes_part
        # Counted before frames are left out: a start that is left out must not be lost
        group = np.cumsum(starts)
        numbers = np.flatnonzero(takes_part)
        borders = np.flatnonzero(np.diff(group[numbers])) + 1
        return [run for run in np.split(numbers, borders) if len(run) >= self.shortest]


def uneven_steps(index: VideoIndex) -> NDArray[np.bool_]:
    """Whether the step from each frame to the next differs from the usual one."""
    steps = np.diff(np.asarray(index.ticks, dtype=np.int64))
    if not len(steps):
        return np.zeros(0, dtype=bool)
    usual = np.median(steps)
    return np.asarray(np.abs(steps - usual) > TOLERANCE * usual)

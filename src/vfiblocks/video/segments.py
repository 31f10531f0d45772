"""A long video cut into segments that can be made alone, in any order, on any machine.

A segment is a run of gaps between source frames, with the source frame before each of them. Where
they begin depends on the source and the timeline alone, so whoever cuts gets the same segments.
They are about as long as encoders let pass between two key frames anyway, which keeps the loss of
compression small; and where a scene begins in the second half of a segment, the next one begins
there: the encoder wants a key frame at that place, and no frame beyond it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vfiblocks.errors import InputError
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.survey import Survey
from vfiblocks.video.timeline import Timeline

FRAMES = 250
"""Output frames of a segment; what x264 and x265 allow between key frames."""


@dataclass(frozen=True)
class Segment:
    """A run of gaps between source frames that take part.

    Args:
        first: number of the first gap, and of the frame before it among those that take part.
        stop: number of the first gap beyond.
        is_last: whether the video ends here, so that its last frame is shown as well.
    """

    first: int
    stop: int
    is_last: bool

    def context(self, survey: Survey, left: int, right: int) -> tuple[int, int]:
        """Which frames, of those that take part, have to be read: the first, and one beyond."""
        return max(0, self.first - left + 1), min(len(survey.kept), self.stop + right)


def segment_seconds(timeline: Timeline, info: VideoInfo, frames: int = FRAMES) -> Fraction:
    """How many seconds of the source become so many frames.

    >>> from vfiblocks.video.timeline import EqualParts
    >>> info = VideoInfo(64, 48, Fraction(25), Fraction(1, 25), "yuv420p")
    >>> segment_seconds(EqualParts(2), info)
    Fraction(5, 1)
    """
    if frames < 1:
        raise InputError(f"a segment needs at least one frame, got {frames}")
    return frames / (timeline.rate(info) * timeline.slow_motion)


def plan_segments(survey: Survey, seconds: Fraction) -> tuple[Segment, ...]:
    """Cut a video.

    Args:
        survey: what was seen of it.
        seconds: how long a segment is, in the time of the source.

    Returns:
        Segments that cover every gap once, in order; each has at least one.

    Example:
        >>> times = tuple(map(Fraction, range(11)))
        >>> survey = Survey(times, (0,) * 11, tuple(range(11)), frozenset({3}))
        >>> [(part.first, part.stop) for part in plan_segments(survey, Fraction(4))]
        [(0, 3), (3, 7), (7, 10)]
    """
    starts = [0]
    cut: int | None = None  # the last scene that begins in the second half
    for position in range(1, survey.gaps):
        length = survey.time(position) - survey.time(starts[-1])
        if survey.kept[position] in survey.shots and 2 * length > seconds:
            cut = position
        if length >= seconds:
            starts.append(position if cut is None else cut)
            cut = None
    stops = [*starts[1:], survey.gaps]
    return tuple(
        Segment(first, stop, is_last=stop == survey.gaps)
        for first, stop in zip(starts, stops, strict=True)
    )


def share(total: int, shard: tuple[int, int]) -> range:
    """The segments of one machine of several: a run, so that it reads its source in one go.

    Args:
        total: how many segments there are.
        shard: which machine of how many, from 0.

    Raises:
        InputError: there is no such machine.

    Example:
        >>> [list(share(5, (i, 3))) for i in range(3)]
        [[0], [1, 2], [3, 4]]
    """
    index, count = shard
    if not 0 <= index < count:
        raise InputError(
            f"there is no shard {index}/{count}; of n machines the first is 0/n, the last n-1/n"
        )
    return range(total * index // count, total * (index + 1) // count)

"""Frames that show again what the one before showed: found, counted, and left out if wished.

Film at 18 frames per second in a video of 25, animation drawn every second or third frame, and
careless rate conversions repeat frames. Compression makes the repeats slightly different, so
equality is no test; and where nothing moves every frame is like the one before, which is no fault.
A repeat is therefore a change far below those *around* it:

    change < 0.15 x the third quartile of the five changes on each side

on a small grey copy, where a change is the mean absolute difference in 8-bit levels. The quartile
rather than the median keeps the rule working where two of three frames are repeats. Where that
quartile is below half a level the scene stands still, and nothing counts as a repeat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from vfiblocks.video.frame import Frame

RATIO = 0.15
"""Repeats of the clips in docs/real-videos.md score 0.08 and less, but for four of 90 that score
up to 0.21; frames that are none score 0.16 and more."""

_AROUND = 5
_STANDSTILL = 0.5  # levels
_GREY = np.array([0.114, 0.587, 0.299], dtype=np.float32)  # of BGR


class RepeatFilter:
    """Finds repeated frames in a stream, and leaves them out if told to.

    A run of repeats is left out only if a different frame of the same shot follows, between which
    and the frame before the run something can be made, and if it is short and no part of a
    standstill: a picture held for longer is meant to be held. Five frames are read ahead.

    Args:
        drop: leave repeats out and note their times in :attr:`Frame.repeats
            <vfiblocks.video.frame.Frame>` of the frame they repeat; otherwise only count them.
        longest: so many repeats in a row at most; 3 is animation on fours.

    Attributes:
        count: repeats found so far, those of longer runs not included.
        dropped: frames left out so far.
    """

    def __init__(self, *, drop: bool, longest: int = 3) -> None:
        self._drop = drop
        self._longest = longest
        self.count = 0
        self.dropped = 0

    def filter(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames without those left out, in order."""
        kept: _Judged | None = None
        run: list[Frame] = []
        for judged in _judge(frames):
            if judged.repeats and kept is not None:
                run.append(judged.frame)  # never many: repeats among repeats are a standstill
                continue
            if kept is not None and self._leaves_out(kept, run, judged):
                self.dropped += len(run)
                kept.frame.repeats = tuple(frame.pts for frame in run)
            else:
                yield from run
            run = []
            kept = judged
            yield judged.frame
        yield from run

    def _leaves_out(self, kept: _Judged, run: list[Frame], after: _Judged) -> bool:
        held = len(run) > self._longest or kept.stands_still or after.stands_still
        if not run or held or after.frame.starts_shot:
            return False
        self.count += len(run)
        return self._drop


class _Judged(NamedTuple):
    """A frame, whether it repeats the one before, and whether nothing moves around it."""

    frame: Frame
    repeats: bool
    stands_still: bool


class _Seen(NamedTuple):
    """A frame and how far it is from the one before, in levels."""

    frame: Frame
    change: float


def _judge(frames: Iterable[Frame]) -> Iterator[_Judged]:
    past: deque[float] = deque(maxlen=_AROUND)
    ahead: deque[_Seen] = deque()
    first = True
    for seen in _with_changes(frames):
        if first:  # nothing comes before it that it could repeat
            yield _Judged(seen.frame, repeats=False, stands_still=False)
            first = False
            continue
        ahead.append(seen)
        if len(ahead) > _AROUND:
            yield _judge_next(ahead, past)
    while ahead:
        yield _judge_next(ahead, past)


def _judge_next(ahead: deque[_Seen], past: deque[float]) -> _Judged:
    frame, change = ahead.popleft()
    around = [*past, *(seen.change for seen in ahead)]
    past.append(change)
    usual = float(np.quantile(around, 0.75)) if around else 0.0
    repeats = usual >= _STANDSTILL and change < RATIO * usual
    return _Judged(frame, repeats, stands_still=max(usual, change) < _STANDSTILL)


def _with_changes(frames: Iterable[Frame]) -> Iterator[_Seen]:
    before: np.ndarray[Any, Any] | None = None
    for frame in frames:
        grey = frame.thumbnail @ _GREY
        yield _Seen(frame, 0.0 if before is None else float(np.abs(grey - before).mean()))
        before = grey

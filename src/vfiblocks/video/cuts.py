"""Where one scene ends and another begins: found by PySceneDetect, or read from a list."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import InputError, MissingDependency
from vfiblocks.video._av import reason
from vfiblocks.video.frame import Frame

DEFAULT_CUT_THRESHOLD = 2.5
"""Between the weakest cut (2.9) and the strongest pan (2.2) of the clips in docs/real-videos.md."""

_LEAST_CHANGE = 15.0  # the detector's own default; real cuts scored 38 and more
_AROUND = 2  # frames on each side that a change is compared with, the detector's own default
_HALF_MILLISECOND = Fraction(1, 2000)
_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)")


class CutMarker(ABC):
    """Marks the frames that start a shot, as they pass by.

    Attributes:
        count: cuts marked so far, of the frames marked last.
        notes: what a user should know, in plain sentences, once all frames have passed.
    """

    count: int = 0
    notes: tuple[str, ...] = ()

    @abstractmethod
    def mark(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames in the same order, ``starts_shot`` set where a cut precedes them."""


class DetectedCuts(CutMarker):
    """Cuts found by PySceneDetect's adaptive detector on small copies of the frames.

    A cut is a change that stands out from the two changes before and the two after it, so that
    fast motion, all of whose changes are large, is none. At the ends of a video the changes there
    are compared with their mirror image. Two frames are read ahead.

    Args:
        threshold: how many times larger than its surroundings a change must be.

    Raises:
        InputError: for a threshold of one or less.
        MissingDependency: PySceneDetect is not installed.
    """

    def __init__(self, threshold: float = DEFAULT_CUT_THRESHOLD) -> None:
        if not threshold > 1:
            raise InputError(
                f"the cut threshold must be above 1, got {threshold:g}; "
                f"{DEFAULT_CUT_THRESHOLD:g} is usual, higher finds fewer cuts"
            )
        self._threshold = threshold
        _import_scenedetect()

    def mark(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """See :meth:`CutMarker.mark`."""
        self.count = 0
        changes = _Changes(self._threshold)
        source = iter(frames)
        opening = [frame for _, frame in zip(range(_AROUND + 1), source, strict=False)]
        if len(opening) <= _AROUND:
            yield from opening
            return
        for frame in reversed(opening[1:]):
            changes.feed(frame)
        waiting: deque[Frame] = deque()
        for frame in _chain(opening, source):
            waiting.append(frame)
            self._apply(changes.feed(frame), waiting, changes.fed - _AROUND)
            if len(waiting) > _AROUND + 1:
                yield waiting.popleft()
        count = changes.fed - _AROUND
        for frame in list(waiting)[-2 : -2 - _AROUND : -1]:
            self._apply(changes.feed(frame), waiting, count)
        yield from waiting

    def _apply(self, cuts: list[int], waiting: deque[Frame], count: int) -> None:
        """Mark frames by their numbers in what was fed; ``waiting`` ends with number count - 1."""
        for number in cuts:
            index = number - _AROUND
            if 1 <= index < count:
                waiting[index - count].starts_shot = True
                self.count += 1


class _Changes:
    """PySceneDetect's detector, fed frame by frame and asked where it saw cuts."""

    def __init__(self, threshold: float) -> None:
        package = _import_scenedetect()
        self._timecode = package.FrameTimecode
        self._detector = package.AdaptiveDetector(
            adaptive_threshold=threshold,
            min_scene_len=1,
            window_width=_AROUND,
            min_content_val=_LEAST_CHANGE,
        )
        self.fed = 0

    def feed(self, frame: Frame) -> list[int]:
        """Show the next frame; the numbers of the frames before which there are cuts."""
        now = self._timecode(self.fed, fps=25.0)  # any rate: it counts frames here
        self.fed += 1
        return [int(cut.frame_num) for cut in self._detector.process_frame(now, frame.thumbnail)]


class ListedCuts(CutMarker):
    """Cuts from a text file, one per line: where the new shot begins.

    A whole number is a frame number, the video's first frame being 0. Anything with a point or a
    colon is a time since that first frame: ``12.5``, ``1:02.5`` or ``01:01:02.5``; the shot begins
    with the first frame at that time or later. Empty lines and what follows a ``#`` are ignored.

    Args:
        path: the file.

    Raises:
        InputError: the file cannot be read, or a line is no frame number and no time.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: the cut list cannot be read: {reason(error)}") from error
        self._numbers: set[int] = set()
        times: set[Fraction] = set()
        for line, entry in enumerate(text.splitlines(), start=1):
            entry = entry.partition("#")[0].strip()
            if not entry:
                continue
            if entry.isdecimal():
                self._numbers.add(int(entry))
            else:
                times.add(self._time(entry, line))
        if 0 in self._numbers:
            raise InputError(f"{path}: frame 0 is the first of all; there is nothing to cut before")
        self._times = sorted(times)

    def mark(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """See :meth:`CutMarker.mark`."""
        self.count = 0
        numbers, times = set(self._numbers), deque(self._times)
        origin: Fraction | None = None
        for index, frame in enumerate(frames):
            origin = frame.pts if origin is None else origin
            listed = index in numbers
            numbers.discard(index)
            while times and times[0] - _HALF_MILLISECOND <= frame.pts - origin:
                times.popleft()
                listed = listed or index > 0
            frame.starts_shot = listed
            self.count += listed
            yield frame
        beyond = len(numbers) + len(times)
        if beyond:
            self.notes = (f"{beyond} cut(s) of {self._path.name} lie beyond the end of the video",)

    def _time(self, entry: str, line: int) -> Fraction:
        match = _CLOCK.fullmatch(entry)
        if match is None or (match[2] and Fraction(match[3]) >= 60):
            raise InputError(
                f"{self._path}: line {line} is {entry!r}, neither a frame number (75) nor a time "
                "(3.0 or 00:00:03.0)"
            )
        hours, minutes, seconds = (Fraction(part or 0) for part in match.groups())
        return 3600 * hours + 60 * minutes + seconds


def _chain(first: Iterable[Frame], rest: Iterable[Frame]) -> Iterator[Frame]:
    yield from first
    yield from rest


def _import_scenedetect() -> Any:
    try:
        import scenedetect
    except ImportError as error:
        raise MissingDependency(
            "finding scene cuts needs PySceneDetect 0.7 or later, which is not installed; run: "
            "pip install vfiblocks[video], or turn cut detection off"
        ) from error
    return scenedetect

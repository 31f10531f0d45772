"""Any frames of a video, the very ones that reading from its beginning would give."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lift15.data.sources.video_index import VideoIndex
from vfiblocks.errors import VideoError
from vfiblocks.video import Frame, VideoFile
from vfiblocks.video.survey import checksum

_WORTH_SEEKING = 10
"""Frames that are decoded and dropped rather than sought over: opening a file again and seeking
takes as long as decoding about so many (benchmarks/data_path.py)."""


class _Numbered(NamedTuple):
    number: int
    frame: Frame


class VideoReader:
    """Reads frames by number, seeking where that pays; quickest in order.

    Seeking is not trusted. After it a decoder may start with pictures whose references it has never
    seen, and containers may lead elsewhere. So time and samples of each frame that is handed out
    are compared with what was seen when the video was indexed; where they differ, reading starts
    from an earlier key frame, and in the end from the beginning.

    Args:
        path: the video.
        index: what was seen of it.

    Raises:
        VideoError: the video cannot be opened.

    Attributes:
        restarts: how often a frame was not found where seeking led.
    """

    def __init__(self, path: Path, index: VideoIndex) -> None:
        self.restarts = 0
        self._index = index
        self._video = VideoFile(path)
        self._running: Iterator[_Numbered] | None = None
        self._next = 0

    def frame(self, number: int) -> Frame:
        """A frame by its number.

        Raises:
            VideoError: decoding fails, or the video is not the one that was indexed.
        """
        if self._running is not None and self._near(number):
            frame = self._tried(number)
            if frame is not None:
                return frame
        for start in self._starts(number):
            self.pause()
            self._running = self._from(start)
            frame = self._tried(number)
            if frame is not None:
                return frame
        return self._counted(number)

    def pause(self) -> None:
        """Close the file; the next frame opens it again."""
        self._running = None
        self._video.close()

    def _tried(self, number: int) -> Frame | None:
        """A frame of the reading under way, if it comes and is the right one."""
        # A decoder that stumbles over what it has not seen is no reason to give up
        with suppress(VideoError):
            frame = self._advance(number)
            if frame is not None and self._is_right(number, frame):
                return frame
        self.restarts += 1
        return None

    def _near(self, number: int) -> bool:
        """Whether to go on from here rather than to seek."""
        key = self._key(number)
        return self._next <= number and (key <= self._next or number - self._next <= _WORTH_SEEKING)

    def _starts(self, number: int) -> Iterator[int]:
        """Where to seek to: the key frame at or before a frame, then the one before that."""
        key = self._key(number)
        if key > 0:
            yield key
            earlier = self._key(key - 1)
            if earlier > 0:
                yield earlier

    def _key(self, number: int) -> int:
        keys = self._index.keys
        place = bisect.bisect_right(keys, number)
        return keys[place - 1] if place else 0

    def _from(self, start: int) -> Iterator[_Numbered]:
        """Frames from about ``start`` on, known by their times."""
        index = self._index
        for frame in self._video.frames_near(index.time(start)):
            number = index.number(frame.pts)
            if number is not None:
                yield _Numbered(number, frame)

    def _advance(self, number: int) -> Frame | None:
        """Decode up to a frame; None if it does not come."""
        assert self._running is not None
        for seen in self._running:
            self._next = seen.number + 1
            if seen.number >= number:
                return seen.frame if seen.number == number else None
        return None

    def _counted(self, number: int) -> Frame:
        """The last resort: count from the first frame."""
        self.pause()
        self._running = (_Numbered(*pair) for pair in enumerate(self._video))
        self._next = 0
        frame = self._advance(number)
        if frame is None or not self._is_right(number, frame):
            raise VideoError(
                f"{self._video.path}: the frame is not what it was when the video was indexed; the "
                "file has changed since, or is decoded differently from run to run"
            )
        return frame

    def _is_right(self, number: int, frame: Frame) -> bool:
        index = self._index
        return frame.pts == index.time(number) and checksum(frame) == index.checksums[number]

"""Some frames from the middle of a video, found by seeking where that can be trusted.

After a seek a decoder may start with pictures whose references it has never seen, and time stamps
may be those of other frames. So each frame is compared with what was seen when the whole video was
looked through. Where one differs, the video is read from its beginning: slow, and right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from vfiblocks.errors import VideoError
from vfiblocks.video.base import Source
from vfiblocks.video.frame import Frame
from vfiblocks.video.survey import Survey, checksum

_NEAR = 250  # frames that are decoded and dropped rather than sought over


class _Seen(NamedTuple):
    number: int
    frame: Frame


class SectionReader:
    """Reads sections of a source; quickest in order, since it goes on where it stopped.

    Args:
        source: the video.
        survey: what was seen of it.
        keep: how many frames are kept for the next section, which may overlap the one before.

    Attributes:
        restarts: how often the source had to be read from its beginning although it was sought.
    """

    def __init__(self, source: Source, survey: Survey, *, keep: int) -> None:
        self.restarts = 0
        self._source = source
        self._survey = survey
        self._recent: deque[_Seen] = deque(maxlen=keep)
        self._running: Iterator[_Seen] | None = None
        self._next = 0

    def frames(self, first: int, stop: int) -> Iterator[Frame]:
        """Those of the frames that take part which lie between two positions.

        Args:
            first: position of the first among the frames that take part.
            stop: one beyond the last.

        Yields:
            Frames that were never handed out before, cuts and repeats marked.

        Raises:
            VideoError: the source cannot be read, or is not the one that was looked through.
        """
        survey = self._survey
        wanted = {survey.kept[position]: position for position in range(first, stop)}
        for number, seen in self._numbered(survey.kept[first], survey.kept[stop - 1] + 1):
            position = wanted.get(number)
            if position is None:
                continue
            # What is cached by frame must not depend on which section was made before
            frame = _anew(seen)
            frame.starts_shot = number in survey.shots
            frame.repeats = survey.repeats_of(position)
            yield frame

    def _numbered(self, first: int, stop: int) -> Iterator[_Seen]:
        kept = [seen for seen in self._recent if first <= seen.number < stop]
        oldest = self._recent[0].number if self._recent else self._next
        if self._running is None or not oldest <= first <= self._next + _NEAR:
            kept = []
            self._recent.clear()
            self._running = self._sought(first)
            self._next = first
        yield from kept
        while self._next < stop:
            seen = next(self._running)
            self._recent.append(seen)
            self._next = seen.number + 1
            if seen.number >= first:
                yield seen

    def _sought(self, first: int) -> Iterator[_Seen]:
        """Frames from number ``first`` on, each of them as it was seen."""
        survey = self._survey
        number = first
        if first:
            # A decoder that stumbles over what it has not seen is no reason to give up
            with suppress(VideoError):
                for frame in self._source.frames_near(survey.times[first]):
                    if number == first and frame.pts < survey.times[first]:
                        continue
                    if number == len(survey.times) or not self._is_right(number, frame):
                        break
                    yield _Seen(number, frame)
                    number += 1
            if number == len(survey.times):
                return
            self.restarts += 1
        count = -1
        for count, frame in enumerate(self._source):
            if count < number:
                continue
            if count == len(survey.times):
                return
            if not self._is_right(count, frame):
                raise VideoError(
                    f"{self._source.path}: frame {count} is not what it was when the video was "
                    "looked through; the file has changed, or another version of FFmpeg decodes "
                    "it differently: start again without what was done so far"
                )
            yield _Seen(count, frame)
        if count + 1 < len(survey.times):
            raise VideoError(
                f"{self._source.path}: ends after {count + 1} frames, but {len(survey.times)} were "
                "seen when the video was looked through; the file has changed: start again "
                "without what was done so far"
            )

    def _is_right(self, number: int, frame: Frame) -> bool:
        survey = self._survey
        known = survey.checksums[number]
        return frame.pts == survey.times[number] and (not known or checksum(frame) == known)


def _anew(seen: Frame) -> Frame:
    if seen.picture is not None:
        return Frame(seen.pts, picture=seen.picture)
    return Frame(seen.pts, rgb=seen.rgb, alpha=seen.alpha, bits=seen.bits)

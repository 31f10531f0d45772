"""A video at another frame rate, read like any other source."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice

import torch

from vfiblocks.errors import InputError
from vfiblocks.video.base import Source
from vfiblocks.video.cuts import CutMarker
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.pipeline import read_ahead
from vfiblocks.video.repeats import RepeatFilter
from vfiblocks.video.sections import SectionReader
from vfiblocks.video.segments import Segment
from vfiblocks.video.survey import Survey, survey_frames
from vfiblocks.video.timeline import EqualParts, Timeline, rounding_of
from vfiblocks.video.upsample import FrameMaker, Part, upsample


class UpsampledVideo(Source):
    """The frames of a video and new ones between them, made while they are read.

    It is a source itself: its ``info`` is that of the output, and :func:`convert_video
    <vfiblocks.video.convert.convert_video>` only has to write what comes out. Memory is constant:
    ``left + right`` frames, four more read ahead, two more to find cuts, five more to find repeats.

    Args:
        source: frames in order of time; closed together with this.
        make_frames: makes the frames of one gap.
        timeline: which moments are shown; twice the frame rate unless given.
        left: how many neighbours before each gap ``make_frames`` sees.
        right: how many after it.
        cuts: finds the cuts, across which nothing is made; None to make frames everywhere.
        dedupe: leave out frames that repeat the one before, and make their moments anew.
        longest_repeat: so many repeats in a row are left out at most.
        limit: read no more than so many source frames.
        seconds: read no more than so many seconds of the source, two frames at least.
        device: where ``make_frames`` wants its tensors.

    Raises:
        InputError: an option is out of range.

    Attributes:
        frames_in: source frames read so far.
        duration_in: seconds from the first to the last of them.
        cuts: cuts found so far.
        repeats: repeated frames found so far; without ``dedupe`` they are counted only where cuts
            are looked for, since both need the same small pictures.
    """

    def __init__(
        self,
        source: Source,
        make_frames: FrameMaker,
        *,
        timeline: Timeline | None = None,
        left: int = 1,
        right: int = 1,
        cuts: CutMarker | None = None,
        dedupe: bool = False,
        longest_repeat: int = 3,
        limit: int | None = None,
        seconds: Fraction | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if limit is not None and limit < 2:
            raise InputError(f"a limit below two frames leaves nothing to interpolate, got {limit}")
        if seconds is not None and seconds <= 0:
            raise InputError(f"a preview must be longer than 0 seconds, got {float(seconds):g}")
        self.path = source.path
        self.is_whole = limit is None and seconds is None
        self.timeline = timeline or EqualParts(2)
        self._source = source
        self._marker = cuts
        self._dedupe = dedupe
        self._longest_repeat = longest_repeat
        self._limit = limit
        self._seconds = seconds
        self.left, self.right = left, right
        self._upsample = partial(
            upsample,
            make_frames=make_frames,
            timeline=self.timeline,
            left=left,
            right=right,
            rounding=rounding_of(source.info),
            device=device,
        )
        self._upsample(())  # complains about its options now rather than in the middle
        self._running: list[Generator[Frame]] = []
        self.info = self._describe()
        self.notes = source.notes
        self._reset()

    @property
    def source_info(self) -> VideoInfo:
        """What is known of the source."""
        return self._source.info

    @property
    def description(self) -> dict[str, int | bool | str | None]:
        """What decides which frames are read and what is seen around each gap, by plain names."""
        return {
            "left": self.left,
            "right": self.right,
            "dedupe": self._dedupe,
            "longest repeat": self._longest_repeat,
            "limit": self._limit,
            "seconds": None if self._seconds is None else str(self._seconds),
        }

    def __iter__(self) -> Iterator[Frame]:
        frames = self._frames()
        self._running.append(frames)
        return frames

    def close(self) -> None:
        """Close the source; iterations under way end."""
        while self._running:
            self._running.pop().close()
        self._source.close()

    def survey(self) -> Survey:
        """Look at every source frame that would be read, without making any."""
        self._reset()
        repeats = self._repeat_filter()
        found = survey_frames(self._read(), lambda frames: self._looked_at(frames, repeats))
        self._count(repeats)
        return replace(found, repeats=repeats.count, notes=tuple(self._remarks()))

    def reader(self, survey: Survey) -> SectionReader:
        """Reads what segments need; keeps what two neighbouring ones share, repeats included."""
        keep = (self.left + self.right) * (1 + self._longest_repeat)
        return SectionReader(self._source, survey, keep=keep)

    def part(self, segment: Segment, reader: SectionReader, survey: Survey) -> Iterator[Frame]:
        """The frames of one segment, as they are within the whole.

        Args:
            segment: from :func:`~vfiblocks.video.segments.plan_segments`.
            reader: from :meth:`reader`; one serves many segments.
            survey: from :meth:`survey`.
        """
        first, stop = segment.context(survey, self.left, self.right)
        shown = Part(
            origin=survey.time(0),
            skip=segment.first - first,
            gaps=segment.stop - segment.first,
            ends=segment.is_last,
        )
        return self._upsample(reader.frames(first, stop), part=shown)

    def _reset(self) -> None:
        self.frames_in = self.cuts = self.repeats = 0
        self.duration_in = Fraction(0)

    def _frames(self) -> Generator[Frame]:
        self._reset()
        repeats = self._repeat_filter()
        # Decoding goes on ahead while frames are made
        with closing(read_ahead(self._looked_at(self._read(), repeats))) as frames:
            for frame in self._upsample(frames):
                self._count(repeats)
                yield frame
        self.notes = (*self._source.notes, *self._remarks())

    def _repeat_filter(self) -> RepeatFilter:
        return RepeatFilter(drop=self._dedupe, longest=self._longest_repeat)

    def _looked_at(self, frames: Iterator[Frame], repeats: RepeatFilter) -> Iterator[Frame]:
        """The frames that take part, cuts marked and repeats noted."""
        if self._marker is not None:
            frames = self._marker.mark(frames)
        if self._dedupe or self._marker is not None:
            frames = repeats.filter(frames)
        return frames

    def _count(self, repeats: RepeatFilter) -> None:
        self.cuts = self._marker.count if self._marker is not None else 0
        self.repeats = repeats.count

    def _read(self) -> Iterator[Frame]:
        first: Fraction | None = None
        for frame in islice(self._source, self._limit):
            first = frame.pts if first is None else first
            past = frame.pts - first
            if self._seconds is not None and past >= self._seconds and self.frames_in > 1:
                return
            self.frames_in += 1
            self.duration_in = past
            yield frame

    def _remarks(self) -> Iterator[str]:
        if self._marker is not None:
            yield from self._marker.notes
        if self.cuts:
            yield f"{self.cuts} cut(s) found: nothing is made across them"
        if self.repeats and self._dedupe:
            yield f"{self.repeats} of {self.frames_in} frames repeat the one before: made anew"
        elif self.repeats:
            yield (
                f"{self.repeats} of {self.frames_in} frames seem to repeat the one before and were "
                "kept; dedupe makes them anew"
            )

    def _describe(self) -> VideoInfo:
        info = self._source.info
        frames = info.frames
        if frames is not None and self._limit is not None:
            frames = min(frames, self._limit)
        if frames is not None and self._seconds is not None:
            frames = min(frames, max(2, math.ceil(self._seconds * info.rate)))
        slow_motion = self.timeline.slow_motion
        return replace(
            info,
            rate=self.timeline.rate(info),
            time_base=self.timeline.time_base(info),
            frames=None if frames is None else self.timeline.expected(info, max(frames, 1)),
            duration=None if info.duration is None else info.duration * slow_motion,
        )

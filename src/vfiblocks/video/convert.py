"""A video in, the same video at a higher frame rate out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import torch

from vfiblocks.errors import InputError
from vfiblocks.video.base import Source
from vfiblocks.video.frame import Frame
from vfiblocks.video.sink import open_sink
from vfiblocks.video.source import open_source
from vfiblocks.video.upsample import FrameMaker, upsample


@dataclass(frozen=True)
class Report:
    """What a conversion did.

    Args:
        frames_in: source frames read.
        frames_out: frames written, source and made.
        duration_in: seconds from the first to the last source frame.
        duration_out: seconds from the first to the last frame written; the same.
        rate: frames per second of the output; for a variable rate what the source's file states
            as its average, times the factor.
        audio_packets: audio packets copied.
        notes: what a user should know, in plain sentences.
    """

    frames_in: int
    frames_out: int
    duration_in: Fraction
    duration_out: Fraction
    rate: Fraction
    audio_packets: int = 0
    notes: tuple[str, ...] = ()


def interpolate_video(
    input: str | Path,
    output: str | Path,
    make_frame: FrameMaker,
    *,
    factor: int = 2,
    left: int = 1,
    right: int = 1,
    device: torch.device | str = "cpu",
    overwrite: bool = False,
    limit: int | None = None,
    rate: Fraction | int | None = None,
    codec: str | None = None,
    crf: int | None = None,
    preset: str = "medium",
    pix_fmt: str | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Multiply the frame rate of a video file or a folder of images.

    Source frames stay where they are and are not passed through RGB where the output has their
    pixel format. Size, pixel shape, rotation and colour tags are copied, sound and subtitles too,
    packet by packet. The output appears when it is complete, or not at all.

    Args:
        input: a video file or a folder of images.
        output: a video file (.mp4, .mkv, .mov, .webm), or a name without a suffix for a folder of
            PNG images.
        make_frame: makes one frame; see :class:`~vfiblocks.video.upsample.FrameMaker`.
        factor: how many times the frame rate, 2 or more.
        left: how many neighbours before each gap ``make_frame`` sees.
        right: how many after it.
        device: where ``make_frame`` wants its tensors.
        overwrite: whether an existing output is replaced once the new one is complete.
        limit: read no more than so many source frames, for a preview.
        rate: frames per second of a folder of images, 25 unless said.
        codec: see :func:`~vfiblocks.video.encoding.choose_encoding`; so are the three below.
        crf: constant quality, lower is better.
        preset: speed against size.
        pix_fmt: pixel format of the output.
        on_progress: called with the frames written so far and an estimate of how many there will
            be, None where there is none.

    Raises:
        InputError: an option is out of range, or ``make_frame`` returned another shape.
        VideoError: the input cannot be read or has fewer than two frames, or the output cannot be
            written; nothing is left behind, and an older output stays as it was.
        MissingDependency: PyAV is not installed.
    """
    if limit is not None and limit < 2:
        raise InputError(f"a limit below two frames leaves nothing to interpolate, got {limit}")
    with open_source(input, rate=rate) as source:
        counted = _Counted(source, limit)
        made = upsample(counted, make_frame, factor=factor, left=left, right=right, device=device)
        expected = _expected_frames(source, limit, factor)
        with open_sink(
            output,
            source,
            factor=factor,
            overwrite=overwrite,
            copy_whole=limit is None,
            codec=codec,
            crf=crf,
            preset=preset,
            pix_fmt=pix_fmt,
        ) as sink:
            for frame in made:
                sink.write(frame)
                if on_progress is not None:
                    on_progress(sink.frames, expected)
        assert sink.first_pts is not None  # a sink without frames is not committed
        assert sink.last_pts is not None
        return Report(
            frames_in=counted.frames,
            frames_out=sink.frames,
            duration_in=counted.duration,
            duration_out=sink.last_pts - sink.first_pts,
            rate=source.info.rate * factor,
            audio_packets=sink.audio_packets,
            notes=source.notes + sink.notes,
        )


class _Counted:
    """A source, its first frames only, that remembers how many it gave and over what time."""

    def __init__(self, source: Source, limit: int | None) -> None:
        self._source = source
        self._limit = limit
        self.frames = 0
        self.duration = Fraction(0)

    def __iter__(self) -> Iterator[Frame]:
        first: Fraction | None = None
        for frame in islice(self._source, self._limit):
            first = frame.pts if first is None else first
            self.frames += 1
            self.duration = frame.pts - first
            yield frame


def _expected_frames(source: Source, limit: int | None, factor: int) -> int | None:
    frames = source.info.frames
    if frames is None:
        return None
    frames = frames if limit is None else min(frames, limit)
    return factor * (frames - 1) + 1

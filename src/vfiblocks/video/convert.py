"""A video in, the same video at another frame rate out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch

from vfiblocks.video.cuts import CutMarker
from vfiblocks.video.frame import Frame
from vfiblocks.video.pipeline import write_behind
from vfiblocks.video.sink import open_sink
from vfiblocks.video.source import open_source
from vfiblocks.video.timeline import choose_timeline
from vfiblocks.video.upsample import FrameMaker
from vfiblocks.video.upsampled import UpsampledVideo


@dataclass(frozen=True)
class Report:
    """What a conversion did.

    Args:
        frames_in: source frames read.
        frames_out: frames written, source and made.
        duration_in: seconds from the first to the last source frame.
        duration_out: seconds from the first to the last frame written. The same, times the slow
            motion; at a steady rate up to one frame less.
        rate: frames per second of the output; for a variable rate what the source's file states
            as its average, times the factor.
        audio_packets: audio packets copied.
        cuts: scene cuts found, across which nothing was made.
        repeats: source frames found to repeat the one before.
        notes: what a user should know, in plain sentences.
    """

    frames_in: int
    frames_out: int
    duration_in: Fraction
    duration_out: Fraction
    rate: Fraction
    audio_packets: int = 0
    cuts: int = 0
    repeats: int = 0
    notes: tuple[str, ...] = ()


def convert_video(
    input: str | Path,
    output: str | Path,
    make_frames: FrameMaker,
    *,
    factor: int | None = None,
    fps: Fraction | int | None = None,
    slow_motion: Fraction | int = 1,
    left: int = 1,
    right: int = 1,
    cuts: CutMarker | None = None,
    dedupe: bool = False,
    device: torch.device | str = "cpu",
    overwrite: bool = False,
    limit: int | None = None,
    seconds: Fraction | int | None = None,
    rate: Fraction | int | None = None,
    audio: str | None = None,
    codec: str | None = None,
    crf: int | None = None,
    preset: str | None = None,
    pix_fmt: str | None = None,
    image_format: str | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Write a video file or a folder of images at another frame rate.

    Source frames that are shown are not passed through RGB where the output has their pixel
    format. Size, pixel shape, rotation and colour tags are copied, sound and subtitles too, packet
    by packet. The output appears when it is complete, or not at all.

    Args:
        input: a video file or a folder of images.
        output: a video file (.mp4, .mkv, .mov, .webm), or a name without a suffix for a folder of
            PNG images.
        make_frames: makes the frames of one gap; see :class:`~vfiblocks.video.upsample.FrameMaker`.
        factor: how many times the frame rate, 2 unless said; every source frame is kept.
        fps: a constant frame rate instead, exact.
        slow_motion: how many times slower the output plays; without ``factor`` and ``fps`` at the
            frame rate of the source.
        left: how many neighbours before each gap ``make_frames`` sees.
        right: how many after it.
        cuts: finds scene cuts, across which nothing is made.
        dedupe: leave out repeated frames and make their moments anew.
        device: where ``make_frames`` wants its tensors.
        overwrite: whether an existing output is replaced once the new one is complete.
        limit: read no more than so many source frames.
        seconds: read no more than so many seconds of the source, for a preview.
        rate: frames per second of a folder of images, 25 unless said.
        audio: "keep" copies sound, "drop" leaves it out, "stretch" slows it down at its pitch;
            unless said it is kept, and left out in slow motion.
        codec: see :func:`~vfiblocks.video.sink.open_sink`; so are the four below.
        crf: constant quality, lower is better.
        preset: speed against size.
        pix_fmt: pixel format of the output.
        image_format: of a folder of images.
        on_progress: called with the frames written so far and an estimate of how many there will
            be, None where there is none.

    Raises:
        InputError: an option is out of range, or ``make_frames`` returned another shape.
        VideoError: the input cannot be read or has fewer than two frames, or the output cannot be
            written; nothing is left behind, and an older output stays as it was.
        MissingDependency: PyAV is not installed.
    """
    with open_source(input, rate=rate) as source:
        timeline = choose_timeline(
            source.info,
            factor=factor,
            fps=None if fps is None else Fraction(fps),
            slow_motion=Fraction(slow_motion),
        )
        video = UpsampledVideo(
            source,
            make_frames,
            timeline=timeline,
            left=left,
            right=right,
            cuts=cuts,
            dedupe=dedupe,
            limit=limit,
            seconds=None if seconds is None else Fraction(seconds),
            device=device,
        )
        return save_video(
            video,
            output,
            audio=audio,
            overwrite=overwrite,
            codec=codec,
            crf=crf,
            preset=preset,
            pix_fmt=pix_fmt,
            image_format=image_format,
            on_progress=on_progress,
        )


def save_video(
    video: UpsampledVideo,
    output: str | Path,
    *,
    audio: str | None = None,
    overwrite: bool = False,
    codec: str | None = None,
    crf: int | None = None,
    preset: str | None = None,
    pix_fmt: str | None = None,
    image_format: str | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Write every frame of an upsampled video; the options are those of :func:`convert_video`.

    Raises:
        InputError: for an ``audio`` that is unknown or does not go with slow motion.
        VideoError: the input cannot be read, or the output cannot be written.
    """
    # The only place where wishes about the output reach it
    sink = open_sink(
        output,
        video,
        rate=video.info.rate,
        time_base=video.info.time_base,
        slowdown=video.timeline.slow_motion,
        audio=audio,
        overwrite=overwrite,
        copy_whole=video.is_whole,
        codec=codec,
        crf=crf,
        preset=preset,
        pix_fmt=pix_fmt,
        image_format=image_format,
    )

    def write(frame: Frame) -> None:
        sink.write(frame)
        if on_progress is not None:
            on_progress(sink.frames, video.info.frames)

    # Encoding goes on behind while the next frame is made
    with sink, write_behind(write) as put:
        for frame in video:
            put(frame)
    assert sink.first_pts is not None  # a sink without frames is not committed
    assert sink.last_pts is not None
    return Report(
        frames_in=video.frames_in,
        frames_out=sink.frames,
        duration_in=video.duration_in,
        duration_out=sink.last_pts - sink.first_pts,
        rate=video.info.rate,
        audio_packets=sink.audio_packets,
        cuts=video.cuts,
        repeats=video.repeats,
        notes=(*video.notes, *sink.notes),
    )

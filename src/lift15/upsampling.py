"""A video at another frame rate: its frames one by one, or written to a file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from lift15.making import DEFAULT, choose_tile, device_of, frame_maker, load_model, reach
from lift15.recursion import is_reachable
from vfiblocks import Interpolator
from vfiblocks.errors import InputError
from vfiblocks.video import (
    CutMarker,
    DetectedCuts,
    EqualParts,
    ListedCuts,
    Report,
    Source,
    Timeline,
    UpsampledVideo,
    VideoInfo,
    choose_timeline,
    open_source,
    save_video,
)
from vfiblocks.video.cuts import DEFAULT_CUT_THRESHOLD


def check_factor(model: Interpolator, factor: int) -> None:
    """Refuse a factor the model cannot make, before any work is done.

    Raises:
        InputError: for a factor below two, or one that needs times the model does not know.
    """
    if factor < 2:
        raise InputError(f"the factor must be 2 or more, got {factor}")
    if not model.flow.any_time and not is_reachable(factor):
        raise InputError(
            f"flow '{model.spec.flow.name}' as built here makes midpoints only; midpoints of "
            f"midpoints give factors 2, 4, 8, ..., not {factor}; use one of these, or a model with "
            "arbitrary time such as 'rife-m'"
        )


def check_timeline(model: Interpolator, timeline: Timeline, info: VideoInfo) -> None:
    """Refuse moments the model cannot make, as far as the source's average rate tells.

    Raises:
        InputError: for moments other than halves, quarters, eighths, ... with a model that knows
            the midpoint only.
    """
    parts = timeline.rate(info) * timeline.slow_motion / info.rate  # per gap
    if model.flow.any_time or is_reachable(parts):
        return
    if isinstance(timeline, EqualParts):
        check_factor(model, timeline.factor)
    raise InputError(
        f"flow '{model.spec.flow.name}' as built here makes midpoints only, but "
        f"{_words(timeline.rate(info))} frames/s from {_words(info.rate)} need moments elsewhere; "
        f"choose 2, 4, 8, ... times {_words(info.rate)}, or a model with arbitrary time such as "
        "'rife-m'"
    )


def interpolate_video(
    source: str | Path | Source,
    *,
    model: str | Path | Interpolator = DEFAULT,
    factor: int | None = None,
    fps: Fraction | float | str | None = None,
    keep_timestamps: bool = False,
    slow_motion: Fraction | float | str = 1,
    cuts: str | Path | CutMarker = "auto",
    cut_threshold: float = DEFAULT_CUT_THRESHOLD,
    dedupe: bool = False,
    limit: int | None = None,
    seconds: Fraction | float | str | None = None,
    device: str = "auto",
    precision: str = "float32",
    tile: str | None = None,
    max_memory: str | None = None,
) -> UpsampledVideo:
    """The frames of a video at another frame rate, made while they are read.

    ::

        from lift15 import interpolate_video

        for frame in interpolate_video("in.mp4", model="classical", fps=60):
            frame.pts, frame.rgb, frame.numpy()

    Args:
        source: a video file, a folder of pictures, or an open source; closed with the result.
        model: a model, or what :func:`vfiblocks.build_model` takes.
        factor: frames out per frame in; 2 unless ``fps`` or ``slow_motion`` is given.
        fps: a constant frame rate; exact as a fraction, ``"60000/1001"``.
        keep_timestamps: insist on the source's own times, so that no other option changes them.
        slow_motion: how many times slower the result plays.
        cuts: "auto" finds scene cuts, "off" does not; otherwise a file that lists them, see
            :class:`vfiblocks.video.ListedCuts`.
        cut_threshold: for "auto", see :class:`vfiblocks.video.DetectedCuts`.
        dedupe: leave out repeated frames and make their moments anew.
        limit: read no more than so many source frames.
        seconds: read no more than so many seconds of the source.
        device: where a named model runs.
        precision: "float32", "bfloat16" or "float16", see :func:`frame_maker`.
        tile: work in tiles of this height x width, such as "512x768".
        max_memory: work in tiles if the model would need more than this, such as "4GB".

    Raises:
        InputError: an option is out of range, or the model does not know the moments asked for.
        VideoError: the source cannot be read.
        MissingDependency: PyAV or PySceneDetect is not installed.
    """
    if not isinstance(model, Interpolator):
        model = load_model(model, device=device)
    rate = None if fps is None else exact(fps, "the frame rate")
    slower = exact(slow_motion, "slow motion")
    preview = None if seconds is None else exact(seconds, "the preview")
    marker = cut_marker(cuts, cut_threshold)
    opened = source if isinstance(source, Source) else open_source(source)
    try:
        timeline = choose_timeline(
            opened.info,
            factor=factor,
            fps=rate,
            slow_motion=slower,
            keep_timestamps=keep_timestamps,
        )
        check_timeline(model, timeline, opened.info)
        left, right = reach(model)
        return UpsampledVideo(
            opened,
            frame_maker(
                model,
                precision=precision,
                tile=choose_tile(model, opened.info, tile=tile, max_memory=max_memory),
                keep="all" if max_memory is None else "least",
            ),
            timeline=timeline,
            left=left,
            right=right,
            cuts=marker,
            dedupe=dedupe,
            # Two repeats leave a gap of three parts, which midpoints do not reach
            longest_repeat=3 if model.flow.any_time else 1,
            limit=limit,
            seconds=preview,
            device=device_of(model),
        )
    except BaseException:
        opened.close()
        raise


def upsample_video(
    source: str | Path,
    target: str | Path,
    *,
    model: str | Path | Interpolator = DEFAULT,
    factor: int | None = None,
    fps: Fraction | float | str | None = None,
    keep_timestamps: bool = False,
    slow_motion: Fraction | float | str = 1,
    cuts: str | Path | CutMarker = "auto",
    cut_threshold: float = DEFAULT_CUT_THRESHOLD,
    dedupe: bool = False,
    limit: int | None = None,
    seconds: Fraction | float | str | None = None,
    audio: str | None = None,
    device: str = "auto",
    precision: str = "float32",
    tile: str | None = None,
    max_memory: str | None = None,
    overwrite: bool = False,
    codec: str | None = None,
    crf: int | None = None,
    preset: str | None = None,
    pix_fmt: str | None = None,
    image_format: str | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Write a video at another frame rate; audio and tags are kept.

    Args:
        source: a video file or a folder of pictures.
        target: the file or folder to write; appears only when it is whole.
        model: a model, or what :func:`vfiblocks.build_model` takes.
        factor: as for :func:`interpolate_video`; so are the eight below.
        fps: a constant frame rate.
        keep_timestamps: insist on the source's own times.
        slow_motion: how many times slower it plays.
        cuts: "auto", "off" or a file.
        cut_threshold: for "auto".
        dedupe: make repeated frames anew.
        limit: read no more than so many source frames.
        seconds: read no more than so many seconds.
        audio: "keep", "drop" or "stretch"; see :func:`vfiblocks.video.convert_video`.
        device: where a named model runs.
        precision: as for :func:`interpolate_video`; so are the two below.
        tile: height x width of tiles.
        max_memory: work in tiles if more would be needed.
        overwrite: replace ``target`` if it exists.
        codec: see :func:`vfiblocks.video.open_sink`; so are the four below.
        crf: constant quality of the encoder, lower is better; its default is close to lossless.
        preset: speed against size.
        pix_fmt: pixel format.
        image_format: of a folder.
        on_progress: called with frames written and their total, if that is known.

    Returns:
        What was read and written.
    """
    video = interpolate_video(
        source,
        model=model,
        factor=factor,
        fps=fps,
        keep_timestamps=keep_timestamps,
        slow_motion=slow_motion,
        cuts=cuts,
        cut_threshold=cut_threshold,
        dedupe=dedupe,
        limit=limit,
        seconds=seconds,
        device=device,
        precision=precision,
        tile=tile,
        max_memory=max_memory,
    )
    with video:
        return save_video(
            video,
            target,
            audio=audio,
            overwrite=overwrite,
            codec=codec,
            crf=crf,
            preset=preset,
            pix_fmt=pix_fmt,
            image_format=image_format,
            on_progress=on_progress,
        )


def cut_marker(cuts: str | Path | CutMarker, threshold: float) -> CutMarker | None:
    """The marker that "auto", "off" or the name of a list stands for.

    >>> cut_marker("off", 2.5) is None
    True
    """
    if isinstance(cuts, CutMarker):
        return cuts
    if cuts == "off":
        return None
    return DetectedCuts(threshold) if cuts == "auto" else ListedCuts(cuts)


def exact(value: Fraction | float | str, what: str) -> Fraction:
    """A number as it is written: 0.1 is a tenth, "60000/1001" is what it says.

    Raises:
        InputError: it is no number.

    Example:
        >>> exact("24000/1001", "the frame rate"), exact(0.1, "the preview")
        (Fraction(24000, 1001), Fraction(1, 10))
    """
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"{what} must be a number such as 60, 23.976 or 60000/1001, got {value!r}"
        ) from error


def _words(rate: Fraction) -> str:
    return str(rate) if rate.denominator in (1, 1001) else f"{float(rate):.3f}"

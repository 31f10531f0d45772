"""A video at another frame rate, as browsers show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from lift15.serve.jobs import Job
from lift15.serve.kinds import video_kind
from lift15.serve.limits import Limits
from lift15.serve.pairs import Pair, write_pairs
from lift15.upsampling import exact, upsample_video
from vfiblocks import Interpolator
from vfiblocks.errors import InputError
from vfiblocks.video import Report, choose_timeline, open_source

FACTORS = ("2x", "4x")
FPS = "frames/s"


@dataclass(frozen=True)
class Rate:
    """What becomes of the frame rate: so many times as high, or a number of frames per second.

    Example:
        >>> Rate.read("4x"), Rate.read(FPS, "59.94").words
        (Rate(factor=4, fps=None), '59.94fps')
    """

    factor: int | None = None
    fps: Fraction | None = None

    @classmethod
    def read(cls, choice: str, fps: str | None = None) -> Rate:
        """From what was chosen, one of :data:`FACTORS`, or :data:`FPS` with a number.

        Raises:
            InputError: it is no rate.
        """
        if choice in FACTORS:
            return cls(factor=int(choice[0]))
        if choice != FPS:
            raise InputError(f"the rate is {', '.join(FACTORS)} or {FPS}, got {choice!r}")
        rate = exact((fps or "").strip(), "the frame rate")
        if not 0 < rate <= 1000:
            raise InputError(f"the frame rate must lie between 0 and 1000, got {fps}")
        return cls(fps=rate)

    @property
    def words(self) -> str:
        """For the name of a file."""
        return f"{self.factor}x" if self.fps is None else f"{float(self.fps):g}fps"


@dataclass(frozen=True)
class MadeVideo:
    """What came out.

    Args:
        path: the video.
        plays: whether browsers show it; others are there to be saved.
        report: what was read and written.
        pairs: to compare, in order of time.
    """

    path: Path
    plays: bool
    report: Report
    pairs: list[Pair]


def make_video(
    source: Path,
    folder: Path,
    *,
    model: Interpolator,
    rate: Rate,
    limits: Limits,
    job: Job,
    on_progress: Callable[[int, int | None], None],
) -> MadeVideo:
    """Write a video at another rate as browsers show it: H.264 of 8 bits in MP4, its sound kept.

    Args:
        source: the video.
        folder: for what is made; empty.
        model: makes the frames.
        rate: that is wanted.
        limits: what is refused.
        job: asked after every frame whether to go on.
        on_progress: called with frames written and their total, if that is known.

    Raises:
        InputError: the video is beyond a limit, or the model cannot make that rate.
        VideoError: it cannot be read or written.
        Stopped: the job was.
    """
    limits.check_file(source)
    kind = video_kind(source)
    limits.check_size(kind.width, kind.height, source.name)  # before anything is decoded
    with open_source(source) as opened:
        info = opened.info
        timeline = choose_timeline(info, factor=rate.factor, fps=rate.fps)
        limits.check_video(info, timeline, source.name)
    # MP4 cannot hold every sound; then the video is for saving
    target = folder / f"{source.stem[:80]}-{rate.words}{'.mp4' if kind.fits_mp4 else '.mkv'}"

    def count(done: int, total: int | None) -> None:
        job.check()
        limits.check_frames(done)  # a header may have told less
        on_progress(done, total)

    even = info.width % 2 == 0 and info.height % 2 == 0  # which halved chroma needs
    report = upsample_video(
        source,
        target,
        model=model,
        factor=rate.factor,
        fps=rate.fps,
        codec="h264",
        pix_fmt="yuv420p" if even else "yuv444p",
        on_progress=count,
    )
    pairs = write_pairs(source, target, report.frames_out, folder, job)
    return MadeVideo(target, kind.fits_mp4, report, pairs)

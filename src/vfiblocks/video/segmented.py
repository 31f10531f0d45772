"""A conversion in segments that are kept: it goes on after a kill, and many machines can share it.

:class:`SegmentedVideo` makes segments, :func:`~vfiblocks.video.join.join_segments` puts them
together. Both work on a :class:`~vfiblocks.video.job.JobFolder` beside the output.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video.base import Sink, Source
from vfiblocks.video.file_sink import VideoFileSink
from vfiblocks.video.folder_sink import ImageFolderSink
from vfiblocks.video.frame import Frame
from vfiblocks.video.job import JobFolder, Receipt, remove
from vfiblocks.video.layouts import planar_layout
from vfiblocks.video.packet_file import keeps_alpha
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.pipeline import write_behind
from vfiblocks.video.segment_sink import SegmentSink
from vfiblocks.video.segments import FRAMES, Segment, plan_segments, segment_seconds, share
from vfiblocks.video.sink import open_sink
from vfiblocks.video.survey import Survey
from vfiblocks.video.upsampled import UpsampledVideo

_ENDS = 1 << 20  # bytes at each end of the source that are looked at


class SegmentedVideo:
    """An upsampled video that is written segment by segment.

    Args:
        video: the frames to be written.
        output: a video file, or a name without a suffix for a folder of images.
        identity: whatever else decides how frames look, such as the model; plain values by names
            for people. A job that was begun with other values is refused.
        audio: as for :func:`~vfiblocks.video.sink.open_sink`; so are the five below.
        overwrite: whether an existing output may be replaced in the end.
        codec: see there.
        crf: see there.
        preset: see there.
        pix_fmt: see there.
        image_format: see there.
        segment_frames: about how many output frames a segment has.

    Attributes:
        survey: what was seen of the source.
        segments: what it is cut into.
        finished_frames: frames that :meth:`missing` found finished.

    Raises:
        InputError: an option makes no sense.
        VideoError: the output exists or cannot be written that way, or what was begun for it
            differs from this.
    """

    def __init__(
        self,
        video: UpsampledVideo,
        output: str | Path,
        *,
        identity: Mapping[str, str | int | float | bool | None],
        audio: str | None = None,
        overwrite: bool = False,
        codec: str | None = None,
        crf: int | None = None,
        preset: str | None = None,
        pix_fmt: str | None = None,
        image_format: str | None = None,
        segment_frames: int = FRAMES,
    ) -> None:
        self.output = Path(output)
        self.folder = JobFolder(self.output)
        self._video = video
        self._seconds = segment_seconds(video.timeline, video.source_info, segment_frames)
        self._sink_options: dict[str, Any] = {
            "rate": str(video.info.rate),
            "time base": str(video.info.time_base),
            "slow motion": str(video.timeline.slow_motion),
            "audio": audio,
            "whole": video.is_whole,
            "codec": codec,
            "crf": crf,
            "preset": preset,
            "pix_fmt": pix_fmt,
            "image_format": image_format,
        }
        if str(output) == "-" or self.output.suffix.lower() == ".y4m":
            raise InputError(f"{output}: a stream cannot be made in segments; name another output")
        if not video.path.exists():
            raise InputError(
                f"{video.path}: can be read once only, and making segments takes more; store it in "
                "a file first"
            )
        if self.folder.joined() is None:
            check_output(self.output, video.path, overwrite=overwrite)
        options = {
            **self._sink_options,
            "timeline": str(video.timeline),
            **video.description,
            **identity,
            "segment_frames": segment_frames,
        }
        self._source = source_identity(video.path)
        place = {
            "source": str(video.path.absolute()),
            "rate": str(video.source_info.rate) if video.path.is_dir() else None,
            "sink": self._sink_options,
        }
        with self.folder.beginning({"source": self._source, "options": options}, place):
            # What the encoder, the container or the sound have against it is said now, not later
            self._model = open_described(self.folder, video, self._sink_options)
            self._model.abort()
            _check_alpha(self._model)
        self.survey, self.segments = self._plan()
        self.finished_frames = 0
        self._reader = video.reader(self.survey)

    @property
    def expected(self) -> int | None:
        """About how many frames there will be."""
        return self._video.info.frames

    def missing(self, shard: tuple[int, int] = (0, 1)) -> list[int]:
        """Numbers of the segments of one of several machines that are not finished.

        Damaged ones are removed, and have to be made again.
        """
        numbers = share(len(self.segments), shard)
        receipts = {number: self.folder.receipt(number) for number in numbers}
        self.finished_frames = sum(receipt.frames for receipt in receipts.values() if receipt)
        missing = [number for number, receipt in receipts.items() if receipt is None]
        for number in missing:
            if self.folder.is_finished(number):  # others may just be finishing the rest
                self.folder.discard(number)
        return missing

    def make(
        self,
        numbers: Iterable[int],
        *,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> int:
        """Make segments, one after the other.

        Args:
            numbers: which, best in order.
            on_progress: called with the frames finished so far, and an estimate of how many there
                will be.

        Returns:
            How many frames were made.

        Raises:
            VideoError: the source cannot be read or has changed, or writing fails. Segments that
                were finished before stay.
        """
        done = 0
        for number in numbers:
            before = self.finished_frames + done

            def tell(frames: int, before: int = before) -> None:
                if on_progress is not None:
                    on_progress(before + frames, self.expected)

            done += self._make_one(number, tell).frames
        if source_identity(self._video.path) != self._source:
            raise VideoError(
                f"{self._video.path}: has changed while it was read; remove {self.folder.path} "
                "and start again"
            )
        return done

    def _make_one(self, number: int, tell: Callable[[int], None]) -> Receipt:
        scratch = self.folder.scratch()
        frames = self._video.part(self.segments[number], self._reader, self.survey)
        first = next(frames, None)
        receipt = Receipt(0)  # a low rate may show nothing here
        try:
            if first is not None:
                sink = self._sink(scratch)

                def write(frame: Frame) -> None:
                    sink.write(frame)
                    tell(sink.frames)

                # Encoding goes on behind while the next frame is made
                with sink, write_behind(write) as put:
                    for frame in chain((first,), frames):
                        put(frame)
                notes = sink.notes if isinstance(sink, ImageFolderSink) else ()
                receipt = Receipt(sink.frames, str(sink.first_pts), str(sink.last_pts), notes)
            self.folder.finish(number, scratch, receipt)
        except BaseException:
            remove(scratch)
            raise
        return receipt

    def _sink(self, scratch: Path) -> Sink:
        model = self._model
        if isinstance(model, VideoFileSink):
            return SegmentSink(
                scratch,
                self._video.info,
                model.encoding,
                rate=self._video.info.rate,
                time_base=self._video.info.time_base,
            )
        assert isinstance(model, ImageFolderSink)
        image_format = self._sink_options["image_format"]
        return ImageFolderSink(scratch, self._video.info, image_format=image_format)

    def _plan(self) -> tuple[Survey, tuple[Segment, ...]]:
        """The plan of whoever came first, so that everybody sees the same cuts."""
        plan = self.folder.plan()
        if plan is None:
            survey = self._video.survey()
            segments = plan_segments(survey, self._seconds)
            plan = self.folder.publish_plan(
                {
                    "segments": [[segment.first, segment.stop] for segment in segments],
                    "survey": survey.to_dict(),
                }
            )
        survey = Survey.from_dict(plan["survey"])
        return survey, tuple(
            Segment(first, stop, is_last=stop == survey.gaps) for first, stop in plan["segments"]
        )


def open_described(folder: JobFolder, source: Source, options: Mapping[str, Any]) -> Sink:
    """The sink of a job, which writes into the job's folder under the name of the output.

    Raises:
        VideoError: it cannot be opened.
    """
    return open_sink(
        folder.path / folder.output.name,
        source,
        rate=Fraction(options["rate"]),
        time_base=Fraction(options["time base"]),
        slowdown=Fraction(options["slow motion"]),
        audio=options["audio"],
        overwrite=True,
        copy_whole=options["whole"],
        codec=options["codec"],
        crf=options["crf"],
        preset=options["preset"],
        pix_fmt=options["pix_fmt"],
        image_format=options["image_format"],
    )


def _check_alpha(sink: Sink) -> None:
    if not isinstance(sink, VideoFileSink) or keeps_alpha():
        return
    encoding = sink.encoding
    if encoding.codec.startswith("libvpx") and planar_layout(encoding.pix_fmt).alpha:
        raise VideoError(
            f"{sink.path}: segments of VP9 lose their opacity with this version of PyAV; update "
            "it (pip install -U av), or choose pix_fmt 'yuv420p' or codec 'ffv1'"
        )


def check_output(output: Path, source: Path, *, overwrite: bool) -> None:
    """Refuse an output that could not be given its name in the end.

    Raises:
        VideoError: it is the input, exists, or lies in no folder that can be written.
    """
    if output.exists() and source.exists() and output.samefile(source):
        raise VideoError(f"{output}: is the input itself; choose another name for the output")
    is_folder = not output.suffix or output.is_dir()
    PartialOutput(output, overwrite=overwrite, folder=is_folder).discard()


def source_identity(path: Path) -> dict[str, Any]:
    """By what a source is known again: its size, its time, and a checksum of its two ends.

    For a folder of images: names, sizes and times of its files.

    Raises:
        VideoError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
            for file in files:
                state = file.stat()
                digest.update(f"{file.name}\n{state.st_size}\n{state.st_mtime_ns}\n".encode())
            return {"files": len(files), "content": digest.hexdigest()}
        state = path.stat()
        with path.open("rb") as content:
            digest.update(content.read(_ENDS))
            content.seek(max(0, state.st_size - _ENDS))
            digest.update(content.read(_ENDS))
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror}") from error
    return {"size": state.st_size, "time": state.st_mtime_ns, "content": digest.hexdigest()}

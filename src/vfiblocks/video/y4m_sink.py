"""A YUV4MPEG2 stream as a sink for frames: standard output, or a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from vfiblocks.errors import VideoError
from vfiblocks.video._av import is_disk_full, reason
from vfiblocks.video.base import Sink
from vfiblocks.video.color import UNSPECIFIED
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import Layout, is_full_range, planar_layout
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.pixels import plane_samples
from vfiblocks.video.storing import Storing
from vfiblocks.video.y4m import FRAME, Y4M_FORMATS, Y4mHeader


class Y4mSink(Sink):
    """Writes frames as they come; standard output cannot be taken back when something fails.

    Args:
        path: a file; None for standard output.
        info: the source.
        rate: frames per second.
        pix_fmt: one of :data:`~vfiblocks.video.y4m.Y4M_FORMATS`; None for the source's own or
            the nearest.
        overwrite: whether an existing file is replaced when the new one is complete.
        stream: written to instead of standard output.

    Raises:
        VideoError: standard output is a terminal, the file exists or cannot be written, or the
            format is not known to YUV4MPEG2. While writing: the reader has gone, the disk is
            full, or frames do not follow each other at ``rate``.
    """

    def __init__(
        self,
        path: str | Path | None,
        info: VideoInfo,
        *,
        rate: Fraction,
        pix_fmt: str | None = None,
        overwrite: bool = False,
        stream: BinaryIO | None = None,
    ) -> None:
        self.path = Path("standard output") if path is None else Path(path)
        self.info = info
        self._rate = rate
        chosen = _format_for(info, pix_fmt, self.path)
        self._layout = planar_layout(chosen)
        # Nobody can be told of a matrix, so RGB takes the one that readers assume
        matrix = None if planar_layout(info.pix_fmt).kind == "yuv" else UNSPECIFIED
        self._storing = Storing(info, chosen, matrix=matrix)
        self._partial = None if path is None else PartialOutput(self.path, overwrite=overwrite)
        self._stream: BinaryIO | None = None
        self.notes = _notes(info, self._layout)
        # y4m without a word on range is read as limited by some and as full by others
        full = is_full_range(self._layout, self._storing.color_range)
        header = Y4mHeader(
            info.width,
            info.height,
            rate,
            chosen,
            info.sample_aspect_ratio,
            color_range=2 if full else 1,
        )
        try:
            with self._errors():
                if self._partial is not None:
                    self._stream = self._partial.path.open("wb", buffering=0)
                else:
                    self._stream = stream or _standard_output(self.path)
                self._put(header.line())
        except BaseException:
            self.abort()
            raise

    def _write(self, frame: Frame) -> None:
        if frame.size != (self.info.width, self.info.height):
            width, height = frame.size
            raise VideoError(
                f"{self.path}: a frame of {width}x{height} does not fit a video of "
                f"{self.info.width}x{self.info.height}"
            )
        start = frame.pts if self.first_pts is None else self.first_pts
        if abs((frame.pts - start) * self._rate - self.frames) > Fraction(1, 2):
            raise VideoError(
                f"{self.path}: YUV4MPEG2 has one steady rate, but frame {self.frames} is due at "
                f"{float(frame.pts):.6f} s and not at {float(start + self.frames / self._rate):.6f}"
                " s; choose a target rate"
            )
        picture = self._storing.picture(frame)
        planes = [plane_samples(plane, self._layout).tobytes() for plane in picture.planes]
        with self._errors():
            self._put(FRAME + b"\n" + b"".join(planes))

    def commit(self) -> None:
        """Give a file its name.

        Raises:
            VideoError: no frame was written, or the file cannot be renamed.
        """
        if not self.frames:
            raise VideoError(f"{self.path}: there are no frames to write")
        with self._errors():
            self._close()
        if self._partial is not None:
            self._partial.commit()

    def abort(self) -> None:
        """Remove a file; what went to standard output is gone."""
        try:
            self._close()
        finally:
            if self._partial is not None:
                self._partial.discard()

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None and self._partial is not None:
            stream.close()
        elif stream is not None and not stream.closed:
            stream.flush()

    def _put(self, data: bytes) -> None:
        assert self._stream is not None
        view = memoryview(data)
        while view:  # a pipe may take less than it is offered
            view = view[self._stream.write(view) or 0 :]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            raise VideoError(
                f"{self.path}: the program that reads it has ended, after {self.frames} frames"
            ) from error
        except OSError as error:
            what = "the disk is full" if is_disk_full(error) else reason(error)
            raise VideoError(
                f"{self.path}: cannot be written: {what}, after {self.frames} frames"
            ) from error


def _standard_output(path: Path) -> BinaryIO:
    """Standard output without Python's buffer, which would complain of a closed pipe at exit."""
    if sys.stdout is None or sys.stdout.isatty():
        raise VideoError(f"{path}: is a terminal; write: vfi interpolate ... -o - | other-program")
    sys.stdout.flush()
    return os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)


def _format_for(info: VideoInfo, wish: str | None, path: Path) -> str:
    if wish is not None:
        for name in (wish, f"{wish}le"):
            if name in Y4M_FORMATS:
                return name
        raise VideoError(f"{path}: YUV4MPEG2 has no {wish}; choose from {', '.join(Y4M_FORMATS)}")
    source = planar_layout(info.pix_fmt)
    bits = 16 if source.floating else source.bits
    if source.alpha and bits == 8:
        return "yuva444p"
    bits = 16 if source.kind == "gray" and bits == 14 else bits
    kind = "yuv" if source.kind == "gbr" else source.kind
    plain = replace(source, kind=kind, bits=bits, alpha=False, jpeg=False, floating=False)
    return plain.name


def _notes(info: VideoInfo, stored: Layout) -> tuple[str, ...]:
    source = planar_layout(info.pix_fmt)
    notes = []
    if info.audio_streams or info.subtitle_streams:
        notes.append("YUV4MPEG2 holds no sound and no subtitles: they are left out")
    if info.rotation:
        notes.append(f"YUV4MPEG2 has no turn: view it turned by {info.rotation:g} degrees")
    if source.alpha and not stored.alpha:
        notes.append("transparent pixels, if there are any, are laid over white")
    if source.kind == "gbr":
        notes.append(f"{info.pix_fmt} pictures are sent as {stored.name}, rounded to its levels")
    if source.floating:
        notes.append("linear light is sent as sRGB; what is brighter than white is cut off")
    tags = {
        "colour primaries": info.color_primaries,
        "transfer": info.color_trc,
        "matrix": info.colorspace if source.kind == "yuv" else UNSPECIFIED,
    }
    said = [f"{name} {code}" for name, code in tags.items() if code not in (0, UNSPECIFIED)]
    if said:
        notes.append(
            f"YUV4MPEG2 cannot say {', '.join(said)} (ITU-T H.273): tell the program that reads it"
        )
    return tuple(notes)

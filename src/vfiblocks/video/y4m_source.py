"""A YUV4MPEG2 stream as a source of frames: standard input, or anything that can be read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av, reason
from vfiblocks.video.base import Source
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import planar_layout
from vfiblocks.video.pixels import plane_samples
from vfiblocks.video.y4m import FRAME, Y4mHeader

_LONGEST_LINE = 4096


class Y4mStream(Source):
    r"""Frames as they arrive; a stream can be read once.

    Args:
        stream: what to read; None for standard input.

    Raises:
        VideoError: the stream is a terminal, empty, or no YUV4MPEG2. While iterating: it ends
            within a frame, or something else stands where a frame should begin; the message says
            after how many frames.
        MissingDependency: PyAV is not installed.

    Example:
        >>> import io
        >>> header = b"YUV4MPEG2 W2 H2 F25:1 Cmono XCOLORRANGE=FULL"
        >>> data = header + b"\nFRAME\n\xff\xff\0\0"
        >>> [frame.rgb[0].tolist() for frame in Y4mStream(io.BytesIO(data))]
        [[[1.0, 1.0], [0.0, 0.0]]]
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        import_av()
        self.path = Path("standard input")
        if stream is None:
            if sys.stdin is None or sys.stdin.isatty():
                raise VideoError(
                    f"{self.path}: nothing is piped in; write: other-program | vfi interpolate -"
                )
            stream = sys.stdin.buffer
        self._stream = stream
        self._is_read = False
        line = self._line(0)
        if not line:
            raise VideoError(f"{self.path}: is empty")
        try:
            header = Y4mHeader.parse(line)
        except ValueError as error:
            raise VideoError(
                f"{self.path}: is no YUV4MPEG2 stream that can be read: {error}"
            ) from error
        if header.interlaced:
            self.notes = ("the video is interlaced; deinterlace it first for clean new frames",)
        self.info = VideoInfo(
            width=header.width,
            height=header.height,
            rate=header.rate,
            time_base=1 / header.rate,
            pix_fmt=header.pix_fmt,
            codec="y4m",
            sample_aspect_ratio=header.aspect,
            color_range=header.color_range,
        )

    def __iter__(self) -> Iterator[Frame]:
        if self._is_read:
            raise VideoError(f"{self.path}: a stream can be read only once")
        self._is_read = True
        return self._frames()

    def close(self) -> None:
        """Standard input stays open; whoever writes to it ends it."""

    def _frames(self) -> Iterator[Frame]:
        count = 0
        while line := self._line(count):
            if line.split(b" ")[0] != FRAME:
                raise VideoError(
                    f"{self.path}: is damaged: no frame begins where one should, after {count} "
                    "frames"
                )
            yield Frame(count / self.info.rate, picture=self._picture(count))
            count += 1
        if not count:
            raise VideoError(f"{self.path}: has no frames")

    def _picture(self, count: int) -> Any:
        info = self.info
        picture = import_av().VideoFrame(info.width, info.height, info.pix_fmt)
        layout = planar_layout(info.pix_fmt)
        item = np.dtype(np.uint8 if layout.bits == 8 else "<u2")
        for plane in picture.planes:
            data = self._exactly(plane.width * plane.height * item.itemsize, count)
            values = np.frombuffer(data, item).reshape(plane.height, plane.width)
            plane_samples(plane, layout)[...] = values
        picture.color_range = info.color_range
        return picture

    def _line(self, count: int) -> bytes:
        """The next line without its end; nothing at the end of the stream."""
        try:
            line = self._stream.readline(_LONGEST_LINE)
        except OSError as error:
            raise VideoError(f"{self.path}: cannot be read: {reason(error)}") from error
        if line and not line.endswith(b"\n"):
            if len(line) == _LONGEST_LINE:
                raise VideoError(f"{self.path}: is no YUV4MPEG2 stream, or damaged")
            raise self._cut_off(count)
        return bytes(line[:-1])

    def _exactly(self, size: int, count: int) -> bytes:
        pieces = []
        while size:
            try:
                piece = self._stream.read(min(size, 1 << 24))
            except OSError as error:
                raise VideoError(f"{self.path}: cannot be read: {reason(error)}") from error
            if not piece:
                raise self._cut_off(count)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _cut_off(self, count: int) -> VideoError:
        return VideoError(f"{self.path}: is cut off after {count} whole frames")

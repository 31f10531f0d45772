"""A video file as a sink for frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import file_url, import_av, is_disk_full, reason
from vfiblocks.video.base import Sink
from vfiblocks.video.color import FULL_RANGE, LIMITED_RANGE, RGB, UNSPECIFIED
from vfiblocks.video.display_matrix import patch_mp4
from vfiblocks.video.encoding import Encoding
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.passthrough import Passthrough
from vfiblocks.video.pixels import is_full_range, planar_layout, repacked, rgb_to_picture


class VideoFileSink(Sink):
    """Encodes frames into a file that looks like its source: size, shape, colours, turn, sound.

    Decoded frames go to the encoder with their samples untouched where the output's pixel format
    holds the same ones; every other frame is converted once, rounded to the nearest level.

    Args:
        path: the output.
        info: the source, whose tags are copied.
        encoding: codec and pixel format, from :func:`~vfiblocks.video.encoding.choose_encoding`.
        rate: average frames per second of the output.
        time_base: every frame's time should be a whole multiple of this; others are rounded.
        copy_from: file whose sound and subtitles are copied; None for none.
        copy_whole: False to copy no further than the last frame, for a preview.
        overwrite: whether an existing file is replaced when the new one is complete.

    Raises:
        VideoError: the output exists, its folder cannot be written, the encoder refuses the
            format, or the container cannot hold the source's sound.
    """

    def __init__(
        self,
        path: str | Path,
        info: VideoInfo,
        encoding: Encoding,
        *,
        rate: Fraction,
        time_base: Fraction,
        copy_from: Path | None = None,
        copy_whole: bool = True,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.info = info
        self.encoding = encoding
        self.notes = encoding.notes
        self._time_base = time_base
        self._range = _range_of(info, encoding.pix_fmt)
        self._copy_whole = copy_whole
        self._last_ticks: int | None = None
        self._patch_matrix = False
        self._passthrough: Passthrough | None = None
        self._container: Any = None
        self._partial = PartialOutput(self.path, overwrite=overwrite)
        try:
            with self._errors("cannot be opened for writing"):
                self._open(rate, copy_from)
        except BaseException:
            self.abort()
            raise

    def _open(self, rate: Fraction, copy_from: Path | None) -> None:
        av = import_av()
        info, encoding = self.info, self.encoding
        # Where a video starts is told in units of the movie, milliseconds unless said otherwise
        options = {"movie_timescale": str(self._time_base.denominator)} if self._is_mp4 else {}
        self._container = av.open(
            file_url(self._partial.path), "w", format=encoding.muxer, options=options
        )
        stream = self._container.add_stream(
            encoding.codec, rate=rate, options=dict(encoding.options)
        )
        self._stream = stream
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, encoding.pix_fmt
        context = stream.codec_context
        stream.time_base = context.time_base = self._time_base
        context.color_range = self._range
        context.color_primaries = info.color_primaries
        context.color_trc = info.color_trc
        context.colorspace = self._matrix
        if info.sample_aspect_ratio is not None:
            context.sample_aspect_ratio = info.sample_aspect_ratio
        if encoding.codec == "libx265" and self._is_mp4:
            context.codec_tag = "hvc1"  # Apple's players know HEVC under no other name
        if info.display_matrix is not None:
            self._set_matrix(stream)
        if copy_from is not None:
            self._passthrough = Passthrough(copy_from, self._container, self.path)
            self.notes += self._passthrough.notes
        # The header now rather than with the first packet, when minutes of work may be lost
        self._container.start_encoding()

    @property
    def _is_mp4(self) -> bool:
        return self.encoding.muxer in ("mp4", "mov")

    @property
    def _matrix(self) -> int:
        """The matrix tag: the source's, but RGB must be called so and YUV must not."""
        source = self.info.colorspace
        if planar_layout(self.encoding.pix_fmt).kind == "gbr":
            return RGB
        return UNSPECIFIED if source == RGB else source

    def _set_matrix(self, stream: Any) -> None:
        if hasattr(stream, "set_display_matrix"):  # PyAV 18 and later
            stream.set_display_matrix(self.info.display_matrix)
        elif self._is_mp4:
            self._patch_matrix = True
        else:
            self.notes += (
                f"the turn by {self.info.rotation:g} degrees could not be written to "
                f"{self.path.suffix}: that needs PyAV 18 or later",
            )

    def _write(self, frame: Frame) -> None:
        if frame.size != (self.info.width, self.info.height):
            width, height = frame.size
            raise VideoError(
                f"{self.path}: a frame of {width}x{height} does not fit a video of "
                f"{self.info.width}x{self.info.height}"
            )
        ticks = round(frame.pts / self._time_base)
        if self._last_ticks is not None and ticks <= self._last_ticks:
            raise VideoError(
                f"{self.path}: frame {self.frames} at {float(frame.pts):.6f} s does not come after "
                "the frame before it"
            )
        picture = self._picture(frame)
        picture.pts, picture.time_base = ticks, self._time_base
        picture.pict_type = 0  # the source's I and P frames must not dictate the encoder's
        with self._errors("writing failed"):
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
            if self._passthrough is not None:
                self._passthrough.advance(frame.pts)
                self.audio_packets = self._passthrough.audio_packets
        self._last_ticks = ticks

    def _picture(self, frame: Frame) -> Any:
        pix_fmt = self.encoding.pix_fmt
        if frame.picture is not None:
            same = repacked(frame.picture, pix_fmt)
            if same is not None:
                return same
        return rgb_to_picture(frame.rgb, pix_fmt, colorspace=self._matrix, color_range=self._range)

    def commit(self) -> None:
        """Finish the file and give it its name.

        Raises:
            VideoError: no frame was written, the disk is full, or the file cannot be renamed.
        """
        if not self.frames:
            raise VideoError(f"{self.path}: there are no frames to write")
        with self._errors("finishing failed"):
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            if self._passthrough is not None:
                self._passthrough.advance(None if self._copy_whole else self.last_pts)
                self.audio_packets = self._passthrough.audio_packets
                self._passthrough.close()
            self._container.close()
            if self._patch_matrix and self.info.display_matrix is not None:
                patch_mp4(self._partial.path, self.info.display_matrix)
        self._partial.commit()

    def abort(self) -> None:
        """Remove everything written; an older output stays as it was."""
        av = import_av()
        try:
            if self._passthrough is not None:
                self._passthrough.close()
            if self._container is not None:
                # Its trailer may fail for the very reason that led here; the file goes anyway.
                with suppress(av.FFmpegError, OSError, ValueError):
                    self._container.close()
        finally:
            self._partial.discard()

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turn what the encoder, the muxer and the disk complain about into one line."""
        av = import_av()
        try:
            yield
        except (av.FFmpegError, OSError, ValueError) as error:
            if is_disk_full(error):
                raise VideoError(
                    f"{self.path}: the disk is full after {self.frames} frames; free some space "
                    "or choose another folder (nothing was left behind)"
                ) from error
            codec, pix_fmt = self.encoding.codec, self.encoding.pix_fmt
            raise VideoError(
                f"{self.path}: {what} after {self.frames} frames ({codec}, {pix_fmt}): "
                f"{reason(error)}"
            ) from error


def _range_of(info: VideoInfo, pix_fmt: str) -> int:
    """The range tag: the source's where it can be kept, else what the output's levels mean."""
    source, output = planar_layout(info.pix_fmt), planar_layout(pix_fmt)
    if source.jpeg or output.jpeg:
        return FULL_RANGE
    if source.kind == output.kind != "gbr":
        return info.color_range
    return FULL_RANGE if is_full_range(output, 0) else LIMITED_RANGE

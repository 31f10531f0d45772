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
from vfiblocks.video.codecs import hardware_need
from vfiblocks.video.display_matrix import patch_mp4
from vfiblocks.video.encoder import PictureEncoder
from vfiblocks.video.encoding import Encoding
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.partial import PartialOutput
from vfiblocks.video.passthrough import Passthrough


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
        copy_from: file whose sound, subtitles, chapters, tags and attachments are copied; None for
            none.
        audio: what becomes of the sound, see :class:`~vfiblocks.video.passthrough.Passthrough`.
        slowdown: how many seconds of output there are to each second of the source.
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
        audio: str = "keep",
        slowdown: Fraction = Fraction(1),
        copy_whole: bool = True,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.info = info
        self.encoding = encoding
        self.notes = encoding.notes
        self._time_base = time_base
        self._copy_whole = copy_whole
        self._patch_matrix = False
        self._passthrough: Passthrough | None = None
        self._container: Any = None
        self._partial = PartialOutput(self.path, overwrite=overwrite)
        try:
            with self._errors("cannot be opened for writing"):
                self._open(rate, copy_from, audio, slowdown)
        except BaseException:
            self.abort()
            raise

    def _open(self, rate: Fraction, copy_from: Path | None, audio: str, slowdown: Fraction) -> None:
        av = import_av()
        info, encoding = self.info, self.encoding
        # Where a video starts is told in units of the movie, milliseconds unless said otherwise
        options = {"movie_timescale": str(self._time_base.denominator)} if self._is_mp4 else {}
        self._container = av.open(
            file_url(self._partial.path), "w", format=encoding.muxer, options=options
        )
        self._encoder = PictureEncoder(
            self._container,
            info,
            encoding,
            rate=rate,
            time_base=self._time_base,
            path=self.path,
        )
        if info.display_matrix is not None:
            self._set_matrix(self._encoder.stream)
        if copy_from is not None:
            self._passthrough = Passthrough(
                copy_from, self._container, self.path, audio=audio, slowdown=slowdown
            )
            self.notes += self._passthrough.notes
        # The header now rather than with the first packet, when minutes of work may be lost
        need = hardware_need(encoding.codec)
        try:
            self._container.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            if need is None:
                raise
            raise VideoError(
                f"{self.path}: encoder {encoding.codec} does not work on this machine "
                f"({reason(error)}); it needs {need}; codecs 'h264', 'hevc' and 'av1' need none"
            ) from error

    @property
    def _is_mp4(self) -> bool:
        return self.encoding.muxer in ("mp4", "mov")

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
        picture = self._encoder.picture(frame)
        with self._errors("writing failed"):
            for packet in self._encoder.encode(picture):
                self._container.mux(packet)
            self._copy_until(frame.pts)

    @property
    def extradata(self) -> bytes | None:
        """The parameter sets in the header of the video stream, None if its codec has none."""
        return self._encoder.stream.codec_context.extradata  # type: ignore[no-any-return]

    def write_packet(self, packet: Any, pts: Fraction) -> None:
        """Append a packet that an encoder made alike has made elsewhere; see ``extradata``.

        Args:
            packet: comes in the order of decoding, with all its times set.
            pts: when its frame is shown, in seconds.

        Raises:
            VideoError: writing fails.
        """
        packet.stream = self._encoder.stream
        with self._errors("writing failed"):
            self._container.mux(packet)
            self._copy_until(pts)
        self.frames += 1
        self.first_pts = pts if self.first_pts is None else min(pts, self.first_pts)
        self.last_pts = pts if self.last_pts is None else max(pts, self.last_pts)

    def _copy_until(self, pts: Fraction) -> None:
        if self._passthrough is not None:
            self._passthrough.advance(pts)
            self.audio_packets = self._passthrough.audio_packets

    def commit(self) -> None:
        """Finish the file and give it its name.

        Raises:
            VideoError: no frame was written, the disk is full, or the file cannot be renamed.
        """
        if not self.frames:
            raise VideoError(f"{self.path}: there are no frames to write")
        with self._errors("finishing failed"):
            # Some encoders wait forever if they are asked to finish what never began
            for packet in self._encoder.encode(None) if self._encoder.frames else ():
                self._container.mux(packet)
            if self._passthrough is not None:
                self._passthrough.advance(None if self._copy_whole else self.last_pts)
                self._passthrough.finish()
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

"""A video file as a source of frames."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import fraction, import_av, is_cover_art, open_input, reason
from vfiblocks.video.base import Source
from vfiblocks.video.clock import SourceClock
from vfiblocks.video.display_matrix import matrix_of_picture
from vfiblocks.video.frame import Frame
from vfiblocks.video.hdr import has_dynamic_hdr, hdr_of_picture
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.truncation import missing_bytes

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_ASSUMED_RATE = Fraction(25)  # FFmpeg's own, for streams that carry no timing


class VideoFile(Source):
    """The first video stream of a file, decoded in coded orientation.

    Args:
        path: the file; the container is told by its content, not by its name.

    Raises:
        VideoError: the file is missing, empty, cut off, no video, or damaged at its very start.
            While iterating: decoding breaks, the picture size or format changes, or time stamps
            do not increase; the message says after how many frames.
        MissingDependency: PyAV is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._running: list[Generator[Frame]] = []
        if not self.path.exists():
            raise VideoError(f"{self.path}: there is no such file")
        if not self.path.is_file():
            raise VideoError(f"{self.path}: is neither a file nor a folder")
        if self.path.stat().st_size == 0:
            raise VideoError(f"{self.path}: the file is empty (0 bytes)")
        missing = missing_bytes(self.path)
        if missing:
            raise VideoError(
                f"{self.path}: the file is cut off: {missing} bytes are missing at its end; "
                "copy or download it again"
            )
        notes: list[str] = []
        with self._opened() as (container, stream), closing(self._pictures(stream)) as pictures:
            first = next(pictures, None)
            if first is None:
                raise VideoError(f"{self.path}: the video stream has no frames")
            self._clock = _clock_of(stream)
            self.info = self._describe(container, stream, first, notes)
        self.notes = tuple(notes)

    def __iter__(self) -> Iterator[Frame]:
        frames = self._frames()
        self._running.append(frames)
        return frames

    def close(self) -> None:
        """Close every open file; iterations under way end."""
        while self._running:
            self._running.pop().close()

    def frames_near(self, pts: Fraction) -> Iterator[Frame]:
        """Frames from the key frame on that the container knows at ``pts`` or before."""
        frames = self._frames(near=pts)
        self._running.append(frames)
        return frames

    def _frames(self, near: Fraction | None = None) -> Generator[Frame]:
        info = self.info
        expected = (info.width, info.height, info.pix_fmt)
        previous: Fraction | None = None
        with self._opened() as (container, stream):
            if near is not None:
                self._seek(container, stream, near)
            for count, picture in enumerate(self._pictures(stream)):
                found = (picture.width, picture.height, picture.format.name)
                if found != expected:
                    raise VideoError(
                        f"{self.path}: the picture changes from {_words(expected)} to "
                        f"{_words(found)} after {count} frames; split the file there"
                    )
                if picture.pts is not None:
                    pts = self._clock.seconds(picture.pts)
                else:  # raw streams have no clock: frames follow each other at the stream's rate
                    pts = Fraction(0) if previous is None else previous + 1 / info.rate
                if previous is not None and pts <= previous:
                    raise VideoError(
                        f"{self.path}: time stamps do not increase after {count} frames "
                        f"({float(previous):.6f} s, then {float(pts):.6f} s); remux the file"
                    )
                previous = pts
                yield Frame(pts, picture=picture)

    def _seek(self, container: Any, stream: Any, pts: Fraction) -> None:
        av = import_av()
        ticks = round(pts / Fraction(stream.time_base))
        with suppress(av.FFmpegError, OSError):  # then reading starts at the beginning
            container.seek(ticks, stream=stream)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        av = import_av()
        try:
            container = open_input(self.path)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(f"{self.path}: cannot be read as a video: {reason(error)}") from error
        try:
            stream = next(iter(_real_video_streams(container)), None)
            if stream is None:
                raise VideoError(f"{self.path}: has no video stream")
            if stream.codec_context is None:
                raise VideoError(f"{self.path}: no decoder is built in for its video codec")
            stream.thread_type = "AUTO"
            yield container, stream
        finally:
            container.close()

    def _pictures(self, stream: Any) -> Generator[Any]:
        """Decoded pictures in order of time; a damaged one ends in an error, not in grey blocks."""
        av = import_av()
        count = 0
        try:
            decoder = _alpha_decoder(stream)
            for packet in stream.container.demux(stream):
                if packet.is_corrupt:
                    raise self._broken(count, "a packet is incomplete")
                if decoder is None:
                    pictures = packet.decode()
                else:
                    pictures = decoder.decode(packet if packet.size else None)
                for picture in pictures:
                    if picture.is_corrupt:
                        raise self._broken(count, "a picture is damaged")
                    yield picture
                    count += 1
        except (av.FFmpegError, OSError) as error:
            raise self._broken(count, reason(error)) from error

    def _broken(self, count: int, why: str) -> VideoError:
        return VideoError(
            f"{self.path}: the file is damaged or cut off: decoding breaks after "
            f"{count} frames ({why})"
        )

    def _describe(self, container: Any, stream: Any, first: Any, notes: list[str]) -> VideoInfo:
        av = import_av()
        context = stream.codec_context
        rate = fraction(stream.average_rate) or fraction(stream.guessed_rate)
        if rate is None:
            rate = _ASSUMED_RATE
            notes.append(f"the file states no frame rate; {rate} frames/s were assumed")
        duration: Fraction | None = None
        if stream.duration:
            duration = stream.duration * Fraction(stream.time_base)
        elif container.duration:
            duration = Fraction(container.duration, av.time_base)
        others = len(_real_video_streams(container)) - 1
        if others:
            notes.append(f"{others} more video stream(s) of the file are left out")
        if stream.metadata.get("alpha_mode") == "1" and "a" not in first.format.name:
            notes.append("the opacity of the video is left out: no decoder for it is built in")
        if first.interlaced_frame:
            notes.append("the video is interlaced; deinterlace it first for clean new frames")
        if has_dynamic_hdr(first):
            notes.append("HDR metadata that changes from frame to frame (HDR10+, ...) is left out")
        return VideoInfo(
            width=first.width,
            height=first.height,
            rate=rate,
            time_base=self._clock.time_base,
            pix_fmt=first.format.name,
            frames=stream.frames or (round(duration * rate) if duration else None),
            duration=duration,
            codec=context.name,
            sample_aspect_ratio=fraction(stream.sample_aspect_ratio),
            display_matrix=matrix_of_picture(first),
            color_range=int(context.color_range),
            color_primaries=int(context.color_primaries),
            color_trc=int(context.color_trc),
            colorspace=int(context.colorspace),
            audio_streams=len(container.streams.audio),
            subtitle_streams=len(container.streams.subtitles),
            hdr=hdr_of_picture(first),
        )


def _real_video_streams(container: Any) -> list[Any]:
    """Video streams without cover art."""
    return [stream for stream in container.streams.video if not is_cover_art(stream)]


def _alpha_decoder(stream: Any) -> Any:
    """A decoder for WebM with opacity, which FFmpeg's own ones leave out; else None."""
    codec = _ALPHA_DECODERS.get(stream.codec_context.name)
    if codec is None or stream.metadata.get("alpha_mode") != "1":
        return None
    av = import_av()
    try:
        decoder = av.CodecContext.create(codec, "r")
    except ValueError:  # PyAV's UnknownCodecError
        return None
    decoder.extradata = stream.codec_context.extradata
    return decoder


def _clock_of(stream: Any) -> SourceClock:
    tick = fraction(stream.time_base)
    assert tick is not None  # every demuxer sets one
    rate = fraction(stream.average_rate)
    return SourceClock(tick, rate if rate == fraction(stream.base_rate) else None)


def _words(shape: tuple[int, int, str]) -> str:
    return f"{shape[0]}x{shape[1]} {shape[2]}"

"""A segment of an output as a sink: the packets an encoder makes, and no container around them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video._av import import_av, is_disk_full, reason
from vfiblocks.video.base import Sink
from vfiblocks.video.encoder import PictureEncoder
from vfiblocks.video.encoding import Encoding
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.packet_file import PacketWriter, stored

# x264's fastest code for rate control gives other results on other processors, and at some sizes
# in every run; and what x264 and x265 make depends on how many frames they work on at once, which
# is taken from the number of cores unless it is said.
_REPEATABLE = {
    "libx264": {"x264-params": "cpu-independent=1", "threads": "8"},
    "libx264rgb": {"x264-params": "cpu-independent=1", "threads": "8"},
    "libx265": {"x265-params": "frame-threads=3"},
}


def repeatable(encoding: Encoding) -> Encoding:
    """The same encoding, which gives the same bits on every machine and in every run.

    >>> repeatable(Encoding("mp4", "libx264", "yuv420p", {"crf": "16"})).options["threads"]
    '8'
    """
    options = dict(encoding.options)
    for name, value in _REPEATABLE.get(encoding.codec, {}).items():
        options[name] = ":".join(filter(None, (options.get(name), value)))
    return replace(encoding, options=options)


class SegmentSink(Sink):
    """Encodes frames as :class:`~vfiblocks.video.file_sink.VideoFileSink` does, into a packet file.

    Every segment has an encoder of its own, so it starts with a key frame and refers to nothing
    before it. The encoder is told to give the same bits on every machine.

    Args:
        path: the packet file, to be made.
        info: the source.
        encoding: of the whole output.
        rate: average frames per second of the whole output.
        time_base: of the whole output.

    Raises:
        VideoError: the file cannot be written, or the encoder refuses the format.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        encoding: Encoding,
        *,
        rate: Fraction,
        time_base: Fraction,
    ) -> None:
        self.path = path
        self.notes = encoding.notes
        av = import_av()
        self._file: PacketWriter | None = None
        with self._errors():
            # Nothing is ever written to it. It is there because containers decide where encoders
            # put their parameter sets.
            self._container = av.open(io.BytesIO(), "w", format=encoding.muxer)
            self._encoder = PictureEncoder(
                self._container,
                info,
                repeatable(encoding),
                rate=rate,
                time_base=time_base,
                path=path,
            )
            self._container.start_encoding()
            extradata = self._encoder.stream.codec_context.extradata
            self._file = PacketWriter(path, time_base=time_base, extradata=extradata)

    def _write(self, frame: Frame) -> None:
        picture = self._encoder.picture(frame)
        with self._errors():
            self._store(picture)

    def _store(self, picture: object) -> None:
        assert self._file is not None
        for packet in self._encoder.encode(picture):
            self._file.write(stored(packet))

    def commit(self) -> None:
        """Finish the file."""
        with self._errors():
            if self.frames:
                self._store(None)
            assert self._file is not None
            self._file.close()
        self._close_container()

    def abort(self) -> None:
        """Remove the file."""
        if self._file is not None:
            with suppress(OSError):  # what is still to be written may fail again
                self._file.close()
        self.path.unlink(missing_ok=True)
        self._close_container()

    def _close_container(self) -> None:
        av = import_av()
        with suppress(av.FFmpegError, OSError, ValueError):  # some want packets before a trailer
            self._container.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        av = import_av()
        try:
            yield
        except (av.FFmpegError, OSError, ValueError) as error:
            if is_disk_full(error):
                raise VideoError(
                    f"{self.path}: the disk is full; free some space and resume (what was finished "
                    "is kept)"
                ) from error
            raise VideoError(f"{self.path}: encoding failed: {reason(error)}") from error

"""Sound and subtitles: copied packet by packet, never decoded.

The source file is opened a second time, so that its packets can be read at the pace at which the
new frames are written, and memory stays constant however the file is interleaved.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import add_copied_stream, import_av, open_input, reason

# Tags the muxer writes itself
_CONTAINER_TAGS = frozenset(
    {"compatible_brands", "creation_time", "duration", "encoder", "major_brand", "minor_version"}
)
_STREAM_TAGS = ("language", "title")


class Passthrough:
    """Copies the audio and subtitle streams of a file into an output container.

    Args:
        path: the file the streams come from.
        output: the open container, before its header is written.
        target: the output's name, for messages.

    Raises:
        VideoError: the container cannot hold an audio codec. Subtitles it cannot hold are left out
            and noted.
    """

    def __init__(self, path: Path, output: Any, target: Path) -> None:
        av = import_av()
        self.path = path
        self.audio_packets = 0
        self._output = output
        self._target = target
        try:
            self._input = open_input(path)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{path}: cannot be read again for its sound: {reason(error)}"
            ) from error
        self._streams: dict[int, Any] = {}
        self.notes = tuple(self._add_streams())
        output.metadata.update(
            {k: v for k, v in self._input.metadata.items() if k not in _CONTAINER_TAGS}
        )
        if hasattr(output, "set_chapters"):  # PyAV 16 and later
            output.set_chapters(self._input.chapters())
        self._packets = self._read()
        self._pending: Any = next(self._packets, None)

    def advance(self, until: Fraction | None) -> None:
        """Write every packet that starts at or before ``until`` seconds; None for all of them.

        Raises:
            VideoError: the source is damaged.
        """
        while self._pending is not None:
            packet = self._pending
            start = packet.pts if packet.pts is not None else packet.dts
            if until is not None and start is not None and start * packet.time_base > until:
                return
            if packet.stream.type == "audio":
                self.audio_packets += 1
            packet.stream = self._streams[packet.stream.index]
            self._output.mux(packet)
            self._pending = next(self._packets, None)

    def close(self) -> None:
        """Close the source file."""
        self._pending = None
        self._input.close()

    def _read(self) -> Iterator[Any]:
        av = import_av()
        if not self._streams:
            return
        wanted = [stream for stream in self._input.streams if stream.index in self._streams]
        try:
            for packet in self._input.demux(wanted):
                if packet.size:  # the last one of each stream is an empty flush
                    yield packet
        except (av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{self.path}: the sound is damaged or cut off after {self.audio_packets} packets "
                f"({reason(error)})"
            ) from error

    def _add_streams(self) -> Iterator[str]:
        for stream in self._input.streams.audio:
            if not self._add(stream):
                raise VideoError(
                    f"{self._target}: {self._target.suffix} cannot hold the source's "
                    f"{_codec_name(stream)} sound; choose .mkv, which holds any"
                )
        for stream in self._input.streams.subtitles:
            if not self._add(stream):
                yield (
                    f"{_codec_name(stream)} subtitles (stream {stream.index}) are left out: "
                    f"{self._target.suffix} cannot hold them"
                )
        for stream in self._input.streams:
            if stream.type in ("data", "attachment"):
                yield f"{stream.type} stream {stream.index} is left out"

    def _add(self, stream: Any) -> bool:
        try:
            copy = add_copied_stream(self._output, stream)
        except ValueError:  # also what PyAV raises for a codec it has no name for
            return False
        copy.metadata.update({k: v for k, v in stream.metadata.items() if k in _STREAM_TAGS})
        self._streams[stream.index] = copy
        return True


def _codec_name(stream: Any) -> str:
    context = stream.codec_context
    return "unknown" if context is None else str(context.name)

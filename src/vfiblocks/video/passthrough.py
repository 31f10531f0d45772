"""What comes along with the pictures: sound, subtitles, chapters, tags, fonts, cover art.

Copied packet by packet and never decoded, except for sound that has to last longer. The source
file is opened a second time, so that its packets can be read at the pace at which the new frames
are written, and memory stays constant however the file is interleaved.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import add_copied_stream, import_av, is_cover_art, open_input, reason
from vfiblocks.video.sound import StretchedSound
from vfiblocks.video.tags import container_tags, copy_stream_tags

#: What can be done with sound.
AUDIO = ("keep", "drop", "stretch")

_IMAGES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
_COVER_AS_STREAM = ("mp4",)  # QuickTime files lose it; Matroska wants an attachment


class Passthrough:
    """Copies what is no picture of the video from a file into an output container.

    Args:
        path: the file it comes from.
        output: the open container with the stream for the pictures, before its header is written.
        target: the output's name, for messages.
        audio: ``keep`` to copy sound, ``drop`` to leave it out, ``stretch`` to make it last as
            long as the pictures.
        slowdown: how many seconds of output there are to each second of the source; subtitles and
            chapters follow.

    Raises:
        VideoError: the container cannot hold an audio codec. Anything else that it cannot hold is
            left out and noted.
    """

    def __init__(
        self,
        path: Path,
        output: Any,
        target: Path,
        *,
        audio: str = "keep",
        slowdown: Fraction = Fraction(1),
    ) -> None:
        av = import_av()
        self.path = path
        self.audio_packets = 0
        self._output = output
        self._target = target
        self._audio = audio
        self._slowdown = slowdown
        self._is_matroska = output.format.name == "matroska"
        try:
            self._input = open_input(path)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{path}: cannot be read again for its sound: {reason(error)}"
            ) from error
        self._streams: dict[int, Any] = {}
        self._stretched: dict[int, StretchedSound] = {}
        try:
            self._attached = self._cover_art()
            self.notes = tuple(self._add_streams())
            self._copy_tags()
        except BaseException:
            self._input.close()
            raise
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
            if (
                until is not None
                and start is not None
                and start * packet.time_base * self._slowdown > until
            ):
                return
            self._write(packet)
            self._pending = next(self._packets, None)

    def finish(self) -> None:
        """Write what stretched sound still holds back."""
        for index, sound in self._stretched.items():
            self._mux_sound(sound.rest(self._input.streams[index].codec_context))

    def close(self) -> None:
        """Close the source file."""
        self._pending = None
        self._input.close()

    def _write(self, packet: Any) -> None:
        index = packet.stream.index
        if index in self._stretched:
            self._mux_sound(self._stretched[index].packets(packet))
            return
        if packet.stream.type == "audio":
            self.audio_packets += 1
        elif self._slowdown != 1:
            packet.pts, packet.dts = self._slowed(packet.pts), self._slowed(packet.dts)
            packet.duration = self._slowed(packet.duration)
        packet.stream = self._streams[index]
        self._output.mux(packet)

    def _slowed(self, ticks: int | None) -> int | None:
        return None if ticks is None else round(ticks * self._slowdown)

    def _mux_sound(self, packets: Iterator[Any]) -> None:
        av = import_av()
        while True:
            try:
                packet = next(packets, None)
            except (av.InvalidDataError, av.ArgumentError) as error:
                raise self._damaged(error) from error
            if packet is None:
                return
            self.audio_packets += 1
            self._output.mux(packet)

    def _read(self) -> Iterator[Any]:
        av = import_av()
        known = {**self._streams, **self._stretched}
        if not known:
            return
        wanted = [stream for stream in self._input.streams if stream.index in known]
        try:
            for packet in self._input.demux(wanted):
                if packet.size:  # the last one of each stream is an empty flush
                    yield packet
        except (av.FFmpegError, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> VideoError:
        return VideoError(
            f"{self.path}: the sound is damaged or cut off after {self.audio_packets} packets "
            f"({reason(error)})"
        )

    def _add_streams(self) -> Iterator[str]:
        yield from self._add_sound()
        for stream in self._input.streams.subtitles:
            if not self._add(stream):
                yield (
                    f"{_codec_name(stream)} subtitles (stream {stream.index}) are left out: "
                    f"{self._target.suffix} cannot hold them"
                )
        for stream in self._input.streams:
            if stream.type == "attachment" and not self._attach(stream):
                name = stream.metadata.get("filename", f"stream {stream.index}")
                yield f"the attached file {name} is left out: only .mkv holds such"
            elif stream.type == "video" and is_cover_art(stream) and not self._add_cover(stream):
                yield f"cover art is left out: {self._target.suffix} cannot hold it here"
            elif stream.type == "data" and not self._holds_chapters(stream):
                yield f"data stream {stream.index} is left out"

    def _add_sound(self) -> Iterator[str]:
        streams = self._input.streams.audio
        if streams and self._audio == "drop":
            yield f"sound is left out ({len(streams)} stream(s))"
            return
        for stream in streams:
            if self._audio == "stretch" and self._slowdown != 1:
                if stream.codec_context is None:
                    raise VideoError(
                        f"{self.path}: no decoder is built in for its sound (stream "
                        f"{stream.index}), which stretching needs; drop it"
                    )
                sound = StretchedSound(stream, self._output, self._slowdown, self.path)
                copy_stream_tags(stream, sound.stream)
                self._stretched[stream.index] = sound
            elif not self._add(stream):
                raise VideoError(
                    f"{self._target}: {self._target.suffix} cannot hold the source's "
                    f"{_codec_name(stream)} sound; choose .mkv, which holds any"
                )
        if self._stretched:
            codec = next(iter(self._stretched.values())).stream.codec_context.name
            yield (
                f"sound is stretched {float(self._slowdown):g} times at its old pitch, and encoded "
                f"again as {codec}"
            )

    def _add(self, stream: Any) -> bool:
        try:
            copy = add_copied_stream(self._output, stream)
        except ValueError:  # also what PyAV raises for a codec it has no name for
            return False
        copy_stream_tags(stream, copy)
        self._streams[stream.index] = copy
        return True

    def _attach(self, stream: Any) -> bool:
        if not self._is_matroska or not hasattr(self._output, "add_attachment"):
            return False  # PyAV 15 and later
        name = stream.metadata.get("filename", f"attachment-{stream.index}")
        mimetype = stream.metadata.get("mimetype", "application/octet-stream")
        self._output.add_attachment(name, mimetype, stream.data)
        return True

    def _add_cover(self, stream: Any) -> bool:
        if self._output.format.name in _COVER_AS_STREAM:
            return self._add(stream)
        data = self._attached.get(stream.index)
        known = _IMAGES.get(_codec_name(stream))
        if data is None or known is None or not hasattr(self._output, "add_attachment"):
            return False
        name, mimetype = known
        self._output.add_attachment(
            stream.metadata.get("filename", name), stream.metadata.get("mimetype", mimetype), data
        )
        return True

    def _holds_chapters(self, stream: Any) -> bool:
        """Whether a stream is the text track in which MP4 files keep their chapters."""
        is_mp4 = "mp4" in self._input.format.name
        has_chapters = hasattr(self._input, "chapters") and bool(self._input.chapters())
        return is_mp4 and has_chapters and getattr(stream, "name", None) == "bin_data"

    def _cover_art(self) -> dict[int, bytes]:
        """The cover pictures of the source as files, if the output wants them as such."""
        covers = [stream for stream in self._input.streams.video if is_cover_art(stream)]
        if not covers or not self._is_matroska:
            return {}
        av = import_av()
        found: dict[int, bytes] = {}
        try:
            with open_input(self.path) as again:  # its packets come first, before any other
                for packet in again.demux([again.streams[stream.index] for stream in covers]):
                    if packet.size:
                        found.setdefault(packet.stream.index, bytes(packet))
                    if len(found) == len(covers):
                        break
        except (av.FFmpegError, OSError) as error:
            raise self._damaged(error) from error
        return found

    def _copy_tags(self) -> None:
        self._output.metadata.update(container_tags(self._input))
        pictures = (s for s in self._input.streams.video if not is_cover_art(s))
        copy_stream_tags(next(pictures), self._output.streams.video[0])
        if hasattr(self._output, "set_chapters"):  # PyAV 16 and later
            chapters = self._input.chapters()
            for chapter in chapters:
                chapter["start"] = self._slowed(chapter["start"])
                chapter["end"] = self._slowed(chapter["end"])
            self._output.set_chapters(chapters)


def _codec_name(stream: Any) -> str:
    context = stream.codec_context
    return "unknown" if context is None else str(context.name)

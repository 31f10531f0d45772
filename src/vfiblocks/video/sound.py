"""Sound for slow motion: as long as the pictures, at its old pitch.

FFmpeg's ``atempo`` filter does the work (overlap and add of waveforms that look alike). One of them
is good for a factor of two, so larger factors are a chain of equal ones. What comes out is padded
or cut to the exact length, which the filter misses by some milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video._av import fraction, import_av

_BITS_PER_CHANNEL = 96_000  # per second, for lossy encoders
_LOSSLESS_SOURCES = ("alac", "flac", "pcm_", "truehd", "wavpack")
_ENCODERS = {
    "matroska": ("flac", "libopus"),
    "mov": ("alac", "aac"),
    "mp4": ("alac", "aac"),
    "webm": ("libopus", "libopus"),
}
# Channels beside the listener, as AC-3 has them, are behind for encoders that know no other place
_LAYOUTS = {"5.0(side)": "5.0", "5.1(side)": "5.1"}
_OPUS_RATE = 48_000
_SHORTEST_GAP = Fraction(1, 50)  # what is shorter comes from rounded time stamps
_LONGEST_GAP = 3600


def tempo_chain(slowdown: Fraction) -> list[float]:
    """The tempos of a chain of filters that together slow sound down.

    >>> tempo_chain(Fraction(2)), tempo_chain(Fraction(4)), tempo_chain(Fraction(1, 2))
    ([0.5], [0.5, 0.5], [2.0])
    """
    count = max(1, math.ceil(abs(math.log2(slowdown)) - 1e-9))
    return [float(slowdown) ** (-1 / count)] * count


class StretchedSound:
    """Decodes an audio stream, stretches it in time and encodes it again.

    Args:
        stream: the source's stream.
        output: the open container, before its header is written.
        slowdown: how many seconds of output there are to each second of the source.
        path: the source, for messages.

    Attributes:
        stream: the new stream.
    """

    def __init__(self, stream: Any, output: Any, slowdown: Fraction, path: Path) -> None:
        self._slowdown = slowdown
        self._path = path
        source = stream.codec_context
        lossless = source.name.startswith(_LOSSLESS_SOURCES)
        encoder = _ENCODERS[output.format.name][0 if lossless else 1]
        described = import_av().codec.Codec(encoder, "w")
        rates = described.audio_rates
        rate = source.sample_rate
        if rates and rate not in rates:
            rate = _OPUS_RATE if _OPUS_RATE in rates else max(rates)
        self._rate: int = rate
        self._layout: str = source.layout.name
        if encoder != "flac":
            self._layout = _LAYOUTS.get(self._layout, self._layout)
        self._format = described.audio_formats[0].name
        if lossless and source.format.bits > 16:  # the wider of flac's and alac's two
            self._format = described.audio_formats[-1].name
        self.stream = output.add_stream(encoder, rate=rate)
        context = self.stream.codec_context
        context.layout, context.format = self._layout, self._format
        context.time_base = self.stream.time_base = Fraction(1, rate)
        if not lossless:
            context.bit_rate = _BITS_PER_CHANNEL * source.layout.nb_channels
        self._graph: Any = None
        self._begin = Fraction(0)  # of the source, in seconds
        self._start = 0  # of the output, in samples
        self._heard = Fraction(0)  # seconds of the source
        self._written = 0  # samples of the output

    def packets(self, packet: Any) -> Iterator[Any]:
        """What comes out when a packet goes in."""
        for frame in packet.decode():
            yield from self._frame(frame)

    def rest(self, decoder: Any) -> Iterator[Any]:
        """What is left at the end."""
        for frame in decoder.decode(None):
            yield from self._frame(frame)
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pull()
            missing = self._expected() - self._written
            if missing > 0:
                silence = _silence(missing, self._format, self._layout)
                silence.sample_rate = self._rate
                yield from self._encode(silence)
            for packet in self.stream.encode(None):
                # AAC pads its last frame; said to be shorter, the rest of it is not played
                end = self._start + self._written
                if packet.pts is not None and packet.duration:
                    packet.duration = max(1, min(packet.duration, end - packet.pts))
                yield packet

    def _frame(self, frame: Any) -> Iterator[Any]:
        time = None
        if frame.pts is not None:
            time = frame.pts * (fraction(frame.time_base) or Fraction(0))
        if self._graph is None:
            self._graph = self._filters(frame)
            self._begin = time or Fraction(0)
            self._start = round(self._begin * self._slowdown * self._rate)
        gap = Fraction(0) if time is None else time - self._begin - self._heard
        if gap > _LONGEST_GAP:
            raise VideoError(
                f"{self._path}: the sound has a gap of {float(gap):.0f} s; remux the file or drop "
                "the sound"
            )
        while gap > _SHORTEST_GAP:  # phones leave some; silence keeps what follows in its place
            samples = min(round(gap * frame.sample_rate), frame.sample_rate)
            yield from self._push(_silence(samples, frame.format.name, frame.layout.name), frame)
            gap -= Fraction(samples, frame.sample_rate)
        yield from self._push(frame, frame)

    def _push(self, frame: Any, like: Any) -> Iterator[Any]:
        frame.sample_rate = like.sample_rate
        frame.pts = None  # the filters count samples
        self._heard += Fraction(frame.samples, frame.sample_rate)
        self._graph.push(frame)
        yield from self._pull()

    def _expected(self) -> int:
        return round(self._heard * self._slowdown * self._rate)

    def _pull(self) -> Iterator[Any]:
        av = import_av()
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            if self._written + frame.samples > self._expected():
                frame = self._cut(frame, self._expected() - self._written)
            if frame is not None:
                yield from self._encode(frame)

    def _encode(self, frame: Any) -> Iterator[Any]:
        frame.pts = self._start + self._written
        frame.time_base = Fraction(1, self._rate)
        self._written += frame.samples
        yield from self.stream.encode(frame)

    def _cut(self, frame: Any, samples: int) -> Any:
        if samples <= 0:
            return None
        values = frame.to_ndarray()
        channels = 1 if frame.format.is_planar else frame.layout.nb_channels
        return self._sound(values[:, : samples * channels])

    def _sound(self, values: Any) -> Any:
        import numpy as np

        frame = import_av().AudioFrame.from_ndarray(
            np.ascontiguousarray(values), self._format, self._layout
        )
        frame.sample_rate = self._rate
        return frame

    def _filters(self, frame: Any) -> Any:
        graph = import_av().filter.Graph()
        nodes = [
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=Fraction(1, frame.sample_rate),
            )
        ]
        nodes += [graph.add("atempo", f"{tempo:.12f}") for tempo in tempo_chain(self._slowdown)]
        wanted = f"sample_fmts={self._format}:sample_rates={self._rate}"
        nodes.append(graph.add("aformat", f"{wanted}:channel_layouts={self._layout}"))
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes)
        graph.configure()
        return graph


def _silence(samples: int, sample_format: str, layout: str) -> Any:
    import numpy as np

    av = import_av()
    like = av.AudioFrame(sample_format, layout, 1).to_ndarray()
    # all channels are in one row where they are interleaved; unsigned silence is in the middle
    quiet = np.full((like.shape[0], samples * like.shape[1]), 0, like.dtype)
    if sample_format.startswith("u8"):
        quiet += 128
    return av.AudioFrame.from_ndarray(quiet, sample_format, layout)

"""The encoder of one video stream: frames in, packets out, whoever stores them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vfiblocks.errors import VideoError
from vfiblocks.video.encoding import Encoding
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.storing import Storing


class PictureEncoder:
    """Adds a video stream to a container and encodes frames for it.

    What comes out depends on the arguments and the frames alone, so that two encoders made alike,
    on one machine or on two, make packets for one and the same stream header.

    Args:
        container: an output container before its header is written; it decides where the encoder
            puts its parameter sets.
        info: the source, whose size, pixel shape and colour tags are copied.
        encoding: codec and pixel format.
        rate: average frames per second.
        time_base: every frame's time should be a whole multiple of this; others are rounded.
        path: the output's name, for messages.

    Attributes:
        stream: the container's stream.
        frames: frames taken so far.
    """

    def __init__(
        self,
        container: Any,
        info: VideoInfo,
        encoding: Encoding,
        *,
        rate: Fraction,
        time_base: Fraction,
        path: Path,
    ) -> None:
        self.frames = 0
        self._path = path
        self._size = info.width, info.height
        self._time_base = time_base
        self._storing = Storing(info, encoding.pix_fmt)
        self._last_ticks: int | None = None
        self.stream = stream = container.add_stream(
            encoding.codec, rate=rate, options=dict(encoding.options)
        )
        stream.width, stream.height, stream.pix_fmt = *self._size, encoding.pix_fmt
        context = stream.codec_context
        stream.time_base = context.time_base = time_base
        context.color_range = self._storing.color_range
        context.color_primaries = info.color_primaries
        context.color_trc = info.color_trc
        context.colorspace = self._storing.matrix
        if info.sample_aspect_ratio is not None:
            context.sample_aspect_ratio = info.sample_aspect_ratio
        if encoding.codec == "libx265" and encoding.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # Apple's players know HEVC under no other name

    def picture(self, frame: Frame) -> Any:
        """The frame as the encoder wants it: size and order checked, samples converted.

        Raises:
            VideoError: the frame has another size, or does not come after the one before it.
        """
        if frame.size != self._size:
            width, height = frame.size
            raise VideoError(
                f"{self._path}: a frame of {width}x{height} does not fit a video of "
                f"{self._size[0]}x{self._size[1]}"
            )
        ticks = round(frame.pts / self._time_base)
        if self._last_ticks is not None and ticks <= self._last_ticks:
            raise VideoError(
                f"{self._path}: frame {self.frames} at {float(frame.pts):.6f} s does not come "
                "after the frame before it"
            )
        picture = self._storing.picture(frame)
        picture.pts, picture.time_base = ticks, self._time_base
        picture.pict_type = 0  # the source's I and P frames must not dictate the encoder's
        self._last_ticks = ticks
        return picture

    def encode(self, picture: Any) -> list[Any]:
        """The packets that are ready once ``picture`` is in; all that are left for None.

        Raises:
            av.FFmpegError: the encoder fails.
        """
        packets: list[Any] = self.stream.encode(picture)
        self.frames += picture is not None
        return packets

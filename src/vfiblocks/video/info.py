"""What is known about a video before its frames are decoded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vfiblocks.video.display_matrix import DisplayMatrix, rotation_of
from vfiblocks.video.hdr import HdrMetadata


@dataclass(frozen=True)
class VideoInfo:
    """The picture format, the clock and the companions of a video stream.

    Args:
        width: columns of the coded picture, before any rotation.
        height: rows of the coded picture.
        rate: average frames per second, exact.
        time_base: every timestamp of the source is a whole multiple of this many seconds.
        pix_fmt: FFmpeg's name of the pixel format.
        frames: how many frames the file claims or its duration implies; None if it does neither.
        duration: seconds, or None if the file does not say.
        codec: FFmpeg's name of the video codec.
        sample_aspect_ratio: width over height of one pixel; None if unspecified.
        display_matrix: how players turn the picture; None if they do not.
        color_range: 0 unspecified, 1 limited, 2 full.
        color_primaries: ITU-T H.273 code, 2 for unspecified.
        color_trc: H.273 code of the transfer characteristics.
        colorspace: H.273 code of the YUV matrix.
        audio_streams: how many audio streams come along.
        subtitle_streams: how many subtitle streams come along.
        hdr: mastering display and light level; None if not stated.

    Example:
        >>> info = VideoInfo(640, 480, Fraction(25), Fraction(1, 12800), "yuv420p")
        >>> info.rotation, info.audio_streams
        (0.0, 0)
    """

    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    pix_fmt: str
    frames: int | None = None
    duration: Fraction | None = None
    codec: str = ""
    sample_aspect_ratio: Fraction | None = None
    display_matrix: DisplayMatrix | None = None
    color_range: int = 0
    color_primaries: int = 2
    color_trc: int = 2
    colorspace: int = 2
    audio_streams: int = 0
    subtitle_streams: int = 0
    hdr: HdrMetadata | None = None

    @property
    def rotation(self) -> float:
        """Degrees counter-clockwise by which players turn the picture."""
        return rotation_of(self.display_matrix)

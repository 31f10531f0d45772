"""A frame as the picture that an output stores."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vfiblocks.video.color import FULL_RANGE, LIMITED_RANGE, RGB, UNSPECIFIED, matrix_of
from vfiblocks.video.frame import Frame
from vfiblocks.video.info import VideoInfo
from vfiblocks.video.layouts import is_full_range, planar_layout
from vfiblocks.video.light import (
    display_to_light,
    light_to_display,
    light_to_signal,
    signal_to_light,
)
from vfiblocks.video.pixels import repacked, rgb_to_picture

_BT601 = {5, 6}  # two codes for one matrix


class Storing:
    """Turns frames of a source into pictures of one pixel format.

    Decoded frames keep their samples untouched where the format holds the same ones; every other
    frame is converted once, rounded to the nearest level. Opacity is kept where the format has
    room for it; elsewhere the picture is laid over white. Between EXR's linear light and anything
    else lies the sRGB curve.

    Args:
        info: the source.
        pix_fmt: FFmpeg's name of the format to store.
        color_range: the only range the output knows; None to keep the source's where possible.
        matrix: the only YUV matrix it knows; None to keep the source's.

    Attributes:
        matrix: H.273 code of the YUV matrix to tag the output with.
        color_range: the range to tag it with.
    """

    def __init__(
        self,
        info: VideoInfo,
        pix_fmt: str,
        *,
        color_range: int | None = None,
        matrix: int | None = None,
    ) -> None:
        self.pix_fmt = pix_fmt
        self._source, self._output = planar_layout(info.pix_fmt), planar_layout(pix_fmt)
        kept = color_range is None
        self.color_range = self._range_of(info.color_range) if color_range is None else color_range
        self._keeps_samples = kept or (
            is_full_range(self._source, info.color_range)
            == is_full_range(self._output, self.color_range)
        )
        if matrix is not None and self._source.kind == "yuv":
            own = matrix_of(info.colorspace, info.width, info.height)
            self._keeps_samples &= own == matrix or {own, matrix} <= _BT601
        self.matrix = info.colorspace if matrix is None else matrix
        # RGB must be called so, and YUV must not
        if self._output.kind == "gbr":
            self.matrix = RGB
        elif self.matrix == RGB:
            self.matrix = UNSPECIFIED

    def picture(self, frame: Frame) -> Any:
        """The frame in the output's pixel format."""
        if frame.picture is not None and self._keeps_samples:
            same = repacked(frame.picture, self.pix_fmt)
            if same is not None:
                return same
        rgb, alpha = self._colours(frame)
        return rgb_to_picture(
            rgb,
            self.pix_fmt,
            alpha=alpha,
            colorspace=self.matrix,
            color_range=self.color_range,
        )

    def _colours(self, frame: Frame) -> tuple[Tensor, Tensor | None]:
        rgb, alpha = frame.rgb, frame.alpha
        if alpha is not None:
            alpha = alpha.to(rgb.device)
        room = self._output.alpha
        if not self._source.floating and not self._output.floating:
            if alpha is not None and not room:
                rgb = rgb * alpha + (1 - alpha)
            return rgb, alpha
        # In light, colours are multiplied by opacity
        if self._source.floating:
            light = signal_to_light(rgb)
        else:
            light = display_to_light(rgb) * (1 if alpha is None else alpha)
        if alpha is not None and not room:
            light = light + (1 - alpha)
        if self._output.floating:
            return light_to_signal(light), alpha
        if alpha is not None and room:
            light = light / alpha.clamp_min(1e-6)
        return light_to_display(light), alpha

    def _range_of(self, tagged: int) -> int:
        """The source's range tag where it can be kept, else what the output's levels mean."""
        source, output = self._source, self._output
        if source.jpeg or output.jpeg:
            return FULL_RANGE
        if source.kind == output.kind != "gbr" and source.floating == output.floating:
            return tagged
        return FULL_RANGE if is_full_range(output, 0) else LIMITED_RANGE

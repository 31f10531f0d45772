"""One frame of a video: a moment, and a picture that is YUV, RGB or both."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.video.pixels import picture_to_rgb

if TYPE_CHECKING:
    import av


class Frame:
    """A frame that was decoded from a file, or made by a model.

    A decoded frame keeps the decoder's picture, so that it can be encoded again without a round
    trip through RGB. Its colours are computed when first asked for and kept as long as the frame
    itself: whoever drops the frame frees both.

    Args:
        pts: when the frame is shown, in seconds.
        picture: the decoder's picture, in coded orientation; None for a made frame.
        rgb: (3, H, W) in [0, 1]; None for a decoded frame.

    Raises:
        InputError: neither or both of ``picture`` and ``rgb`` are given, or ``rgb`` has another
            shape.

    Example:
        >>> frame = Frame(Fraction(1, 48), rgb=torch.zeros(3, 4, 6))
        >>> frame.size, frame.is_source
        ((6, 4), False)
    """

    def __init__(
        self,
        pts: Fraction,
        *,
        picture: av.VideoFrame | None = None,
        rgb: Tensor | None = None,
    ) -> None:
        if (picture is None) == (rgb is None):
            raise InputError("a frame needs either a decoded picture or an RGB tensor")
        if rgb is not None and (rgb.ndim != 3 or rgb.shape[0] != 3):
            raise InputError(f"a frame's RGB tensor must be (3, H, W), got {tuple(rgb.shape)}")
        self.pts = pts
        self.picture = picture
        self._rgb = rgb

    def __repr__(self) -> str:
        width, height = self.size
        origin = "decoded" if self.is_source else "made"
        return f"<Frame {origin} {width}x{height} at {float(self.pts):.6f} s>"

    @property
    def is_source(self) -> bool:
        """Whether the frame was decoded from a file rather than made."""
        return self.picture is not None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self.picture is not None:
            return self.picture.width, self.picture.height
        assert self._rgb is not None
        return self._rgb.shape[-1], self._rgb.shape[-2]

    @property
    def rgb(self) -> Tensor:
        """(3, H, W) float32 in [0, 1], on the CPU or wherever :meth:`to` last brought it."""
        return self._convert(None)

    def to(self, device: torch.device | str) -> Tensor:
        """The colours on ``device``; a decoded picture is converted there.

        Raises:
            VideoError: the picture's colour matrix is unknown.
        """
        return self._convert(torch.device(device))

    def _convert(self, device: torch.device | None) -> Tensor:
        if self._rgb is None:
            assert self.picture is not None
            self._rgb = picture_to_rgb(self.picture, device=device or "cpu")
        elif device is not None:
            self._rgb = self._rgb.to(device)
        return self._rgb

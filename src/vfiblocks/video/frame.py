"""One frame of a video: a moment, and a picture that is YUV, RGB or both."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.video.layouts import planar_layout
from vfiblocks.video.pixels import picture_to_alpha, picture_to_rgb
from vfiblocks.video.thumbnail import picture_thumbnail, rgb_thumbnail

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
        alpha: (1, H, W) opacity in [0, 1] of a made frame; None if it is opaque. A decoded frame
            has that of its picture.
        bits: bits per sample a made frame is worth; a decoded one knows its own.

    Attributes:
        starts_shot: whether a scene begins here; nothing before it has to do with it.
        repeats: later times at which the source showed this very frame again and which were left
            out, so that something new can be made for them.

    Raises:
        InputError: neither or both of ``picture`` and ``rgb`` are given, or ``rgb`` or
            ``alpha`` has another shape.

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
        alpha: Tensor | None = None,
        bits: int = 8,
    ) -> None:
        if (picture is None) == (rgb is None):
            raise InputError("a frame needs either a decoded picture or an RGB tensor")
        if rgb is not None and (rgb.ndim != 3 or rgb.shape[0] != 3):
            raise InputError(f"a frame's RGB tensor must be (3, H, W), got {tuple(rgb.shape)}")
        if alpha is not None and (rgb is None or alpha.shape != (1, *rgb.shape[1:])):
            raise InputError(
                "the opacity of a made frame must be (1, H, W) like its RGB tensor, got "
                f"{tuple(alpha.shape)}"
            )
        self.pts = pts
        self.picture = picture
        self.starts_shot = False
        self.repeats: tuple[Fraction, ...] = ()
        self._bits = bits
        self._rgb = rgb
        self._alpha = alpha
        self._thumbnail: np.ndarray[Any, np.dtype[np.uint8]] | None = None

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

    @property
    def alpha(self) -> Tensor | None:
        """(1, H, W) opacity in [0, 1], None for a frame without; colours are not multiplied by it.

        The exception is EXR, where they are; see :mod:`vfiblocks.video.light`.
        """
        if self._alpha is None and self.picture is not None:
            self._alpha = picture_to_alpha(self.picture)
        return self._alpha

    def to(self, device: torch.device | str) -> Tensor:
        """The colours on ``device``; a decoded picture is converted there.

        Raises:
            VideoError: the picture's colour matrix is unknown.
        """
        return self._convert(torch.device(device))

    @property
    def bits(self) -> int:
        """Bits per sample, 8 to 16."""
        return self._bits if self.picture is None else planar_layout(self.picture.format.name).bits

    def numpy(self) -> np.ndarray[Any, Any]:
        """(H, W, 3) RGB, a copy: uint8 up to 255, or uint16 up to 65535 for more than 8 bits.

        >>> Frame(Fraction(0), rgb=torch.ones(3, 4, 6)).numpy().shape
        (4, 6, 3)
        """
        top, kind = (255, np.uint8) if self.bits == 8 else (65535, np.uint16)
        levels = (self.rgb.detach().float().clamp(0, 1) * top).round()
        rows: np.ndarray[Any, Any] = levels.permute(1, 2, 0).cpu().numpy().astype(kind)
        return np.ascontiguousarray(rows)

    @property
    def thumbnail(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """A small (h, w, 3) BGR copy to compare frames by, made when first asked for."""
        if self._thumbnail is None:
            if self.picture is not None:
                self._thumbnail = picture_thumbnail(self.picture)
            else:
                assert self._rgb is not None
                self._thumbnail = rgb_thumbnail(self._rgb)
        return self._thumbnail

    def at(self, pts: Fraction) -> Frame:
        """The same picture shown at another time; the frame itself if that is its own time.

        >>> frame = Frame(Fraction(0), rgb=torch.zeros(3, 4, 6))
        >>> frame.at(Fraction(0)) is frame, frame.at(Fraction(1)).rgb is frame.rgb
        (True, True)
        """
        if pts == self.pts:
            return self
        twin = copy.copy(self)
        twin.pts = pts
        return twin

    def _convert(self, device: torch.device | None) -> Tensor:
        if self._rgb is None:
            assert self.picture is not None
            self._rgb = picture_to_rgb(self.picture, device=device or "cpu")
        elif device is not None:
            self._rgb = self._rgb.to(device)
        return self._rgb


def blend_alpha(before: Frame, after: Frame, time: float) -> Tensor | None:
    """The opacity of a frame made between two: theirs, mixed by time.

    Args:
        before: the frame before.
        after: the frame after.
        time: 0 at ``before``, 1 at ``after``.

    Returns:
        (1, H, W) in [0, 1], or None if both frames are opaque.

    Example:
        >>> clear, solid = (
        ...     Frame(Fraction(i), rgb=torch.zeros(3, 2, 2), alpha=torch.full((1, 2, 2), float(i)))
        ...     for i in range(2)
        ... )
        >>> blend_alpha(clear, solid, 0.25).unique().item()
        0.25
    """
    first, second = before.alpha, after.alpha
    if first is None and second is None:
        return None
    if first is None or second is None:
        known = first if first is not None else second
        assert known is not None
        opaque = torch.ones_like(known)
        first = opaque if first is None else first
        second = opaque if second is None else second
    return torch.lerp(first, second.to(first.device), time)

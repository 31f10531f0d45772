"""YUV and RGB: the matrices, ranges and roundings of video, in floating point.

Two steps that never mix: *levels* (the integers in the file) become a *signal* (Y' in [0, 1],
Cb and Cr in [-0.5, 0.5]), and the signal becomes R'G'B'. Both are inverted exactly, so a picture
that is read and written back unchanged keeps its integers. Transfer functions and primaries are
left alone: interpolation happens in the coded, gamma-compressed space, as every trained model
expects.

Sources: ITU-T H.273 (matrix codes and range formulas), ITU-R BT.601, BT.709, BT.2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vfiblocks.errors import VideoError

RGB = 0  # the matrix code of pictures that are no YUV at all
UNSPECIFIED = 2
FULL_RANGE = 2  # FFmpeg's AVCOL_RANGE_JPEG; 1 is limited, 0 unspecified
LIMITED_RANGE = 1

# H.273 MatrixCoefficients -> (KR, KB)
_LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470 B/G, the 625-line BT.601
    6: (0.299, 0.114),  # SMPTE 170M, the 525-line BT.601
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}


def matrix_of(code: int, width: int, height: int) -> int:
    """The matrix to use for a stream tagged ``code``: itself, or a guess where it is unspecified.

    The guess is that of common players: BT.709 for anything larger than PAL, BT.601 otherwise.

    Args:
        code: H.273 MatrixCoefficients, 2 for unspecified.
        width: picture width in pixels.
        height: picture height in pixels.

    Raises:
        VideoError: the tagged matrix is one this module has no formula for (YCgCo, ICtCp, ...).

    Example:
        >>> matrix_of(2, 640, 480), matrix_of(2, 1920, 1080), matrix_of(9, 640, 480)
        (6, 1, 9)
    """
    if code == UNSPECIFIED:
        return 1 if width >= 1280 or height > 576 else 6
    if code not in _LUMA_WEIGHTS:
        known = ", ".join(map(str, _LUMA_WEIGHTS))
        raise VideoError(
            f"the video uses colour matrix {code} (ITU-T H.273), which cannot be converted to RGB; "
            f"known are {known}; re-encode it to BT.709 first"
        )
    return code


@dataclass(frozen=True)
class Levels:
    """How integers stand for a signal: how many bits, and full or limited range.

    Args:
        bits: bits per sample, 8 to 16.
        full: True if 0 and 2^bits - 1 are black and white, False if 16 and 235 (at 8 bits) are.

    Example:
        >>> Levels(bits=8, full=False).luma_signal(torch.tensor([16.0, 235.0]))
        tensor([0., 1.])
    """

    bits: int
    full: bool

    def luma_signal(self, levels: Tensor) -> Tensor:
        """Levels of Y' (or of R', G', B') as a signal in [0, 1], limited overshoots included."""
        offset, span = self._luma()
        return (levels - offset).div_(span)

    def chroma_signal(self, levels: Tensor) -> Tensor:
        """Levels of Cb or Cr as a signal in [-0.5, 0.5]."""
        offset, span = self._chroma()
        return (levels - offset).div_(span)

    def luma_levels(self, signal: Tensor) -> Tensor:
        """The nearest levels to a Y' signal; whole numbers in a float tensor."""
        offset, span = self._luma()
        return self._round((signal * span).add_(offset))

    def chroma_levels(self, signal: Tensor) -> Tensor:
        """The nearest levels to a Cb or Cr signal."""
        offset, span = self._chroma()
        return self._round((signal * span).add_(offset))

    def _luma(self) -> tuple[float, float]:
        if self.full:
            return 0.0, 2.0**self.bits - 1
        unit = 2.0 ** (self.bits - 8)
        return 16 * unit, 219 * unit

    def _chroma(self) -> tuple[float, float]:
        middle = 2.0 ** (self.bits - 1)
        return middle, 2.0**self.bits - 1 if self.full else 224 * 2.0 ** (self.bits - 8)

    def _round(self, levels: Tensor) -> Tensor:
        return levels.round_().clamp_(0, 2**self.bits - 1)


def yuv_to_rgb(yuv: Tensor, matrix: int) -> Tensor:
    """A Y'CbCr signal as R'G'B', not clamped.

    Args:
        yuv: (..., 3, H, W), Y' in [0, 1], Cb and Cr in [-0.5, 0.5].
        matrix: H.273 code from :func:`matrix_of`.

    Example:
        >>> grey = torch.tensor([0.5, 0.0, 0.0]).reshape(3, 1, 1)
        >>> yuv_to_rgb(grey, matrix=1).flatten().tolist()
        [0.5, 0.5, 0.5]
    """
    kr, kb = _LUMA_WEIGHTS[matrix]
    kg = 1 - kr - kb
    y, cb, cr = yuv.unbind(-3)
    red = y.add(cr, alpha=2 * (1 - kr))
    blue = y.add(cb, alpha=2 * (1 - kb))
    green = y.add(cb, alpha=-2 * kb * (1 - kb) / kg).add_(cr, alpha=-2 * kr * (1 - kr) / kg)
    return torch.stack((red, green, blue), dim=-3)


def rgb_to_yuv(rgb: Tensor, matrix: int) -> Tensor:
    """The inverse of :func:`yuv_to_rgb`; (..., 3, H, W) in and out.

    >>> rgb = torch.rand(3, 4, 4)
    >>> bool(torch.allclose(yuv_to_rgb(rgb_to_yuv(rgb, 9), 9), rgb, atol=1e-6))
    True
    """
    kr, kb = _LUMA_WEIGHTS[matrix]
    red, green, blue = rgb.unbind(-3)
    y = (kr * red).add_(green, alpha=1 - kr - kb).add_(blue, alpha=kb)
    cb, cr = (blue - y).div_(2 * (1 - kb)), (red - y).div_(2 * (1 - kr))
    return torch.stack((y, cb, cr), dim=-3)

"""Small copies of frames, to compare neighbours by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor
from torch.nn.functional import interpolate

if TYPE_CHECKING:
    import av

LONGEST_SIDE = 256  # what cut detectors are tuned for; averaging also removes most coding noise


def picture_thumbnail(picture: av.VideoFrame) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A decoded picture as (h, w, 3) BGR of 8 bits, averaged down to 256 on its longer side."""
    width, height = small_size(picture.width, picture.height)
    # Colours need not be exact here, so FFmpeg's scaler does it all in one pass
    small = picture.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def rgb_thumbnail(rgb: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The same of (3, H, W) in [0, 1]."""
    width, height = small_size(rgb.shape[-1], rgb.shape[-2])
    small = interpolate(rgb[None].float(), size=(height, width), mode="area")[0]
    levels = (small.clamp(0, 1) * 255).round().byte().flip(0).permute(1, 2, 0)
    return np.asarray(levels.contiguous().cpu().numpy(), dtype=np.uint8)


def small_size(width: int, height: int) -> tuple[int, int]:
    """A size no longer than 256 with the same proportions.

    >>> small_size(1920, 1080), small_size(64, 48)
    ((256, 144), (64, 48))
    """
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))

"""Packed RGB and planar GBR: the same samples in another order.

FFmpeg's scaler can do this as well, but not in every version without touching the opacity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vfiblocks.video._av import import_av

# Packed format -> the planar one (in the order green, blue, red, alpha) and where its samples lie;
# None is a sample that means nothing.
_ORDERS: dict[str, tuple[str, str, tuple[int | None, ...]]] = {
    "rgb24": ("gbrp", "u1", (2, 0, 1)),
    "bgr24": ("gbrp", "u1", (1, 0, 2)),
    "rgb0": ("gbrp", "u1", (2, 0, 1, None)),
    "bgr0": ("gbrp", "u1", (1, 0, 2, None)),
    "rgba": ("gbrap", "u1", (2, 0, 1, 3)),
    "bgra": ("gbrap", "u1", (1, 0, 2, 3)),
    "argb": ("gbrap", "u1", (3, 2, 0, 1)),
    "abgr": ("gbrap", "u1", (3, 1, 0, 2)),
    "rgb48le": ("gbrp16le", "<u2", (2, 0, 1)),
    "rgb48be": ("gbrp16le", ">u2", (2, 0, 1)),
    "rgba64le": ("gbrap16le", "<u2", (2, 0, 1, 3)),
    "rgba64be": ("gbrap16le", ">u2", (2, 0, 1, 3)),
}


def rearranged(picture: Any, pix_fmt: str) -> Any:
    """A picture with its samples in another order, or None where that is not known here.

    >>> picture = import_av().VideoFrame.from_ndarray(np.full((1, 1, 3), (1, 2, 3), np.uint8))
    >>> [bytes(plane)[0] for plane in rearranged(picture, "gbrp").planes]
    [2, 3, 1]
    >>> rearranged(picture, "yuv444p") is None
    True
    """
    name = picture.format.name
    packed, planar = (name, pix_fmt) if name in _ORDERS else (pix_fmt, name)
    if _ORDERS.get(packed, ("",))[0] != planar:
        return None
    _, item, order = _ORDERS[packed]
    other = import_av().VideoFrame(picture.width, picture.height, pix_fmt)
    mixed, apart = (picture, other) if packed == name else (other, picture)
    rows = _rows(mixed.planes[0], np.dtype(item), picture.width * len(order))
    pixels = rows.reshape(picture.height, picture.width, len(order))
    for position, index in enumerate(order):
        if index is None:
            if mixed is other:
                pixels[:, :, position] = np.iinfo(rows.dtype).max
            continue
        plane = _rows(apart.planes[index], np.dtype(item).newbyteorder("<"), picture.width)
        if mixed is other:
            pixels[:, :, position] = plane
        else:
            plane[...] = pixels[:, :, position]
    return other


def _rows(plane: Any, item: np.dtype[Any], samples: int) -> np.ndarray[Any, Any]:
    """A plane as an array that shares its memory, without what pads its rows."""
    stride = int(plane.line_size)
    rows = np.frombuffer(plane, item).reshape(plane.height, abs(stride) // item.itemsize)
    return (rows if stride > 0 else rows[::-1])[:, :samples]

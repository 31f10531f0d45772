"""Half-resolution chroma: bilinear upsampling, and the downsampling that exactly undoes it.

An interpolated frame sits between two source frames that never left YUV. If reading chroma and
writing it back blurred it only a little, every second frame would be a little greyer, and the
video would flicker. So the two filters here are a pair: down(up(x)) = x. Up is bilinear; down is
the short symmetric kernel that inverts it, which for co-sited samples is the low-pass of the
LeGall 5/3 wavelet.

Siting is that of MPEG-2, H.264, HEVC and VP9 unless they say otherwise: horizontally a chroma
sample lies on every even luma column, vertically it lies midway between two luma rows. Borders
replicate.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

_COSITED_INVERSE = (-1 / 8, 2 / 8, 6 / 8, 2 / 8, -1 / 8)  # taps at 2i - 2 ... 2i + 2
_CENTRED_INVERSE = (-1 / 4, 3 / 4, 3 / 4, -1 / 4)  # taps at 2i - 1 ... 2i + 2


def upsample_chroma(chroma: Tensor, height: int, width: int) -> Tensor:
    """Bring chroma to the size of luma.

    Args:
        chroma: (..., h, w) with h = height or ceil(height / 2), and w likewise.
        height: rows of the luma plane.
        width: columns of the luma plane.

    Returns:
        (..., height, width).

    Example:
        >>> upsample_chroma(torch.tensor([[0.0, 1.0]]), height=1, width=4)
        tensor([[0.0000, 0.5000, 1.0000, 1.0000]])
    """
    if chroma.shape[-1] != width:
        chroma = _double_cosited(chroma)[..., :width]
    if chroma.shape[-2] != height:
        chroma = _double_centred(chroma.mT)[..., :height].mT
    return chroma


def downsample_chroma(chroma: Tensor, height: int, width: int) -> Tensor:
    """Bring chroma at luma size to (height, width), each the same or half of it, rounded up.

    >>> small = torch.rand(3, 5)
    >>> bool(torch.allclose(downsample_chroma(upsample_chroma(small, 6, 10), 3, 5), small))
    True
    """
    if chroma.shape[-2] != height:
        chroma = _halve(chroma.mT, _CENTRED_INVERSE, before=1).mT
    if chroma.shape[-1] != width:
        chroma = _halve(chroma, _COSITED_INVERSE, before=2)
    return chroma


def _double_cosited(x: Tensor) -> Tensor:
    following = torch.cat((x[..., 1:], x[..., -1:]), dim=-1)
    return rearrange(torch.stack((x, (x + following) / 2), -1), "... w two -> ... (w two)")


def _double_centred(x: Tensor) -> Tensor:
    preceding = torch.cat((x[..., :1], x[..., :-1]), dim=-1)
    following = torch.cat((x[..., 1:], x[..., -1:]), dim=-1)
    pair = torch.stack((0.75 * x + 0.25 * preceding, 0.75 * x + 0.25 * following), -1)
    return rearrange(pair, "... w two -> ... (w two)")


def _halve(x: Tensor, taps: tuple[float, ...], *, before: int) -> Tensor:
    """Every second sample of ``x`` filtered along the last axis, borders replicated."""
    size = (x.shape[-1] + 1) // 2
    after = 2 * (size - 1) + len(taps) - before - x.shape[-1]
    first = x[..., :1].expand(*x.shape[:-1], before)
    last = x[..., -1:].expand(*x.shape[:-1], after)
    padded = torch.cat((first, x, last), dim=-1)
    out = torch.zeros_like(x[..., :size])
    for offset, tap in enumerate(taps):
        out += tap * padded[..., offset : offset + 2 * size - 1 : 2]
    return out

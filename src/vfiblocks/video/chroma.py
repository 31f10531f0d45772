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
        chroma = _double_centred(chroma)[..., :height, :]
    return chroma


def downsample_chroma(chroma: Tensor, height: int, width: int) -> Tensor:
    """Bring chroma at luma size to (height, width), each the same or half of it, rounded up.

    >>> small = torch.rand(3, 5)
    >>> bool(torch.allclose(downsample_chroma(upsample_chroma(small, 6, 10), 3, 5), small))
    True
    """
    if chroma.shape[-2] != height:
        chroma = _halve(chroma, _CENTRED_INVERSE, before=1, dim=-2)
    if chroma.shape[-1] != width:
        chroma = _halve(chroma, _COSITED_INVERSE, before=2, dim=-1)
    return chroma


def _double_cosited(x: Tensor) -> Tensor:
    following = torch.cat((x[..., 1:], x[..., -1:]), dim=-1)
    return rearrange(torch.stack((x, (x + following) / 2), -1), "... w two -> ... (w two)")


def _double_centred(x: Tensor) -> Tensor:
    preceding = torch.cat((x[..., :1, :], x[..., :-1, :]), dim=-2)
    following = torch.cat((x[..., 1:, :], x[..., -1:, :]), dim=-2)
    mostly = 0.75 * x
    pair = torch.stack(
        (mostly.add(preceding, alpha=0.25), mostly.add(following, alpha=0.25)), dim=-2
    )
    return rearrange(pair, "... h two w -> ... (h two) w")


def _halve(x: Tensor, taps: tuple[float, ...], *, before: int, dim: int) -> Tensor:
    """Every second sample of ``x`` filtered along one axis, borders replicated."""
    size = (x.shape[dim] + 1) // 2
    after = 2 * (size - 1) + len(taps) - before - x.shape[dim]
    first, last = x.narrow(dim, 0, 1), x.narrow(dim, -1, 1)
    padded = torch.cat((*[first] * before, x, *[last] * after), dim=dim)
    # Half the samples apart in memory, so that every tap reads them one after the other
    phases = [_every_second(padded, start, dim) for start in (0, 1)]
    out = torch.zeros_like(phases[0].narrow(dim, 0, size))
    for offset, tap in enumerate(taps):
        out.add_(phases[offset % 2].narrow(dim, offset // 2, size), alpha=tap)
    return out


def _every_second(x: Tensor, start: int, dim: int) -> Tensor:
    return (x[..., start::2, :] if dim == -2 else x[..., start::2]).contiguous()

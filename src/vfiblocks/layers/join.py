"""Several maps joined to one."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn

SLICE = 2**20
"""Bytes worked on at a time, so that what is written is still near when it is read."""


class Join(nn.Module):
    """Concatenation along the channels; a module, so that it can be exchanged.

    >>> import torch
    >>> Join()(torch.rand(1, 3, 4, 6), torch.rand(1, 1, 4, 6)).shape
    torch.Size([1, 4, 4, 6])
    """

    def forward(self, *pieces: Tensor) -> Tensor:
        """(B, C, H, W) each, to (B, sum of C, H, W)."""
        return torch.cat(pieces, dim=1) if len(pieces) > 1 else pieces[0]

    def for_inference(self, *, channels_last: bool) -> nn.Module:
        """See :func:`vfiblocks.optimize`."""
        return JoinChannelsLast() if channels_last else self


class JoinChannelsLast(nn.Module):
    """The same, with the result in channels-last order whatever order the pieces have.

    ``torch.cat`` makes planes of mixed pieces, and the convolution behind it turns them back: two
    more copies, and the first of them slow.

    >>> x = JoinChannelsLast()(torch.rand(1, 3, 4, 6), torch.rand(1, 1, 4, 6))
    >>> x.is_contiguous(memory_format=torch.channels_last)
    True
    """

    def forward(self, *pieces: Tensor) -> Tensor:
        """(B, C, H, W) each, to (B, sum of C, H, W)."""
        if len(pieces) == 1 or torch.compiler.is_compiling():
            return torch.cat(pieces, dim=1).contiguous(memory_format=torch.channels_last)
        first, channels = pieces[0], [piece.shape[1] for piece in pieces]
        joined = torch.empty(
            (first.shape[0], sum(channels), *first.shape[2:]),
            dtype=reduce(torch.promote_types, (piece.dtype for piece in pieces)),
            device=first.device,
            memory_format=torch.channels_last,
        )
        if all(piece.is_contiguous() for piece in pieces):  # planes join faster than pixels do
            count = max(1, round(joined.nbytes / SLICE))
            for part, *parts in zip(
                *(x.chunk(count, dim=2) for x in (joined, *pieces)), strict=True
            ):
                part.copy_(torch.cat(parts, dim=1))
        else:
            start = 0
            for piece, count in zip(pieces, channels, strict=True):
                joined.narrow(1, start, count).copy_(piece)
                start += count
        return joined

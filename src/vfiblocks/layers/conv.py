"""Convolutions with their activation, as the field writes them."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLICE = 2**20
"""Bytes worked on at a time, so that what is written is still near when it is read."""


def conv3x3(inputs: int, outputs: int, *, stride: int = 1, slope: float = 0.1) -> nn.Sequential:
    """3x3 convolution and LeakyReLU; size / stride.

    In place: the convolution's output is not kept, which is a third of the activation memory of a
    training step.

    >>> import torch
    >>> conv3x3(3, 8, stride=2)(torch.rand(1, 3, 6, 4)).shape
    torch.Size([1, 8, 3, 2])
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1), nn.LeakyReLU(slope, inplace=True)
    )


class ConvPReLU(nn.Sequential):
    """A convolution, transposed or not, and PReLU with one slope per channel."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__(conv, nn.PReLU(conv.out_channels))

    def for_inference(self, *, channels_last: bool) -> nn.Module:
        """See :func:`vfiblocks.optimize`."""
        conv, prelu = self
        return nn.Sequential(conv, InPlacePReLU(cast(nn.PReLU, prelu).weight))


class InPlacePReLU(nn.Module):
    """PReLU that overwrites what it reads, for inference only.

    PyTorch has none in place, and a fresh full-size map costs more than computing on it: beyond 32
    MB the C library asks the system for it anew each time, page by page. Small maps do not mind.

    >>> x = torch.tensor([-1.0, 2.0]).view(1, 2, 1, 1)
    >>> InPlacePReLU(torch.tensor([0.5, 0.5]))(x).flatten()
    tensor([-0.5000,  2.0000])
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach())
        self.weight: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """The same (B, C, H, W) tensor, changed; a new one if it is small."""
        if x.nbytes < 4 * SLICE or torch.compiler.is_compiling():
            return F.prelu(x, self.weight)
        for rows in x.chunk(round(x.nbytes / SLICE), dim=2):
            rows.copy_(F.prelu(rows, self.weight))
        return x


def conv_prelu(inputs: int, outputs: int, *, stride: int = 1) -> ConvPReLU:
    """3x3 convolution and PReLU with one slope per channel (RIFE's building block).

    >>> import torch
    >>> conv_prelu(3, 8)(torch.rand(1, 3, 6, 4)).shape
    torch.Size([1, 8, 6, 4])
    """
    return ConvPReLU(nn.Conv2d(inputs, outputs, 3, stride, 1))


def deconv_prelu(inputs: int, outputs: int) -> ConvPReLU:
    """4x4 transposed convolution that doubles the size, and PReLU (RIFE's decoder block).

    >>> import torch
    >>> deconv_prelu(3, 8)(torch.rand(1, 3, 6, 4)).shape
    torch.Size([1, 8, 12, 8])
    """
    return ConvPReLU(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1))

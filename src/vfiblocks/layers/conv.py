"""Convolutions with their activation, as the field writes them."""

from __future__ import annotations

from torch import nn


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


def conv_prelu(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    """3x3 convolution and PReLU with one slope per channel (RIFE's building block).

    >>> import torch
    >>> conv_prelu(3, 8)(torch.rand(1, 3, 6, 4)).shape
    torch.Size([1, 8, 6, 4])
    """
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.PReLU(outputs))


def deconv_prelu(inputs: int, outputs: int) -> nn.Sequential:
    """4x4 transposed convolution that doubles the size, and PReLU (RIFE's decoder block).

    >>> import torch
    >>> deconv_prelu(3, 8)(torch.rand(1, 3, 6, 4)).shape
    torch.Size([1, 8, 12, 8])
    """
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.PReLU(outputs))

"""Between feature maps and tokens."""

from __future__ import annotations

from torch import nn


class PatchEmbed(nn.Conv2d):
    """One token per ``patch`` x ``patch`` cell (LIFT-15 section 3.4).

    Linear, so the image of a positional encoding may be added after it as well as before.

    Example:
        >>> import torch
        >>> PatchEmbed(8, 16, patch=2)(torch.rand(1, 8, 6, 4)).shape
        torch.Size([1, 16, 3, 2])
    """

    def __init__(self, channels: int, dim: int, *, patch: int) -> None:
        super().__init__(channels, dim, patch, patch)


class PatchUnembed(nn.ConvTranspose2d):
    """The way back: one ``patch`` x ``patch`` cell per token (DECISIONS 5).

    Example:
        >>> import torch
        >>> PatchUnembed(16, 8, patch=2)(torch.rand(1, 16, 3, 2)).shape
        torch.Size([1, 8, 6, 4])
    """

    def __init__(self, dim: int, channels: int, *, patch: int) -> None:
        super().__init__(dim, channels, patch, patch)

"""Made inputs: the same on every machine, and as smooth as real pictures and motion are.

Random noise would be unfair: warping reads memory along the flow, and optical flow on noise finds
nothing and stops early.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def texture(channels: int, height: int, width: int) -> Tensor:
    """(1, C, H, W) in [0, 1]: noise at several scales."""
    generator = torch.Generator().manual_seed(0)
    layers = []
    for cell in (4, 16, 64):
        grid = (1, channels, height // cell + 2, width // cell + 2)
        coarse = torch.rand(grid, generator=generator)
        layers.append(F.interpolate(coarse, size=(height, width), mode="bicubic"))
    return torch.stack(layers).mean(dim=0).clamp(0.0, 1.0)


def clip(frames: int, height: int, width: int, *, step: int = 2) -> Tensor:
    """(1, T, 3, H, W): a texture that moves ``step`` pixels to the left from frame to frame."""
    wide = texture(3, height, width + step * (frames - 1))
    shots = [wide[..., step * t : step * t + width] for t in range(frames)]
    return torch.stack(shots, dim=1).contiguous()


def smooth_flow(height: int, width: int, *, reach: float = 8.0) -> Tensor:
    """(1, 2, H, W) in pixels, (dx, dy): waves of up to ``reach`` pixels, nowhere whole-numbered."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    dx = torch.sin(x / 40.0 + y / 60.0)
    dy = torch.cos(x / 50.0 - y / 30.0)
    return reach * torch.stack((dx, dy))[None]

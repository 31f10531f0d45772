"""How close warping comes to the speed of memory, and what splatting costs beside it."""

from __future__ import annotations

import pytest
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from benchmarks.conftest import Compare
from benchmarks.inputs import smooth_flow, texture
from benchmarks.measure import significant
from vfiblocks.ops import backward_warp, splat_softmax

# Pictures, s1 features and s4 features of the LIFT-15 encoder, at its training size and at 720p.
MAPS = [(3, 256, 448), (32, 256, 448), (128, 64, 112), (3, 720, 1280), (32, 720, 1280),
        (128, 180, 320)]  # fmt: skip


@pytest.mark.parametrize(("channels", "height", "width"), MAPS)
def test_warp_against_memory(compare: Compare, channels: int, height: int, width: int) -> None:
    """Per pixel: one read and one write per channel, and 8 bytes of flow.

    C + 1 channels copied move exactly as many bytes: 8 C + 8. The copy into memory at hand is the
    bound; the one into fresh memory pays what any operation pays that returns a new tensor.
    """
    image, flow = texture(channels, height, width), smooth_flow(height, width)
    source, target, other = torch.rand(3, channels + 1, height, width).unbind()
    grid = _corner_aligned_grid(flow)
    found = compare(
        "backward_warp against a copy of the same bytes",
        {
            "copy": lambda: target.copy_(source),
            "copy into fresh memory": other.clone,  # not of one that the cache still holds
            "grid_sample, its grid ready": lambda: F.grid_sample(
                image, grid, padding_mode="border", align_corners=True
            ),
            "grid_sample, channels as a batch": lambda: _over_batch(image, grid),
            "backward_warp": lambda: backward_warp(image, flow),
        },
        size=f"{height}x{width}",
        case=f"{channels} channels",
        tolerance=1e-4,  # float32 coordinates of up to 1280 are good to 1e-4 pixels
        apart=("copy", "copy into fresh memory"),
        rounds=41,
    )
    moved = (8 * channels + 8) * height * width
    for row in found.rows:
        row["bytes_per_second"] = significant(moved / row["seconds"])


@pytest.mark.parametrize(("channels", "height", "width"), MAPS)
def test_splat_against_warp(compare: Compare, channels: int, height: int, width: int) -> None:
    values, flow = texture(channels, height, width), smooth_flow(height, width)
    metric = texture(1, height, width)
    _check_that_splat_inverts_warp(values, metric)
    compare(
        "splat_softmax against backward_warp",
        {
            "backward_warp": lambda: backward_warp(values, flow),
            "splat_softmax": lambda: splat_softmax(values, flow, metric),
        },
        size=f"{height}x{width}",
        case=f"{channels} channels",
        apart=("splat_softmax",),
        rounds=11,
    )


def _check_that_splat_inverts_warp(values: Tensor, metric: Tensor) -> None:
    """Along a whole-numbered flow every pixel lands on one pixel, where warping finds it again."""
    flow = torch.tensor([5.0, -3.0]).view(1, 2, 1, 1).expand(1, 2, *values.shape[-2:])
    back = backward_warp(splat_softmax(values, flow, metric).values, flow)
    interior = (..., slice(3, -3), slice(5, -5))
    torch.testing.assert_close(back[interior], values[interior], atol=1e-4, rtol=0)


def _over_batch(image: Tensor, grid: Tensor) -> Tensor:
    """Groups of channels as entries of a batch, the only axis that torch spreads over threads."""
    groups = next(n for n in (torch.get_num_threads(), 3, 1) if image.shape[1] % n == 0)
    warped = F.grid_sample(
        rearrange(image, "1 (g c) h w -> g c h w", g=groups),
        grid.expand(groups, -1, -1, -1),
        padding_mode="border",
        align_corners=True,
    )
    return rearrange(warped, "g c h w -> 1 (g c) h w")


def _corner_aligned_grid(flow: Tensor) -> Tensor:
    """The sampling grid written the other way round than in ``vfiblocks.ops``: by linspace."""
    height, width = flow.shape[-2:]
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
    )
    scale = torch.tensor([2 / (width - 1), 2 / (height - 1)])
    return torch.stack((x, y), dim=-1)[None] + flow.permute(0, 2, 3, 1) * scale

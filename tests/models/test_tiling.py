"""Tiles cover, fade into each other, follow large motion and give the model's own picture."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks import Interpolator, Window, build_model
from vfiblocks.errors import InputError
from vfiblocks.metrics import psnr
from vfiblocks.tiling import Place, Tiled, places

MIDDLE = Window.even(1, 1)


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(20, 90), st.integers(20, 90)),
    st.integers(0, 9),
)
def test_tiles_cover_every_pixel_and_their_weights_are_positive(
    size: tuple[int, int], tile: tuple[int, int], overlap: int
):
    weights = torch.zeros(1, 1, *size)
    for place in places(size, tile, overlap):
        assert place.top >= 0
        assert place.left >= 0
        assert place.top + place.height <= size[0]
        assert place.left + place.width <= size[1]
        assert place.above == 0 or place.above >= overlap
        weights[..., place.rows, place.columns] += place.weight(weights)
    assert weights.min() > 0


@pytest.fixture(scope="module")
def classical() -> Interpolator:
    return build_model("classical").eval()


def scenery(height: int, width: int) -> Tensor:
    """A picture with structure at several scales and no repetition."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.zeros(1, 3, height, width)
    for cell in (6, 16, 48):
        grid = torch.rand(1, 3, height // cell + 2, width // cell + 2, generator=generator)
        picture += F.interpolate(grid, size=(height, width), mode="bicubic")
    return (picture[0] / 3).clamp(0, 1)


def panning(by: int, height: int = 200, width: int = 300) -> tuple[Tensor, Tensor]:
    """Two frames that a camera passes at ``2 * by`` pixels a frame, and the one between."""
    scene = scenery(height, width + 4 * by)
    left, middle, right = (scene[..., k * by : k * by + width] for k in (0, 1, 2))
    return torch.stack((left, right))[None], middle


def test_a_frame_that_fits_is_made_as_ever(classical: Interpolator):
    frames, _ = panning(2, 60, 90)
    tiled = Tiled(classical, tile=(64, 96), overlap=8)
    assert torch.equal(tiled(frames, MIDDLE).image, classical(frames, MIDDLE).image)


def test_tiles_follow_motion_that_leaves_them(classical: Interpolator):
    frames, truth = panning(24)  # 48 pixels from frame to frame, in tiles of 96
    seen = slice(60, -60)  # what both frames show
    tiled = Tiled(classical, tile=(96, 96), overlap=24)(frames, MIDDLE).image[0]
    assert psnr(tiled[..., seen], truth[..., seen]) > 40
    still = Place(0, 100, 96, 96, 0, 0, 0, 0)
    alone = torch.stack([f[..., still.rows, still.columns] for f in frames[0]])[None]
    blind = classical(alone, MIDDLE).image[0]
    assert psnr(blind, truth[..., still.rows, still.columns]) < 30


def test_no_seam_is_seen(classical: Interpolator):
    frames, truth = panning(6)
    made = Tiled(classical, tile=(96, 96), overlap=24)(frames, MIDDLE).image[0]
    assert (made - truth)[..., 20:-20].abs().max() < 0.5 / 255


@torch.no_grad()
def test_context_batches_missing_frames_and_times():
    model = build_model("lift15-tiny").eval()
    tiled = Tiled(model, tile=(64, 64), overlap=16)
    frames = torch.rand(2, 4, 3, 100, 90)
    valid = torch.tensor([[False, True, True, True], [True, True, True, True]])
    both = tiled(frames, Window.even(2, 2, 0.25), valid).image
    assert both.shape == (2, 3, 100, 90)
    assert both.isfinite().all()
    one = tiled(frames[:1], Window.even(2, 2, 0.25), valid[:1]).image
    torch.testing.assert_close(both[:1], one, rtol=1e-4, atol=1e-5)


def test_an_overlap_that_leaves_nothing(classical: Interpolator):
    with pytest.raises(InputError, match="less than half of their sides"):
        Tiled(classical, tile=(64, 96), overlap=32)

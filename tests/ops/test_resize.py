"""Sizes, block means, and vectors that keep their meaning on another grid."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import resize, resize_flow, shrink, shrink_flow

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 12)
factors = st.integers(1, 5)


def random_maps(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def affine_flow(seed: int, height: int, width: int) -> Tensor:
    """A field dx = a + b x + c y, and dy likewise: zoom, rotation and shear."""
    a, b, c = random_maps(seed, 3, 2, 1, 1).unbind()
    x = torch.arange(width, dtype=torch.float64)
    y = torch.arange(height, dtype=torch.float64)[:, None]
    return a + b * x + c * y


@given(seeds, sides, sides, factors)
def test_shrink_takes_block_means(seed: int, height: int, width: int, factor: int) -> None:
    x = random_maps(seed, 2, 3, factor * height, factor * width)
    blocks = x.unfold(-2, factor, factor).unfold(-2, factor, factor)
    torch.testing.assert_close(shrink(x, factor), blocks.mean((-2, -1)))


@given(seeds, sides, sides, sides, sides)
def test_resize_keeps_constants_range_and_identity(
    seed: int, height: int, width: int, new_height: int, new_width: int
) -> None:
    x = random_maps(seed, 1, 3, height, width)
    resized = resize(x, (new_height, new_width))
    assert resized.shape == (1, 3, new_height, new_width)
    assert resized.min() >= x.min() - 1e-12
    assert resized.max() <= x.max() + 1e-12
    torch.testing.assert_close(resize(x, (height, width)), x)
    flat = torch.full_like(x, 0.3)
    torch.testing.assert_close(
        resize(flat, (new_height, new_width)), flat.new_tensor(0.3).expand_as(resized)
    )


@given(st.floats(-50, 50), st.floats(-50, 50), sides, sides, factors, factors)
def test_resize_flow_scales_constant_vectors(
    u: float, v: float, height: int, width: int, r: int, s: int
) -> None:
    flow = torch.tensor([u, v], dtype=torch.float64).view(2, 1, 1).expand(1, 2, height, width)
    wanted = torch.tensor([s * u, r * v], dtype=torch.float64).view(2, 1, 1)
    resized = resize_flow(flow, (r * height, s * width))
    torch.testing.assert_close(resized, wanted.expand(1, 2, r * height, s * width))


@given(seeds, st.integers(3, 12), st.integers(3, 12), factors)
def test_up_then_down_returns_affine_fields(
    seed: int, height: int, width: int, factor: int
) -> None:
    flow = affine_flow(seed, height, width)
    back = shrink_flow(resize_flow(flow, (factor * height, factor * width)), factor)
    inner = (
        ...,
        slice(1, -1),
        slice(1, -1),
    )  # bilinear interpolation is flat beyond the last centre
    torch.testing.assert_close(back[inner], flow[inner])


@given(seeds, sides, sides, factors)
def test_shrink_flow_divides_by_the_factor(seed: int, height: int, width: int, factor: int) -> None:
    flow = random_maps(seed, 2, 2, factor * height, factor * width)
    torch.testing.assert_close(shrink_flow(flow, factor) * factor, shrink(flow, factor))


def test_convention_pixels_are_areas() -> None:
    """align_corners=False: enlarging twice puts centres at a quarter and three quarters."""
    x = torch.tensor([[[0.0, 4.0]]])
    assert resize(x, (1, 4)).tolist() == [[[0.0, 1.0, 3.0, 4.0]]]


@pytest.mark.parametrize("lead", [(), (2,), (2, 2), (2, 0)])
def test_leading_axes(lead: tuple[int, ...]) -> None:
    flow = torch.rand(*lead, 2, 4, 6)
    assert resize(flow, (8, 9)).shape == (*lead, 2, 8, 9)
    assert resize_flow(flow, (8, 9)).shape == (*lead, 2, 8, 9)
    assert shrink(flow, 2).shape == (*lead, 2, 2, 3)
    assert shrink_flow(flow, 2).shape == (*lead, 2, 2, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_dtype_is_kept_even_under_autocast(dtype: torch.dtype) -> None:
    x = torch.rand(1, 2, 4, 4).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert {resize(x, (8, 8)).dtype, shrink(x, 2).dtype} == {dtype}
        assert {resize_flow(x, (8, 8)).dtype, shrink_flow(x, 2).dtype} == {dtype}


def test_gradients_reach_the_input() -> None:
    flow = random_maps(0, 1, 2, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: resize_flow(f, (6, 7)), (flow,))
    assert torch.autograd.gradcheck(lambda f: shrink_flow(f, 2), (flow,))


class TwiceAsLarge(torch.nn.Module):
    def forward(self, flow: Tensor) -> Tensor:
        return resize_flow(flow, (2 * flow.shape[-2], 2 * flow.shape[-1]))


def test_exports_with_dynamic_sizes() -> None:
    sizes = {2: torch.export.Dim("height", min=2), 3: torch.export.Dim("width", min=2)}
    exported = torch.export.export(
        TwiceAsLarge(), (torch.rand(1, 2, 4, 6),), dynamic_shapes=(sizes,)
    ).module()
    flow = torch.rand(1, 2, 5, 9)
    torch.testing.assert_close(exported(flow), TwiceAsLarge()(flow))


def test_says_what_is_wrong() -> None:
    x = torch.rand(3, 30, 50)
    with pytest.raises(
        InputError,
        match=r"shrink by 4 wants a height and width divisible by 4, got 30x50; "
        r"pad_to_multiple\(x, 4\) makes it so\.",
    ):
        shrink(x, 4)
    with pytest.raises(InputError, match=r"shrink wants a factor of at least 1, got 0"):
        shrink(x, 0)
    with pytest.raises(InputError, match=r"resize wants a size of at least 1x1, got 0x8"):
        resize(x, (0, 8))
    with pytest.raises(
        InputError, match=r"resize_flow wants flow as \(\.\.\., 2, H, W\), got \(3,"
    ):
        resize_flow(x, (60, 100))
    with pytest.raises(InputError, match=r"shrink_flow wants flow as \(\.\.\., 2, H, W\)"):
        shrink_flow(x, 2)
    with pytest.raises(
        InputError, match=r"resize works on floating point tensors, but x is torch\.u"
    ):
        resize(x.to(torch.uint8), (60, 100))

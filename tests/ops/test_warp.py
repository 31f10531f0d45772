"""What a backward warp must do, whatever computes it."""

import itertools
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.ops import backward_warp, backward_warp_shrunk, shrink

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(2, 24)
shifts = st.integers(-30, 30)
dtypes = st.sampled_from([torch.float32, torch.float64])
paddings = st.sampled_from(["border", "zeros"])


def random_maps(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def random_flow(seed: int, height: int, width: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Flow that points inside and outside, up to a picture's size away."""
    unit = random_maps(seed + 1, 1, 2, height, width, dtype=dtype) * 2 - 1
    return unit * torch.tensor([width, height], dtype=dtype).view(2, 1, 1)


def constant_flow(dx: float, dy: float, like: Tensor) -> Tensor:
    vector = torch.tensor([dx, dy], dtype=like.dtype).view(2, 1, 1)
    return vector.expand(*like.shape[:-3], 2, *like.shape[-2:])


def assert_close(got: Tensor, wanted: Tensor, *, roundings: int = 1) -> None:
    """Equal up to the rounding of coordinates, for pictures in [0, 1]."""
    tolerance = roundings * torch.finfo(got.dtype).eps * max(got.shape[-2:])
    torch.testing.assert_close(got, wanted, rtol=0, atol=tolerance)


@given(seeds, sides, sides, dtypes, paddings)
def test_zero_flow_is_the_identity(
    seed: int, height: int, width: int, dtype: torch.dtype, padding: Literal["border", "zeros"]
) -> None:
    image = random_maps(seed, 2, 3, height, width, dtype=dtype)
    assert_close(backward_warp(image, constant_flow(0, 0, image), padding=padding), image)


@given(seeds, sides, sides, shifts, shifts, dtypes)
def test_integer_flow_copies_pixels_and_repeats_the_border(
    seed: int, height: int, width: int, dx: int, dy: int, dtype: torch.dtype
) -> None:
    image = random_maps(seed, 1, 3, height, width, dtype=dtype)
    rows = (torch.arange(height) + dy).clamp(0, height - 1)
    columns = (torch.arange(width) + dx).clamp(0, width - 1)
    warped = backward_warp(image, constant_flow(dx, dy, image))
    assert_close(warped, image[..., rows, :][..., columns])


@given(seeds, sides, sides, shifts, shifts)
def test_zeros_padding_is_a_picture_on_a_black_wall(
    seed: int, height: int, width: int, dx: int, dy: int
) -> None:
    image = random_maps(seed, 1, 1, height, width)
    wall = F.pad(image, (31, 31, 31, 31))
    wanted = wall[..., 31 + dy : 31 + dy + height, 31 + dx : 31 + dx + width]
    assert_close(backward_warp(image, constant_flow(dx, dy, image), padding="zeros"), wanted)


@given(seeds, sides, sides, dtypes)
def test_output_stays_in_the_range_of_the_input(
    seed: int, height: int, width: int, dtype: torch.dtype
) -> None:
    image = random_maps(seed, 1, 3, height, width, dtype=dtype)
    flow = random_flow(seed, height, width, dtype=dtype)
    warped = backward_warp(image, flow)
    rounding = 4 * torch.finfo(dtype).eps
    assert warped.min() >= image.min() - rounding
    assert warped.max() <= image.max() + rounding
    flat = torch.full_like(image, 0.3)
    torch.testing.assert_close(backward_warp(flat, flow), flat, rtol=0, atol=rounding)


@given(seeds, sides, sides, paddings)
def test_linear_in_the_image(
    seed: int, height: int, width: int, padding: Literal["border", "zeros"]
) -> None:
    x, y = random_maps(seed, 2, 1, 3, height, width)
    flow = random_flow(seed, height, width)
    together = backward_warp(0.25 * x - 0.75 * y, flow, padding=padding)
    apart = 0.25 * backward_warp(x, flow, padding=padding) - 0.75 * backward_warp(
        y, flow, padding=padding
    )
    assert_close(together, apart, roundings=4)


@given(seeds, sides, sides, dtypes)
def test_affine_pictures_are_warped_exactly(
    seed: int, height: int, width: int, dtype: torch.dtype
) -> None:
    x = torch.arange(width, dtype=dtype).expand(1, 1, height, width)
    y = torch.arange(height, dtype=dtype)[:, None].expand(1, 1, height, width)
    target = random_maps(seed, 1, 2, height, width, dtype=dtype)
    target = target * torch.tensor([width - 1, height - 1], dtype=dtype).view(2, 1, 1)
    flow = target - torch.cat((x, y), dim=1)
    warped = backward_warp((x / width + y / height) / 2, flow)
    landed = (target[:, :1] / width + target[:, 1:] / height) / 2
    assert_close(warped, landed, roundings=2)


@given(seeds, sides, sides, paddings)
def test_flip_and_transpose_equivariance(
    seed: int, height: int, width: int, padding: Literal["border", "zeros"]
) -> None:
    image = random_maps(seed, 1, 3, height, width)
    flow = random_flow(seed, height, width)
    warped = backward_warp(image, flow, padding=padding)

    mirror = torch.tensor([-1.0, 1.0], dtype=flow.dtype).view(2, 1, 1)
    mirrored = backward_warp(image.flip(-1), (flow * mirror).flip(-1), padding=padding)
    assert_close(mirrored.flip(-1), warped, roundings=2)

    upside_down = backward_warp(image.flip(-2), (flow * -mirror).flip(-2), padding=padding)
    assert_close(upside_down.flip(-2), warped, roundings=2)

    transposed = backward_warp(image.mT, flow.flip(1).mT, padding=padding)
    assert_close(transposed.mT, warped, roundings=2)


@given(seeds, sides, sides, *[st.integers(-6, 6)] * 4)
def test_integer_warps_compose(
    seed: int, height: int, width: int, fx: int, fy: int, gx: int, gy: int
) -> None:
    image = random_maps(seed, 1, 1, height, width)
    f, g = constant_flow(fx, fy, image), constant_flow(gx, gy, image)
    rows = slice(max(0, -gy), max(0, min(height, height - gy)))
    columns = slice(max(0, -gx), max(0, min(width, width - gx)))
    twice = backward_warp(backward_warp(image, f), g)[..., rows, columns]
    once = backward_warp(image, f + g)[..., rows, columns]
    torch.testing.assert_close(twice, once, rtol=0, atol=1e-13)


@given(seeds, st.integers(2, 6), st.integers(2, 6), *[st.integers(-3, 3)] * 2)
def test_warping_commutes_with_shrinking(
    seed: int, height: int, width: int, dx: int, dy: int
) -> None:
    image = random_maps(seed, 1, 3, 4 * height, 4 * width)
    small = shrink(image, 4)
    rows = slice(max(0, -dy), max(0, min(height, height - dy)))
    columns = slice(max(0, -dx), max(0, min(width, width - dx)))
    after = shrink(backward_warp(image, constant_flow(4 * dx, 4 * dy, image)), 4)
    before = backward_warp(small, constant_flow(dx, dy, small))
    torch.testing.assert_close(
        after[..., rows, columns], before[..., rows, columns], rtol=0, atol=1e-13
    )


def test_convention_flow_points_from_the_target_to_the_source() -> None:
    image = torch.zeros(1, 5, 7)
    image[0, 1, 4] = 1.0  # a dot at x = 4, y = 1
    warped = backward_warp(image, constant_flow(3.0, -2.0, image))
    wanted = torch.zeros_like(image)
    wanted[0, 3, 1] = 1.0  # (1, 3) + (3, -2) = (4, 1)
    assert_close(warped, wanted)


@given(seeds, sides, sides)
def test_matches_the_warp_of_rife(seed: int, height: int, width: int) -> None:
    image = random_maps(seed, 1, 3, height, width)
    flow = random_flow(seed, height, width)
    across = torch.linspace(-1, 1, width, dtype=flow.dtype) + flow[:, 0] / ((width - 1) / 2)
    down = torch.linspace(-1, 1, height, dtype=flow.dtype)[:, None]
    down = down + flow[:, 1] / ((height - 1) / 2)
    grid = torch.stack((across, down), dim=-1)
    published = F.grid_sample(image, grid, padding_mode="border", align_corners=True)
    torch.testing.assert_close(backward_warp(image, flow), published, rtol=0, atol=1e-12)


@given(st.integers(1, 4), st.integers(1, 4), paddings)
def test_one_pixel_wide_or_high_is_no_special_case(
    height: int, width: int, padding: Literal["border", "zeros"]
) -> None:
    image = torch.ones(2, 1, height, width, dtype=torch.float64)
    for dx, dy in ((0.0, 0.0), (0.25, 0.0), (0.0, -0.5)):
        warped = backward_warp(image, constant_flow(dx, dy, image), padding=padding)
        wanted = image.clone()
        if padding == "zeros" and dx:
            wanted[..., -1] -= dx
        if padding == "zeros" and dy:
            wanted[..., 0, :] += dy
        assert_close(warped, wanted)


@pytest.mark.parametrize("lead", [(), (3,), (2, 2), (2, 0), (1, 2, 3)])
def test_leading_axes_are_independent_warps(lead: tuple[int, ...]) -> None:
    image = torch.rand(*lead, 3, 4, 5)
    flow = torch.randn(*lead, 2, 4, 5)
    warped = backward_warp(image, flow)
    assert warped.shape == image.shape
    for i in itertools.product(*map(range, lead)):
        torch.testing.assert_close(backward_warp(image[i], flow[i]), warped[i])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_pictures_keep_full_precision_coordinates(dtype: torch.dtype) -> None:
    image = (torch.arange(448) % 2).to(dtype).expand(1, 3, 2, 448)  # stripes one pixel wide
    flow = constant_flow(100.0, 0.0, image)
    warped = backward_warp(image, flow)
    assert warped.dtype == dtype
    wanted = image[..., (torch.arange(448) + 100).clamp(max=447)]
    torch.testing.assert_close(warped, wanted, rtol=0, atol=torch.finfo(dtype).eps)


def test_autocast_does_not_reach_the_coordinates() -> None:
    image = (torch.arange(448) % 2).float().expand(1, 3, 2, 448)
    flow = constant_flow(100.25, 0.0, image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        warped = backward_warp(image, flow)
    assert_close(warped, backward_warp(image, flow))
    assert warped.dtype == torch.float32


@given(seeds, paddings)
def test_gradients(seed: int, padding: Literal["border", "zeros"]) -> None:
    image = random_maps(seed, 1, 2, 4, 5).requires_grad_()
    whole = torch.randint(-2, 3, (1, 2, 4, 5), generator=torch.Generator().manual_seed(seed))
    fraction = 0.1 + 0.8 * random_maps(seed + 1, 1, 2, 4, 5)  # whole numbers are kinks
    flow = (whole + fraction).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, f: backward_warp(x, f, padding=padding), (image, flow), fast_mode=True
    )


@given(seeds, st.integers(1, 4), st.integers(1, 4), st.sampled_from([2, 4, 6, 16]), dtypes)
def test_warping_what_shrinking_reads_is_warping_then_shrinking(
    seed: int, rows: int, columns: int, factor: int, dtype: torch.dtype
) -> None:
    height, width = factor * rows, factor * columns
    image = random_maps(seed, 2, 3, height, width, dtype=dtype)
    flow = random_flow(seed, height, width, dtype=dtype).expand(2, -1, -1, -1)
    whole = F.interpolate(backward_warp(image, flow), size=(rows, columns), mode="bilinear")
    found = backward_warp_shrunk(image, flow, factor)
    tolerance = 4 * torch.finfo(dtype).eps * max(height, width)
    torch.testing.assert_close(found, whole, rtol=0, atol=tolerance)


@pytest.mark.parametrize("factor", [0, 1, 3, 4])
def test_shrinking_while_warping_refuses_what_does_not_divide(factor: int) -> None:
    image, flow = torch.rand(3, 6, 6), torch.zeros(2, 6, 6)
    with pytest.raises(InputError, match=f"an even factor that divides .*, got {factor} for 6x6"):
        backward_warp_shrunk(image, flow, factor)


class Warp(torch.nn.Module):
    def forward(self, image: Tensor, flow: Tensor) -> Tensor:
        return backward_warp(image, flow)


def test_compiles_into_one_graph() -> None:
    image, flow = torch.rand(2, 3, 8, 10), torch.randn(2, 2, 8, 10)
    compiled = torch.compile(backward_warp, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(image, flow), backward_warp(image, flow))


def test_exports_with_dynamic_sizes() -> None:
    sizes = {3: torch.export.Dim("height", min=2), 4: torch.export.Dim("width", min=2)}
    example = (torch.rand(1, 2, 3, 8, 10), torch.randn(1, 2, 2, 8, 10))
    exported = torch.export.export(Warp(), example, dynamic_shapes=(sizes, sizes)).module()
    image, flow = torch.rand(1, 2, 3, 13, 7), torch.randn(1, 2, 2, 13, 7)
    torch.testing.assert_close(exported(image, flow), backward_warp(image, flow))


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu_under_autocast() -> None:
    image, flow = torch.rand(2, 3, 64, 448), torch.randn(2, 2, 64, 448) * 20
    with torch.autocast("cuda", dtype=torch.float16):
        warped = backward_warp(image.cuda(), flow.cuda())
    assert_close(warped.cpu(), backward_warp(image, flow), roundings=2)


def test_says_what_is_wrong_with_the_shapes() -> None:
    with pytest.raises(
        InputError,
        match=r"backward_warp wants image and flow with equal leading axes and equal H, W, got "
        r"image \(1, 3, 4, 5\) and flow \(1, 2, 4, 6\); resize or expand one of them first\.",
    ):
        backward_warp(torch.rand(1, 3, 4, 5), torch.rand(1, 2, 4, 6))
    with pytest.raises(InputError, match=r"image \(1, 3, 4, 5\) and flow \(2, 2, 4, 5\)"):
        backward_warp(torch.rand(1, 3, 4, 5), torch.rand(2, 2, 4, 5))
    with pytest.raises(InputError, match=r"wants flow as \(\.\.\., 2, H, W\), got \(1, 3, 4, 5\)"):
        backward_warp(torch.rand(1, 3, 4, 5), torch.rand(1, 3, 4, 5))
    with pytest.raises(InputError, match=r"wants image as \(\.\.\., C, H, W\), got \(4, 5\)"):
        backward_warp(torch.rand(4, 5), torch.rand(2, 4, 5))


def test_refuses_integer_pictures_and_unknown_padding() -> None:
    flow = torch.zeros(2, 4, 5)
    with pytest.raises(InputError, match=r"image is torch\.uint8; .* image\.float\(\) / 255"):
        backward_warp(torch.zeros(3, 4, 5, dtype=torch.uint8), flow)
    with pytest.raises(InputError, match=r"pads with 'border' or 'zeros', got 'reflection'"):
        backward_warp(torch.zeros(3, 4, 5), flow, padding="reflection")  # type: ignore[arg-type]

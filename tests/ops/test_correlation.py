"""Correlation against a loop over pixels and displacements, and what centring takes out."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import centre_locally, local_correlation

seeds = st.integers(0, 2**32 - 1)
times = st.sampled_from([0.0, 0.2, 0.25, 0.5, 0.7, 1.0])


def slow(left: Tensor, right: Tensor, radius: int, time: float) -> Tensor:
    """(D, H, W) of two (C, H, W), one number at a time."""
    height, width = left.shape[-2:]
    steps = range(-radius, radius + 1)
    costs = torch.zeros(len(steps) ** 2, height, width, dtype=left.dtype)

    def at(x: Tensor, row: int, column: int) -> Tensor:
        inside = 0 <= row < height and 0 <= column < width
        return x[:, row, column] if inside else torch.zeros_like(x[:, 0, 0])

    def share(step: int) -> int:
        return int(math.copysign(math.ceil(abs(time * step) - 0.5), step))

    displacements = [(dy, dx) for dy in steps for dx in steps]
    for k, (dy, dx) in enumerate(displacements):
        ay, ax = share(dy), share(dx)
        for y in range(height):
            for x in range(width):
                there = at(right, y - ay + dy, x - ax + dx)
                costs[k, y, x] = at(left, y - ay, x - ax) @ there
    return costs


@given(seeds, st.integers(1, 7), st.integers(1, 19), st.integers(0, 3), times)
def test_equals_a_slow_loop(seed: int, height: int, width: int, radius: int, time: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, 3, height, width, generator=generator, dtype=torch.float64)
    found = local_correlation(left, right, radius=radius, time=time)
    torch.testing.assert_close(found, slow(left, right, radius, time), rtol=0, atol=1e-12)


def test_leading_axes_are_a_batch() -> None:
    left, right = torch.randn(2, 2, 3, 5, 6, 34).unbind(0)
    costs = local_correlation(left, right, radius=2, time=0.5)
    assert costs.shape == (2, 3, 25, 6, 34)
    alone = local_correlation(left[1, 2], right[1, 2], radius=2, time=0.5)
    torch.testing.assert_close(costs[1, 2], alone)


@given(seeds, st.integers(-2, 2), st.integers(-2, 2), st.sampled_from([0.25, 0.5, 0.75]))
def test_the_peak_lies_at_the_motion(seed: int, dy: int, dx: int, time: float) -> None:
    """A picture that moves as a whole: at every target pixel the true displacement wins."""
    generator = torch.Generator().manual_seed(seed)
    scene = torch.randn(8, 40, 40, generator=generator)
    scene = scene / scene.norm(dim=0)
    left = scene[:, 10:30, 10:30]
    right = scene[:, 10 - dy : 30 - dy, 10 - dx : 30 - dx]
    best = local_correlation(left, right, radius=2, time=time).argmax(0)[4:-4, 4:-4]
    assert (best == (dy + 2) * 5 + dx + 2).all()


def test_gradient() -> None:
    left, right = torch.randn(2, 1, 2, 3, 18, dtype=torch.float64, requires_grad=True).unbind(0)
    assert torch.autograd.gradcheck(
        lambda a, b: local_correlation(a, b, radius=1, time=0.5), (left, right)
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_works_in_float32_on_half_precision(dtype: torch.dtype) -> None:
    left, right = torch.randn(2, 64, 5, 7).to(dtype).unbind(0)
    costs = local_correlation(left, right, radius=2, time=0.5)
    assert costs.dtype == dtype
    exact = local_correlation(left.double(), right.double(), radius=2, time=0.5)
    error = (costs.double() - exact).abs().max()
    assert error <= torch.finfo(dtype).eps * exact.abs().max()


def test_autocast_does_not_round_it() -> None:
    left, right = torch.randn(2, 64, 5, 7).unbind(0)
    plain = local_correlation(left, right, radius=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(local_correlation(left, right, radius=2), plain)


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((3, 4, 5), (3, 4, 6)), {"radius": 1}, "two maps of one shape, got left (3, 4, 5) and"),
        (((3, 4, 5), (3, 4, 5)), {"radius": -1}, "a radius of 0 or more, got -1"),
        (((3, 4, 5), (3, 4, 5)), {"radius": 1, "time": 1.5}, "a time from 0 to 1, got 1.5"),
        (((4, 5), (4, 5)), {"radius": 1}, "wants left as (..., C, H, W), got (4, 5)"),
    ],
)
def test_refuses(shapes: tuple, options: dict, message: str) -> None:
    left, right = map(torch.rand, shapes)
    with pytest.raises(InputError) as caught:
        local_correlation(left, right, **options)
    assert message in str(caught.value)


@given(seeds, st.floats(-3, 3))
def test_centring_takes_out_what_is_common(seed: int, offset: float) -> None:
    """Brightness, whatever it does to each channel, is not what tells pixels apart."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(4, 9, 8, generator=generator, dtype=torch.float64)
    common = offset * torch.randn(4, 1, 1, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(centre_locally(x + common, radius=3), centre_locally(x, radius=3))


@given(seeds, st.integers(1, 4))
def test_centring_is_the_mean_of_what_is_there(seed: int, radius: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 5, 6, generator=generator, dtype=torch.float64)
    y, col = 1, 4  # a window of radius 2 or more reaches over the border
    rows, columns = (slice(max(0, at - radius), at + radius + 1) for at in (y, col))
    around = x[:, rows, columns].mean((1, 2))
    centred = x[:, y, col] - around
    wanted = centred / (centred.square().sum() + 3e-4).sqrt()
    torch.testing.assert_close(centre_locally(x, radius=radius)[:, y, col], wanted)


def test_nothing_to_see_has_a_tame_gradient() -> None:
    """With the usual normalisation, 1e12 times what comes in."""
    x = torch.full((8, 6, 6), 0.5, dtype=torch.float64, requires_grad=True)
    (100 * centre_locally(x, radius=2)[0, 3, 3]).backward()
    assert x.grad is not None
    assert x.grad.abs().max() < 1e4


def test_centring_refuses_a_window_of_one_pixel() -> None:
    with pytest.raises(InputError, match="a radius of at least 1, got 0"):
        centre_locally(torch.rand(3, 4, 4), radius=0)

"""The census, against its definition pair by pair, and its indifference to lighting."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from vfiblocks import Draft, Interpolation, Motion
from vfiblocks.errors import InputError
from vfiblocks.losses import L1, Census

seeds = st.integers(0, 2**32 - 1)


def result_of(image: Tensor) -> Interpolation:
    flow = torch.zeros(len(image), 2, 2, *image.shape[-2:])
    warped = torch.stack((image, image), dim=1)
    return Interpolation(image, Draft(image, warped), Motion(flow, flow[:, :, :1]), None, warped)


def census(image: Tensor, target: Tensor, **options: int) -> Tensor:
    return Census(**options)(result_of(image), target)


def textures(seed: int, height: int, width: int) -> Tensor:
    """Smooth patterns (1, 3, H, W), with differences of several levels between neighbours."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 4, width // 4, generator=generator, dtype=torch.float64)
    return F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)


def naive(image: Tensor, target: Tensor, radius: int) -> float:
    """The definition: per offset all pairs, both ways, in plain numbers."""

    def luma(picture: Tensor) -> list[list[float]]:
        red, green, blue = (255 * picture[0]).tolist()
        return [
            [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in zip(*rows, strict=True)]
            for rows in zip(red, green, blue, strict=True)
        ]

    def sign(there: float, here: float) -> float:
        return (there - here) / math.sqrt(0.81 + (there - here) ** 2)

    made, true = luma(image), luma(target)
    height, width = image.shape[-2:]
    means = []
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if (down, right) == (0, 0):
                continue
            counts = []
            for y in range(max(0, -down), min(height, height - down)):
                for x in range(max(0, -right), min(width, width - right)):
                    apart = (
                        sign(made[y + down][x + right], made[y][x])
                        - sign(true[y + down][x + right], true[y][x])
                    ) ** 2
                    counts.append(apart / (0.1 + apart))
            means.append(sum(counts) / len(counts))
    return sum(means) / len(means)


@pytest.mark.parametrize(("size", "radius"), [((7, 9), 3), ((4, 4), 3), ((6, 5), 1), ((5, 8), 2)])
def test_it_is_the_definition_pair_by_pair(size: tuple[int, int], radius: int):
    target = 0.1 * torch.rand(1, 3, *size, dtype=torch.float64)
    image = target + 0.02 * torch.randn_like(target)
    expected = naive(image, target, radius)
    assert 0.05 < expected < 0.95
    assert float(census(image, target, radius=radius)) == pytest.approx(expected, rel=1e-12)


def test_the_gradient_is_that_of_the_definition():
    target = torch.rand(1, 3, 5, 6, dtype=torch.float64)
    image = (target + 0.02 * torch.randn_like(target)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: census(x, target), (image,))


@given(seed=seeds, shift=st.floats(-1, 1))
@settings(max_examples=15)
def test_brightness_does_not_count(seed: int, shift: float):
    target = textures(seed, 24, 32)
    assert census(target + shift, target) < 1e-9


@given(seed=seeds, gain=st.floats(0.6, 1.6))
@settings(max_examples=15)
def test_contrast_counts_little_and_displacement_much(seed: int, gain: float):
    """The other way round than for a plain difference; this is what the scale of 255 is for."""
    target = textures(seed, 24, 32)
    lit, moved = gain * target, target.roll(3, dims=-1)
    assert census(lit, target) < 0.03
    assert census(moved, target) > 0.3


def test_a_plain_difference_sees_it_the_other_way():
    target = textures(0, 24, 32)
    lit, moved = 0.4 * target, target.roll(1, dims=-1)
    assert L1()(result_of(lit), target) > 2 * L1()(result_of(moved), target)
    assert census(lit, target) < 0.2 * census(moved, target)


@given(seed=seeds)
@settings(max_examples=10)
def test_neither_mirroring_nor_turning_changes_it(seed: int):
    target, image = textures(seed, 16, 20), textures(seed + 1, 16, 20)
    expected = census(image, target)
    for change in (lambda x: x.flip(-1), lambda x: x.flip(-2), lambda x: x.mT):
        torch.testing.assert_close(census(change(image), change(target)), expected)


def test_what_it_cannot_measure_is_refused():
    for radius in (0, -1):
        with pytest.raises(InputError, match=f"radius of at least one pixel, got {radius}"):
            Census(radius=radius)
    small = torch.rand(1, 3, 8, 3)
    with pytest.raises(InputError, match=r"radius 3 wants .* at least 4 pixels a side, got 8x3"):
        census(small, small)
    assert census(small, small, radius=2) == 0

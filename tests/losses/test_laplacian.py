"""The Laplacian loss, against a pyramid made pixel by pixel and against RIFE's own.

The live comparison needs a checkout of https://github.com/hzwer/ECCV2022-RIFE, whose path goes into
$VFI_RIFE_REPO; it passed with commit 5d8adbdd40e12c2c8f91930eff838aebe561c086.
"""

import importlib
import itertools
import os
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses import Laplacian, laplacian_distance, laplacian_pyramid

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(33, 70)


def pictures(seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.rand(2, *shape, generator=generator, dtype=torch.float64)
    return first, second


def reflected(index: int, size: int) -> int:
    index = abs(index)
    return index if index < size else 2 * (size - 1) - index


def naive_smooth(rows: list[list[float]]) -> list[list[float]]:
    """The definition: 25 products per pixel."""
    height, width = len(rows), len(rows[0])
    kernel = (1, 4, 6, 4, 1)
    return [
        [
            sum(
                kernel[i]
                * kernel[j]
                * rows[reflected(y + i - 2, height)][reflected(x + j - 2, width)]
                for i in range(5)
                for j in range(5)
            )
            / 256
            for x in range(width)
        ]
        for y in range(height)
    ]


def naive_band(rows: list[list[float]]) -> list[list[float]]:
    smooth = naive_smooth(rows)
    spread = [
        [4 * value if y % 2 == x % 2 == 0 else 0.0 for x, value in enumerate(row)]
        for y, row in enumerate(smooth)
    ]
    back = naive_smooth(spread)
    return [[a - b for a, b in zip(*pair, strict=True)] for pair in zip(rows, back, strict=True)]


def naive_distance(first: Tensor, second: Tensor, levels: int, rest: bool = False) -> float:
    """Of two pictures (H, W), each with a pyramid of its own, as the definition has it."""
    total = 0.0
    current = [first.tolist(), second.tolist()]
    for _ in range(levels):
        bands = [naive_band(rows) for rows in current]
        first_values, second_values = (list(itertools.chain(*band)) for band in bands)
        errors = [abs(a - b) for a, b in zip(first_values, second_values, strict=True)]
        total += sum(errors) / len(errors)
        current = [[row[::2] for row in naive_smooth(rows)[::2]] for rows in current]
    if rest:
        left = [list(itertools.chain(*rows)) for rows in current]
        total += sum(abs(a - b) for a, b in zip(*left, strict=True)) / len(left[0])
    return total


@pytest.mark.parametrize(("size", "levels"), [((48, 64), 5), ((33, 37), 5), ((13, 9), 3)])
def test_it_is_the_definition_pixel_by_pixel(size: tuple[int, int], levels: int):
    first, second = pictures(3, *size)
    found = laplacian_distance(first[None], second[None], levels=levels)
    expected = naive_distance(first, second, levels)
    assert abs(float(found) - expected) <= 1e-13 * expected


@pytest.mark.parametrize(("size", "levels"), [((33, 37), 5), ((13, 9), 3), ((13, 9), 1)])
def test_with_the_rest_it_is_the_definition_too(size: tuple[int, int], levels: int):
    first, second = pictures(3, *size)
    found = laplacian_distance(first[None], second[None], levels=levels, rest=True)
    expected = naive_distance(first, second, levels, rest=True)
    assert abs(float(found) - expected) <= 1e-13 * expected


@given(seed=seeds, height=sizes, width=sizes, shift=st.floats(-9, 9))
@settings(max_examples=10)
def test_the_rest_is_what_sees_brightness(seed: int, height: int, width: int, shift: float):
    picture, _ = pictures(seed, 1, height, width)
    found = laplacian_distance(picture + shift, picture, rest=True)
    torch.testing.assert_close(found, torch.full_like(found, abs(shift)), rtol=1e-9, atol=1e-12)
    *bands, rest = laplacian_pyramid(picture, levels=2, rest=True)
    for band, same in zip(bands, laplacian_pyramid(picture, levels=2), strict=True):
        assert torch.equal(band, same)
    assert rest.shape[-2:] == (-(-height // 4), -(-width // 4))


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch):
    """RIFE's own loss; it makes its kernel and its zeros in the default dtype."""
    folder = os.environ.get("VFI_RIFE_REPO", "")
    if not (Path(folder) / "model" / "laplacian.py").is_file():
        pytest.skip("set VFI_RIFE_REPO to a checkout of hzwer/ECCV2022-RIFE to compare live")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    torch.set_default_dtype(torch.float64)
    yield importlib.import_module("model.laplacian").LapLoss
    torch.set_default_dtype(torch.float32)
    for name in set(sys.modules) - before:  # their package is called just `model`
        if name.split(".")[0] == "model":
            del sys.modules[name]


@pytest.mark.parametrize(("size", "levels"), [((128, 192), 5), ((64, 96), 5), ((20, 28), 2)])
def test_it_is_what_rife_minimises(official, size: tuple[int, int], levels: int):
    image, target = pictures(0, 2, 3, *size)
    expected = official(max_levels=levels)(image, target)
    found = laplacian_distance(image, target, levels=levels).mean()
    assert abs(found - expected) <= 1e-12 * expected
    image.requires_grad_()
    (slope,) = torch.autograd.grad(laplacian_distance(image, target, levels=levels).mean(), image)
    (wanted,) = torch.autograd.grad(official(max_levels=levels)(image, target), image)
    torch.testing.assert_close(slope, wanted, rtol=1e-9, atol=1e-15)


@given(seed=seeds, height=sizes, width=sizes)
@settings(max_examples=20)
def test_a_distance(seed: int, height: int, width: int):
    """Nothing for equal pictures, the same both ways, never more by way of a third picture."""
    first, second = pictures(seed, 1, height, width)
    third, _ = pictures(seed + 1, 1, height, width)
    assert laplacian_distance(first, first) == 0
    assert laplacian_distance(first, second) > 0
    assert laplacian_distance(first, second) == laplacian_distance(second, first)
    around = laplacian_distance(first, third) + laplacian_distance(third, second)
    assert laplacian_distance(first, second) <= around


@given(seed=seeds, height=sizes, width=sizes, factor=st.floats(-100, 100), shift=st.floats(-9, 9))
@settings(max_examples=20)
def test_it_scales_with_contrast_and_does_not_see_brightness(
    seed: int, height: int, width: int, factor: float, shift: float
):
    first, second = pictures(seed, 1, height, width)
    found = laplacian_distance(factor * first, factor * second)
    expected = abs(factor) * laplacian_distance(first, second)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)
    brighter = laplacian_distance(first + shift, second)
    torch.testing.assert_close(brighter, laplacian_distance(first, second), rtol=1e-11, atol=1e-13)


@given(seed=seeds, height=sizes, width=sizes)
@settings(max_examples=10)
def test_rows_and_columns_are_treated_alike(seed: int, height: int, width: int):
    first, second = pictures(seed, 1, height, width)
    turned = laplacian_distance(first.mT, second.mT)
    torch.testing.assert_close(turned, laplacian_distance(first, second), rtol=1e-12, atol=0)


def test_one_number_per_picture_whatever_the_leading_axes():
    first, second = pictures(1, 2, 4, 3, 40, 36)
    found = laplacian_distance(first, second)
    assert found.shape == (2, 4)
    assert found[1, 2] == laplacian_distance(first[1, 2], second[1, 2])


def test_a_band_holds_its_own_frequencies():
    """Stripes one pixel wide lie in the finest band and nowhere else."""
    stripes = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(32).expand(1, 64, 64)
    finest, *others = laplacian_pyramid(stripes)
    assert finest.abs().mean() == 0.5
    assert max(float(band.abs().max()) for band in others) < 1e-12


def test_too_small_pictures_name_the_size_that_would_do():
    small = torch.rand(1, 3, 64, 32)
    with pytest.raises(InputError, match=r"5 levels wants .* at least 33 pixels a side, got 64x32"):
        laplacian_distance(small, small)
    assert laplacian_distance(small, small, levels=4) == 0
    edge = torch.rand(1, 3, 33, 33)
    assert laplacian_distance(edge, 1 - edge) > 0


def test_what_makes_no_pyramid_is_refused():
    with pytest.raises(InputError, match=r"one shape \(\.\.\., C, H, W\), got \(3, 40, 40\) and"):
        laplacian_distance(torch.rand(3, 40, 40), torch.rand(3, 40, 41))
    with pytest.raises(InputError, match=r"floating \(\.\.\., C, H, W\), got torch.uint8"):
        laplacian_pyramid(torch.zeros(3, 40, 40, dtype=torch.uint8))
    for levels in (0, -1):
        with pytest.raises(InputError, match="at least one level"):
            Laplacian(levels=levels)

"""Masks and textures: all kinds, all sizes, the same every time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.generated.lighting import LIGHTS, draw_lights, light_field
from lift15.data.generated.photographs import Photographs
from lift15.data.generated.recipes import RECIPES, WEIGHTS
from lift15.data.generated.shapes import SHAPES, draw_shape
from lift15.data.generated.textures import OVERSAMPLING, TEXTURES, draw_texture, prefilter


@pytest.fixture(scope="module")
def photographs():
    return Photographs("train")


@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(sorted(SHAPES)),
    height=st.integers(24, 90),
    width=st.integers(24, 90),
)
def test_a_shape_fills_some_of_its_rectangle_and_none_of_its_rim(seed, kind, height, width):
    mask = draw_shape(np.random.default_rng(seed), kind, height, width, rim=6)
    assert mask.shape == (height, width)
    assert set(np.unique(mask)) == {0, 255}
    inner = mask[6:-6, 6:-6]
    assert int(inner.sum(dtype=np.int64)) == int(mask.sum(dtype=np.int64))


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_shapes_are_neither_dust_nor_everything(kind):
    shares = [draw_shape(np.random.default_rng(i), kind, 96, 96).mean() / 255 for i in range(30)]
    assert 0.05 < np.mean(shares) < 0.9


@pytest.mark.parametrize("kind", TEXTURES)
@pytest.mark.parametrize("size", [(19, 35), (96, 80)])
def test_a_texture_is_a_picture_and_depends_on_the_seed_alone(kind, size, photographs):
    first, again, other = (
        draw_texture(np.random.default_rng(seed), kind, *size, photographs) for seed in (1, 1, 2)
    )
    assert first.shape == (*size, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.std() > 1.0


@pytest.mark.parametrize("kind", TEXTURES)
def test_prefiltered_textures_hold_little_that_the_picture_cannot_show(kind, photographs):
    """Reading every other pixel must not fold: energy above a quarter per pixel stays small."""
    for seed in range(4):
        made = draw_texture(np.random.default_rng(seed), kind, 128, 128, photographs)
        smooth = prefilter(made, 0.5 * OVERSAMPLING).astype(float).mean(axis=2)
        window = np.hanning(128)[:, None] * np.hanning(128)[None, :]
        power = np.abs(np.fft.fft2((smooth - smooth.mean()) * window)) ** 2
        frequency = np.abs(np.fft.fftfreq(128))
        above = np.maximum(frequency[:, None], frequency[None, :]) > 0.5 / OVERSAMPLING
        rounding = window.size * (window**2).sum() / 12.0
        assert power[above].sum() < 0.02 * power.sum() + rounding


@pytest.mark.parametrize("kind", sorted(LIGHTS))
def test_light_is_a_positive_factor_that_changes_slowly_in_space(kind):
    for seed in range(10):
        light = LIGHTS[kind](np.random.default_rng(seed))
        fields = np.stack([light_field((light,), time, 40, 60) for time in (-40.0, 0.0, 1.5)])
        assert fields.shape == (3, 40, 60, 3)
        assert fields.min() > 0.25
        assert fields.max() < 2.1
        assert np.abs(np.diff(fields, axis=2)).max() < 0.25
        assert not np.array_equal(fields[1], fields[2])


def test_several_lights_multiply():
    lights = draw_lights(np.random.default_rng(3))
    both = light_field(lights, 2.0, 32, 32)
    apart = np.prod([light_field((light,), 2.0, 32, 32) for light in lights], axis=0)
    assert np.abs(both - apart).max() < 0.02  # enlarging comes after multiplying


def test_recipes_name_what_there_is():
    assert set(WEIGHTS) == set(RECIPES)
    for recipe in RECIPES.values():
        assert set(recipe.textures) <= set(TEXTURES)
        assert set(recipe.shapes) <= set(SHAPES)

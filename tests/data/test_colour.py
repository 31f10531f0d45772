"""Colours change alike in every frame of a window and in its target."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.augment import Augmentation, Channels, Flips, Jitter, Turns
from lift15.data.colour import LUMA, change_levels, change_saturation
from lift15.data.geometry import Sample
from vfiblocks.errors import InputError

SEEDS = st.integers(0, 2**32 - 1)
STRONG = Augmentation((6, 6), Flips(), Turns(), Channels(0.5, 0.5), Jitter(0.9, 0.3, 0.5, 0.5, 0.5))


def noise(frames: int, *, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (frames, 3, 8, 8), dtype=torch.uint8, generator=generator)


@given(seed=SEEDS)
def test_all_frames_are_treated_alike(seed):
    """A window of one picture over and over is one picture over and over afterwards."""
    sample = Sample(noise(1).expand(5, 3, 8, 8))
    done = STRONG.apply(sample, np.random.default_rng(seed), who="the clip").pictures
    assert done.shape == (5, 3, 6, 6)
    assert (done == done[:1]).all()


@given(seed=SEEDS)
def test_what_happens_does_not_depend_on_the_other_frames(seed):
    frames = noise(5)
    whole = STRONG.apply(Sample(frames), np.random.default_rng(seed), who="").pictures
    single = STRONG.apply(Sample(frames[3:4]), np.random.default_rng(seed), who="").pictures
    assert whole[3:4].equal(single)


def test_the_picture_that_came_is_left_as_it_was():
    frames = noise(3)
    before = frames.clone()
    for seed in range(20):
        STRONG.apply(Sample(frames), np.random.default_rng(seed), who="")
    assert frames.equal(before)


@given(brightness=st.floats(-0.5, 0.5), contrast=st.floats(0.2, 2.0), gamma=st.floats(0.3, 3.0))
def test_levels_follow_the_formula(brightness, contrast, gamma):
    levels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)
    got = change_levels(levels, brightness=brightness, contrast=contrast, gamma=gamma)
    exact = ((levels.double() / 255) ** gamma - 0.5) * contrast + 0.5 + brightness
    assert (got.double() - exact.clamp(0, 1) * 255).abs().max() <= 0.5 + 1e-6
    assert (got.flatten().double().diff() >= 0).all()  # an order of light stays one


@given(factor=st.floats(0.0, 2.0))
def test_saturation_keeps_grey_and_luma(factor):
    grey = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    assert change_saturation(grey, factor).equal(grey)
    muted = (noise(1) // 4) + 96  # far from the ends, where clipping changes the luma
    luma = torch.tensor(LUMA).view(3, 1, 1)
    after = change_saturation(muted, factor)
    assert ((after - muted.float()) * luma).sum(1).abs().max() <= 1.0
    assert change_saturation(muted, 1.0).equal(muted)


def test_channels_come_in_every_order_and_reversal_exchanges_red_and_blue():
    picture = torch.tensor([10, 20, 30], dtype=torch.uint8).view(1, 3, 1, 1)

    def orders(channels: Channels) -> set[tuple[int, ...]]:
        return {
            tuple(
                channels.apply(Sample(picture), np.random.default_rng(s))
                .pictures.flatten()
                .tolist()
            )
            for s in range(100)
        }

    assert len(orders(Channels(reversal=0.0, shuffle=1.0))) == 6
    assert orders(Channels(reversal=1.0)) == {(30, 20, 10)}
    assert orders(Channels(reversal=0.5)) == {(10, 20, 30), (30, 20, 10)}
    assert orders(Channels(reversal=0.0)) == {(10, 20, 30)}


def test_jitter_comes_as_often_as_it_is_asked_for():
    jitter, sample = Jitter(0.25), Sample(noise(1))
    changed = [jitter.apply(sample, np.random.default_rng(s)) is not sample for s in range(400)]
    assert sum(changed) / 400 == pytest.approx(0.25, abs=0.07)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Flips, {"horizontal": 2}, "flips: horizontal is a probability from 0 to 1, got 2"),
        (Turns, {"probability": -0.1}, "turns: probability is a probability"),
        (Channels, {"shuffle": "yes"}, "channels: shuffle is a probability from 0 to 1, got 'yes'"),
        (Jitter, {"contrast": 1.0}, "jitter: contrast lies from 0 to below 1, got 1.0"),
        (Augmentation, {"crop": (256,)}, "crop is a height and a width in pixels"),
        (Augmentation, {"crop": (0, 0)}, "height of crop is a whole number from 1 up, got 0"),
    ],
)
def test_options_out_of_range_are_refused(kind, options, message):
    with pytest.raises(InputError, match=message):
        kind(**options)

"""What is done to pictures is done to the motion between them: warping still works."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.augment import Augmentation, Channels, Flips, Jitter, Turns, centre_crop
from lift15.data.geometry import Sample, crop, flip_horizontally, flip_vertically, turn
from lift15.data.layouts import Cutter, Layout
from lift15.data.samples import cut, read_sample
from vfiblocks import Window
from vfiblocks.errors import DataError, InputError
from vfiblocks.ops import backward_warp

SEEDS = st.integers(0, 2**32 - 1)
LEVELS = 4.0
"""Warping error of the zooming pattern in 8-bit levels: bilinear sampling and rounding."""


def sample_of(zooming, *, backwards=False, size=(48, 64)) -> Sample:
    reading = Cutter(Layout(gap=4), Window.even(1, 1), any_time=True).fixed()
    wanted = cut(zooming(size=size), 0, reading, 4, backwards=backwards)
    return read_sample(wanted, motion=True)


def warping_error(sample: Sample) -> float:
    """Largest difference between the target and its warped references, where they are seen."""
    assert sample.flow is not None
    assert sample.visible is not None
    references = sample.pictures[:2].float()
    warped = backward_warp(references, sample.flow)
    errors = (warped - sample.pictures[-1].float()).abs().amax(dim=1, keepdim=True)
    assert sample.visible.float().mean() > 0.3
    return float(errors[sample.visible].max())


@pytest.mark.parametrize("backwards", [False, True])
def test_the_motion_is_right_as_it_is_read(zooming, backwards):
    sample = sample_of(zooming, backwards=backwards)
    assert warping_error(sample) < LEVELS
    exchanged = Sample(sample.pictures, sample.flow.flip(0), sample.visible.flip(0))
    assert warping_error(exchanged) > 10 * LEVELS  # left is left, also when read backwards


def test_reading_backwards_exchanges_the_references(zooming):
    forwards, backwards = sample_of(zooming), sample_of(zooming, backwards=True)
    assert backwards.pictures[:2].equal(forwards.pictures[:2].flip(0))
    assert backwards.pictures[-1].equal(forwards.pictures[-1])
    assert backwards.flow.equal(forwards.flow.flip(0))
    assert backwards.visible.equal(forwards.visible.flip(0))


@given(seed=SEEDS, backwards=st.booleans())
def test_the_motion_stays_right(zooming, seed, backwards):
    sample = sample_of(zooming, backwards=backwards)
    augmentation = Augmentation(crop=(40, 40), flips=Flips(), turns=Turns(0.75))
    done = augmentation.apply(sample, np.random.default_rng(seed), who="the clip")
    assert done.size == (40, 40)
    assert warping_error(done) < LEVELS


@pytest.mark.parametrize("wrong", ["flip", "turn", "crop"])
def test_the_warping_error_would_show_a_mistake(zooming, wrong):
    sample = centre_crop(sample_of(zooming), (48, 48), who="the clip")
    right = {
        "flip": flip_horizontally(sample),
        "turn": turn(sample, 1),
        "crop": crop(sample, (40, 40), (0.0, 0.0), who="the clip"),
    }[wrong]
    flow = {
        "flip": sample.flow.flip(-1),  # without the sign
        "turn": torch.rot90(sample.flow, 1, (-2, -1)),  # without exchanging dx and dy
        "crop": sample.flow[..., 8:, 8:],  # of another place
    }[wrong]
    assert warping_error(right) < LEVELS
    assert warping_error(Sample(right.pictures, flow, right.visible)) > 2 * LEVELS


@pytest.mark.parametrize("quarters", range(4))
def test_quarters_make_a_whole_turn(zooming, quarters):
    sample = sample_of(zooming)
    back = turn(turn(sample, quarters), 4 - quarters)
    assert back.pictures.equal(sample.pictures)
    assert back.flow.equal(sample.flow)
    assert back.visible.equal(sample.visible)
    assert turn(sample, quarters).pictures.equal(torch.rot90(sample.pictures, quarters, (-2, -1)))


def test_a_half_turn_is_both_flips(zooming):
    sample = sample_of(zooming)
    one, other = turn(sample, 2), flip_vertically(flip_horizontally(sample))
    assert one.pictures.equal(other.pictures)
    assert one.flow.equal(other.flow)
    assert one.visible.equal(other.visible)


@given(seed=SEEDS, height=st.integers(1, 10), width=st.integers(1, 12))
def test_a_crop_is_a_piece_of_the_picture(seed, height, width):
    """Every pixel says where it comes from."""
    y, x = torch.meshgrid(torch.arange(10), torch.arange(12), indexing="ij")
    pictures = torch.stack([y, x, y]).to(torch.uint8).expand(4, 3, 10, 12)
    flow = torch.stack([x, y]).float().expand(2, 2, 10, 12)
    visible = torch.ones(2, 1, 10, 12, dtype=torch.bool)
    place = tuple(np.random.default_rng(seed).random(2))
    piece = crop(Sample(pictures, flow, visible), (height, width), place, who="the clip")
    assert piece.size == (height, width)
    top, left = int(piece.pictures[0, 0, 0, 0]), int(piece.pictures[0, 1, 0, 0])
    assert piece.pictures.equal(pictures[..., top : top + height, left : left + width])
    assert piece.flow.equal(flow[..., top : top + height, left : left + width])


def test_crops_reach_every_place():
    pictures = torch.arange(6, dtype=torch.uint8).view(1, 1, 1, 6).expand(1, 3, 4, 6)
    chance = np.random.default_rng(0)
    found = {
        int(crop(Sample(pictures), (4, 4), tuple(chance.random(2)), who="").pictures[0, 0, 0, 0])
        for _ in range(60)
    }
    assert found == {0, 1, 2}


def test_what_leaves_the_crop_is_no_longer_seen():
    flow = torch.zeros(2, 2, 8, 8)
    flow[0, 0] = 2.0  # to the right in the left reference
    flow[1, 1] = -0.5  # half a pixel up in the right one, which the first row has nothing for
    visible = torch.ones(2, 1, 8, 8, dtype=torch.bool)
    sample = Sample(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), flow, visible)
    piece = crop(sample, (4, 4), (0.5, 0.5), who="the clip")
    assert piece.visible[0, 0].all(dim=0).tolist() == [True, True, False, False]
    assert piece.visible[1, 0].all(dim=1).tolist() == [False, True, True, True]


def test_a_picture_smaller_than_the_crop_is_named():
    sample = Sample(torch.zeros(3, 3, 30, 50, dtype=torch.uint8))
    with pytest.raises(DataError) as raised:
        crop(sample, (64, 48), (0.0, 0.0), who="clip '00001' of frames:/data")
    assert str(raised.value) == (
        "clip '00001' of frames:/data is 30x50 (height x width), smaller than the crop of "
        "64x48; set a crop of at most 30x48, or leave the clip out"
    )


def test_turning_wants_square_crops():
    for size, got in (((64, 96), "64x96"), ((), "whole pictures")):
        with pytest.raises(InputError, match=f"wants a square crop, got {got}"):
            Augmentation(crop=size)
        assert Augmentation(crop=size, turns=Turns(0.0)).crop == size


@given(seed=SEEDS)
def test_nothing_happens_when_all_is_off(zooming, seed):
    sample = sample_of(zooming)
    done = Augmentation.off().apply(sample, np.random.default_rng(seed), who="the clip")
    assert done is sample
    whole = Augmentation.off(crop=sample.size)
    assert whole.apply(sample, np.random.default_rng(seed), who="the clip") is sample


@given(seed=SEEDS)
def test_one_option_changes_nothing_of_another(zooming, seed):
    """Flips and jitter are drawn alike whether or not pictures are turned."""

    def done(**options) -> Sample:
        plan = Augmentation(crop=(40, 40), jitter=Jitter(1.0), **options)
        return plan.apply(sample_of(zooming), np.random.default_rng(seed), who="the clip")

    straight = done(turns=Turns(0.0), channels=Channels(0.0))
    turned = done(turns=Turns(1.0), channels=Channels(0.0))
    assert any(turn(straight, quarters).pictures.equal(turned.pictures) for quarters in (1, 2, 3))

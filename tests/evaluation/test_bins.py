"""Errors sorted by where they are, and clips by how they move."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lift15.evaluation.bins import (
    bend,
    bin_errors,
    displacement,
    gather,
    hidden_bins,
    range_bins,
)
from lift15.evaluation.bins_clips import compare_by_bin, quantile_bins
from lift15.evaluation.bins_motion import measure_motion
from lift15.evaluation.statistics_scores import Scores
from vfiblocks.errors import InputError
from vfiblocks.metrics import psnr


@given(seed=st.integers(0, 2**32 - 1))
def test_every_pixel_is_in_one_bin(seed: int):
    generator = torch.Generator().manual_seed(seed)
    visible = torch.rand(2, 2, 1, 6, 7, generator=generator) < 0.6
    values = 20 * torch.rand(2, 1, 6, 7, generator=generator)
    for bins in (hidden_bins(visible), range_bins(values, [2, 4.5, 16])):
        assert (sum(mask.int() for mask in bins.values()) == 1).all()
    counts = torch.stack(list(hidden_bins(visible).values())).flatten(1).sum(1)
    assert int(counts @ torch.arange(3)) == int((~visible).sum())


def test_values_without_a_number_are_in_no_bin():
    values = torch.tensor([math.nan, 1.0, 5.0]).view(1, 1, 1, 3)
    bins = range_bins(values, [2.5])
    assert list(bins) == ["below 2.5 px", "from 2.5 px"]
    assert [mask.flatten().tolist() for mask in bins.values()] == [
        [False, True, False],
        [False, False, True],
    ]


@given(
    time=st.floats(0.1, 0.9),
    speed=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    offset=st.floats(0, 9),
)
def test_a_straight_path_has_no_bend_and_its_length(time, speed, offset):
    """The target lies ``offset`` pixels below the straight way from left to right."""
    dx, dy = speed
    flow = torch.zeros(1, 2, 2, 3, 4, dtype=torch.float64)
    flow[0, 0] += torch.tensor([-time * dx, -time * dy - offset]).view(2, 1, 1)
    flow[0, 1] += torch.tensor([(1 - time) * dx, (1 - time) * dy - offset]).view(2, 1, 1)
    want = torch.full((1, 1, 3, 4), math.hypot(dx, dy), dtype=torch.float64)
    torch.testing.assert_close(displacement(flow), want, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        bend(flow, time=time), torch.full_like(want, offset), rtol=1e-5, atol=1e-5
    )


def test_one_bin_of_all_is_the_psnr_and_bins_add_up():
    image, target = torch.rand(2, 3, 3, 16, 20).unbind(0)
    everything = torch.ones(3, 1, 16, 20, dtype=torch.bool)
    left = everything.clone()
    left[..., 7:] = False
    whole = bin_errors(image, target, {"all": everything})
    torch.testing.assert_close(whole.psnr()[:, 0], psnr(image, target).double())
    parts = bin_errors(image, target, {"left": left, "right": ~left})
    torch.testing.assert_close(parts.squared.sum(1), whole.squared[:, 0], rtol=1e-6, atol=0)
    assert parts.shares() == {"left": 0.35, "right": 0.65}


def test_pooled_errors_count_pixels_and_not_pictures():
    """One picture full of a bin at 20 dB, one with few of its pixels at 40 dB."""
    target = torch.zeros(2, 1, 10, 100)
    image = torch.full_like(target, 0.1)
    image[1] = 0.01
    mask = torch.ones(2, 1, 10, 100, dtype=torch.bool)
    mask[1, :, :, 10:] = False
    errors = bin_errors(image, target, {"hard": mask, "easy": ~mask}, rounded=False)
    want = -10 * math.log10((1000 * 0.01 + 100 * 0.0001) / 1100)
    assert errors.pooled()["hard"] == pytest.approx(want, abs=1e-5)
    hard, easy = errors.psnr().unbind(dim=1)
    assert hard.tolist() == pytest.approx([20, 40], abs=1e-4)
    assert easy[0].isnan()  # nothing of it there
    assert errors.psnr(fewest=101)[1, 0].isnan()  # and too little here
    batches = [bin_errors(image[k : k + 1], target[k : k + 1],
        {"hard": mask[k : k + 1], "easy": ~mask[k : k + 1]}, rounded=False)
        for k in range(2)]  # fmt: skip
    gathered = gather(batches)
    assert gathered.pooled() == errors.pooled()
    with pytest.raises(InputError, match="of the same bins"):
        gather([errors, errors._replace(names=("a", "b"))])
    with pytest.raises(InputError, match="of the same bins"):
        gather([])


def test_measured_motion_follows_a_pan_and_misses_what_left_the_picture():
    """A texture moves to the left by 4 pixels per frame: its left rim is gone in the right one."""
    wide = torch.nn.functional.avg_pool2d(torch.rand(3, 68, 132), 5, stride=1)
    frames = torch.stack([wide[..., 4 * k : 4 * k + 112] for k in range(3)])
    found = measure_motion(frames[None, [0, 2]], frames[None, 1])
    middle = found.flow[0, :, :, 16:48, 20:90].mean(dim=(-2, -1))
    torch.testing.assert_close(middle, torch.tensor([[4.0, 0.0], [-4.0, 0.0]]), atol=0.2, rtol=0)
    bins = hidden_bins(found.visible)
    assert not found.visible[0, 0, 0, 16:48, -3:].any()  # not yet in the picture on the left
    assert not found.visible[0, 1, 0, 16:48, :3].any()  # no longer on the right
    assert bins["hidden in 0"][0, 0, 16:48, 8:-8].float().mean() > 0.97
    assert bend(found.flow)[0, 0, 16:48, 20:90].mean() < 0.2


def test_measured_motion_sees_an_object_cover_the_ground():
    """A square slides over a still texture: the ground beside it is hidden on one side each."""
    blur = torch.nn.functional.avg_pool2d
    ground = blur(torch.rand(3, 84, 124), 5, stride=1)
    square = blur(torch.rand(3, 36, 36), 5, stride=1)
    frames = ground.repeat(3, 1, 1, 1)
    for k in range(3):
        frames[k, :, 24:56, 30 + 10 * k : 62 + 10 * k] = square
    visible = measure_motion(frames[None, [0, 2]], frames[None, 1]).visible[0, :, 0]
    behind, ahead = visible[:, 28:52, 31:39], visible[:, 28:52, 73:81]
    assert behind[0].float().mean() < 0.5 < behind[1].float().mean()  # covered in the left frame
    assert ahead[1].float().mean() < 0.5 < ahead[0].float().mean()  # and here in the right one
    assert visible[:, 2:20, 2:118].float().mean() > 0.97


def test_quartiles_of_clips():
    bins = quantile_bins([*range(8), math.nan])
    assert bins.group.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, -1]
    assert bins.names() == ("below 1.75 px", "1.75 to 3.5 px", "3.5 to 5.25 px", "from 5.25 px")
    with pytest.raises(InputError, match="got 4 groups and 3 clips"):
        quantile_bins([1.0, 2.0, 3.0, math.nan])
    with pytest.raises(InputError, match="too many of the 8 clips have the same value"):
        quantile_bins([0.0] * 6 + [1.0, 2.0])


def test_a_gain_on_fast_clips_alone_is_found_there():
    generator = np.random.default_rng(0)
    base = 30 + generator.standard_normal(60)
    speed = generator.uniform(0, 20, size=60)
    bins = quantile_bins(speed, count=2)
    gain = np.where(bins.group == 1, 0.5, 0.0) + 0.05 * generator.standard_normal(60)
    baseline, candidate = Scores.of(base), Scores.of(base + gain)
    found = compare_by_bin(baseline, candidate, bins, draws=500)
    slow, fast = found.values()
    assert slow.verdict == "equivalent"
    assert fast.verdict == "better"
    assert fast.difference == pytest.approx(0.5, abs=0.05)
    assert slow.clips == fast.clips == 30
    assert list(found) == list(bins.names())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hidden_bins(torch.zeros(1, 2, 1, 4, 4)), r"torch\.bool, got .* torch\.float32"),
        (lambda: displacement(torch.zeros(2, 2, 4, 4)), r"\(B, 2, 2, H, W\), got \(2, 2, 4, 4\)"),
        (lambda: bend(torch.zeros(1, 2, 2, 4, 4), time=1.0), r"in \(0, 1\), got 1\.0"),
        (lambda: range_bins(torch.zeros(1, 1, 4, 4), [4, 4]), r"ascending edges, got \[4, 4\]"),
        (lambda: range_bins(torch.zeros(1, 1, 4, 4), []), r"ascending edges, got \[\]"),
        (lambda: bin_errors(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4), {}), "at least one"),
        (lambda: measure_motion(torch.zeros(1, 3, 9, 9), torch.zeros(1, 3, 9, 9)), "wants refer"),
    ],
)
def test_what_does_not_fit_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()

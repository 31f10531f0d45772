import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.metrics import flicker, ie_rms


def test_an_error_that_stands_still_costs_nothing(pictures):
    image, target = (x.float() for x in pictures(5, 3, 16, 20))
    still = target + 0.04 * torch.randn(1, 3, 16, 20).clamp(-1, 1)
    inside = (still > 0) & (still < 1)
    still = torch.where(inside.all(dim=0), still, target)  # clamping would move it
    assert float(flicker(still, target, rounded=False)) < 1e-4
    assert flicker(image, target) > 1


def test_errors_of_their_own_in_every_frame_cost_root_two_of_their_size():
    target = torch.full((40, 3, 30, 30), 0.5)
    image = target + 0.05 * torch.randn(40, 3, 30, 30)
    ratio = flicker(image, target, rounded=False) / ie_rms(image, target, rounded=False).mean()
    assert float(ratio) == pytest.approx(2**0.5, rel=0.01)


def test_between_true_frames_it_is_the_error_of_the_made_ones(pictures):
    image, target = pictures(6, 3, 16, 20)
    image[::2] = target[::2]
    made = ie_rms(image[1::2], target[1::2]).square().mean()  # each counts on both its sides
    weights = flicker(image, target).square() * 5 / (2 * 3)
    assert float(weights) == pytest.approx(float(made), rel=0.2)
    whole = flicker(image[:3], target[:3])
    assert float(whole) == pytest.approx(float(ie_rms(image[1], target[1])), rel=1e-9)


def test_one_value_per_clip(pictures):
    image, target = pictures(2, 4, 3, 8, 9)
    found = flicker(image, target)
    assert found.shape == (2,)
    assert found[1] == flicker(image[1], target[1])


def test_single_frames_are_refused():
    with pytest.raises(InputError, match=r"two frames or more, got \(1, 3, 8, 8\)"):
        flicker(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8))
    with pytest.raises(InputError, match=r"two frames or more, got \(3, 8, 8\)"):
        flicker(torch.rand(3, 8, 8), torch.rand(3, 8, 8))

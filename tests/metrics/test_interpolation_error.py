import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks.metrics import ie_mean, ie_rms, psnr


def test_both_by_hand():
    """Errors of 3, 4 and 5 levels in a quarter of the pixels, after rounding."""
    target = torch.full((3, 2, 2), 100 / 255)
    image = target.clone()
    image[:, 0, 0] += torch.tensor([3.2, -3.9, 5.4]) / 255
    assert float(ie_mean(image, target)) == pytest.approx((3 + 4 + 5) / 12, abs=1e-4)
    assert float(ie_rms(image, target)) == pytest.approx(math.sqrt((9 + 16 + 25) / 12), abs=1e-4)
    unrounded = ie_mean(image, target, rounded=False)
    assert float(unrounded) == pytest.approx((3.2 + 3.9 + 5.4) / 12, abs=1e-4)


@given(seed=st.integers(0, 2**32 - 1), rounded=st.booleans())
def test_the_mean_is_no_larger_and_the_rms_is_the_psnr(seed: int, rounded: bool):
    generator = torch.Generator().manual_seed(seed)
    image, target = torch.rand(2, 2, 3, 6, 7, generator=generator, dtype=torch.float64)
    rms = ie_rms(image, target, rounded=rounded)
    assert (ie_mean(image, target, rounded=rounded) <= rms).all()
    torch.testing.assert_close(20 * torch.log10(255 / rms), psnr(image, target, rounded=rounded))


def test_masks_count_what_they_say():
    target = torch.zeros(1, 3, 2, 2)
    image = torch.full((1, 3, 2, 2), 10 / 255)
    image[..., 0, 0] = 1.0
    mask = torch.ones(1, 1, 2, 2, dtype=torch.bool)
    mask[..., 0, 0] = False
    assert float(ie_mean(image, target, mask=mask)) == pytest.approx(10, abs=1e-4)
    assert float(ie_rms(image, target, mask=mask)) == pytest.approx(10, abs=1e-4)
    assert ie_rms(image, target, mask=~mask | mask) > 10
    assert ie_mean(image, target, mask=torch.zeros_like(mask)).isnan()

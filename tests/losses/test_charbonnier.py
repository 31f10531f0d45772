import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks import Draft, Interpolation, Motion
from vfiblocks.errors import InputError
from vfiblocks.losses import L1, Charbonnier


def result_of(image: Tensor) -> Interpolation:
    flow = torch.zeros(len(image), 2, 2, *image.shape[-2:])
    warped = torch.stack((image, image), dim=1)
    return Interpolation(image, Draft(image, warped), Motion(flow, flow[:, :, :1]), None, warped)


@given(seed=st.integers(0, 2**32 - 1), epsilon=st.floats(1e-6, 1.0))
def test_it_lies_above_l1_by_epsilon_at_most(seed: int, epsilon: float):
    generator = torch.Generator().manual_seed(seed)
    image, target = torch.rand(2, 1, 3, 5, 7, generator=generator, dtype=torch.float64)
    plain = L1()(result_of(image), target)
    smooth = Charbonnier(epsilon=epsilon)(result_of(image), target)
    torch.testing.assert_close(plain, (image - target).abs().sum() / (3 * 5 * 7))
    assert plain < smooth <= plain + epsilon


def test_equal_pictures_give_epsilon():
    image = torch.rand(1, 3, 5, 7)
    assert L1()(result_of(image), image) == 0
    found = Charbonnier(epsilon=0.25)(result_of(image), image)
    assert found == 0.25


@pytest.mark.parametrize("epsilon", [0.0, -1e-3, float("nan")])
def test_epsilon_must_be_above_zero(epsilon: float):
    with pytest.raises(InputError, match="wants an epsilon above zero, got"):
        Charbonnier(epsilon=epsilon)

import pytest
import torch

from vfiblocks.errors import InputError
from vfiblocks.plots import flow_to_rgb, flow_wheel


def test_no_motion_is_white():
    assert torch.equal(flow_to_rgb(torch.zeros(2, 4, 5)), torch.ones(3, 4, 5))


def test_opposite_directions_have_complementary_colours():
    flow = torch.randn(2, 8, 8)
    flow = flow / flow.norm(dim=0)
    assert torch.allclose(flow_to_rgb(flow) + flow_to_rgb(-flow), torch.ones(3, 8, 8), atol=1e-5)


def test_faster_is_stronger_and_capped():
    flow = torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]]).view(2, 1, 3)
    green = flow_to_rgb(flow, largest=2.0)[1, 0]
    assert green.tolist() == pytest.approx([0.5, 0.0, 0.0], abs=1e-6)


def test_wheel_agrees_with_the_colouring():
    wheel = flow_wheel(101)
    right = flow_to_rgb(torch.tensor([1.0, 0.0]).view(2, 1, 1))[:, 0, 0]
    assert torch.allclose(wheel[:, 50, 100], right)
    assert torch.equal(wheel[:, 0, 0], torch.ones(3))


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"\(3, 4, 5\)"):
        flow_to_rgb(torch.zeros(3, 4, 5))

import pytest
import torch

from vfiblocks import Interpolation, build_model
from vfiblocks.ops import resize_flow
from vfiblocks.plots import (
    error_legend,
    error_panel,
    flow_panels,
    flow_to_rgb,
    share_panel,
    visibility_panels,
    whole_flow,
    whole_picture,
)
from vfiblocks.plots.panels import LARGEST_ERROR


@pytest.fixture(scope="module")
def made() -> Interpolation:
    model = build_model("lift15-tiny").eval()
    with torch.no_grad():
        result: Interpolation = model(torch.rand(2, 14, 3, 40, 56))
    return result


def test_maps_of_any_stride_come_to_the_size_of_the_picture(made: Interpolation):
    assert made.references.shape[-2:] == (64, 64)  # padded
    assert whole_picture(made, made.references[0, 0]).shape == (3, 40, 56)
    assert torch.equal(
        whole_picture(made, made.references[0, 0]), made.references[0, 0, :, :40, :56]
    )
    assert whole_picture(made, made.draft.image[0]).shape == (3, 40, 56)


def test_flow_is_told_in_pixels_of_the_picture(made: Interpolation):
    constant = torch.tensor([2.0, -1.0]).view(1, 1, 2, 1, 1).expand(2, 2, 2, 16, 16)
    flow = whole_flow(made, made.motion._replace(flow=constant), index=1)
    assert flow.shape == (2, 2, 40, 56)
    assert torch.allclose(flow[0], resize_flow(constant[0, 0], (64, 64))[..., :40, :56])
    assert torch.allclose(flow[0, 0], torch.tensor(8.0))


def test_flow_colours_share_one_scale_that_is_told():
    flow = torch.zeros(2, 2, 40, 40)
    flow[0, 0], flow[1, 0] = 4.0, -2.0
    left, right = flow_panels(flow)
    assert right.label == "flow to right, wheel 4.0 px"
    assert torch.allclose(left.image, flow_to_rgb(flow[0], largest=4.0))
    assert torch.allclose(right.image[:, 0, 0], flow_to_rgb(flow[1], largest=4.0)[:, 0, 0])
    assert not torch.allclose(right.image[:, -6, -6], right.image[:, 0, 0])  # the wheel


def test_visibility_is_white_where_seen(made: Interpolation):
    logits = torch.full((2, 2, 1, 16, 16), 20.0)
    logits[:, 1] = -20.0
    seen = made._replace(motion=made.motion._replace(logits=logits))
    left, right = visibility_panels(seen)
    assert left.image.min() > 0.99
    assert right.image.max() < 0.01
    assert share_panel(seen).image.min() > 0.99


def test_errors_are_black_to_white_at_a_fixed_scale():
    truth = torch.full((3, 4, 4), 0.5)
    image = truth.clone()
    image[:, 0, 0] += LARGEST_ERROR
    image[0, 0, 1] += 3 * LARGEST_ERROR / 2
    panel = error_panel(image, truth, label="wrong")
    assert panel.label == "wrong"
    assert torch.allclose(panel.image[:, 0, 0], torch.ones(3), atol=1e-4)
    assert torch.equal(panel.image[:, 3, 3], torch.zeros(3))
    assert 0 < panel.image[:, 0, 1].mean() < 1
    assert error_legend(200).shape == (3, 24, 200)

import pytest
import torch

from vfiblocks import METRICS, Draft, Interpolation, Motion, Truth
from vfiblocks.errors import InputError
from vfiblocks.metrics import endpoint_error, full_motion


def result_of(flow: torch.Tensor, size: tuple[int, int]) -> Interpolation:
    """What a model would return whose motion is on a grid of its own, padded to that of flow."""
    batch = len(flow)
    image = torch.rand(batch, 3, *size)
    stride = 4
    padded = torch.rand(batch, 2, 3, flow.shape[-2] * stride, flow.shape[-1] * stride)
    return Interpolation(image, Draft(image, padded), Motion(flow, flow[:, :, :1]), None, padded)


def test_by_hand():
    flow = torch.zeros(2, 1, 3)
    truth = torch.tensor([[[3.0, 0.0, 6.0]], [[4.0, 0.0, 8.0]]])
    assert endpoint_error(flow, truth) == 5.0
    mask = torch.tensor([[[True, False, False]]])
    assert endpoint_error(flow, truth, mask=mask) == 5.0
    assert endpoint_error(flow, truth, mask=~mask) == 5.0
    truth[:, 0, 1] = torch.nan
    assert endpoint_error(flow, truth, mask=mask) == 5.0
    assert endpoint_error(flow, truth, mask=torch.zeros_like(mask)).isnan()


def test_shapes_must_agree():
    with pytest.raises(InputError, match=r"got \(2, 4, 4\) and \(2, 8, 8\); resize_flow brings"):
        endpoint_error(torch.zeros(2, 4, 4), torch.zeros(2, 8, 8))
    with pytest.raises(InputError, match=r"one shape \(\.\.\., 2, H, W\), got \(3, 4, 4\)"):
        endpoint_error(torch.zeros(3, 4, 4), torch.zeros(3, 4, 4))


def test_motion_is_brought_to_the_pixels_of_the_picture():
    """Half a pixel at a quarter of the size is two pixels; the padding goes."""
    flow = torch.full((1, 2, 2, 8, 12), 0.5)
    found, logits = full_motion(result_of(flow, (30, 45)))
    torch.testing.assert_close(found, torch.full((1, 2, 2, 30, 45), 2.0))
    assert logits.shape == (1, 2, 1, 30, 45)


def test_hidden_and_visible_pixels_are_told_apart():
    size = (8, 12)
    true_flow = torch.zeros(3, 2, 2, *size)
    visible = torch.ones(3, 2, 1, *size, dtype=torch.bool)
    visible[0, 0, :, :2] = False  # a quarter of the left reference
    true_flow[0, 0, 0, :2] = 3.0  # is off by (3, 4), on top of 1 everywhere
    true_flow[0, 0, 1, :2] = 4.0
    flow = torch.zeros(3, 2, 2, *size)
    flow[:, :, 0] = 0.0
    known = torch.tensor([True, True, False])
    image = torch.rand(3, 3, *size)
    truth = Truth(image, true_flow, visible, known)
    made = Interpolation(
        image, Draft(image, image), Motion(flow, flow[:, :, :1]), None, image[:, None]
    )
    everywhere = METRICS.get("epe")()(made, truth)
    assert everywhere[:2].tolist() == [5.0 / 8, 0.0]  # two of sixteen rows
    assert METRICS.get("epe-visible")()(made, truth)[:2].tolist() == [0.0, 0.0]
    hidden = METRICS.get("epe-hidden")()(made, truth)
    assert hidden[0] == 5.0
    assert hidden[1].isnan()  # nothing is hidden there
    assert everywhere[2].isnan()  # and there nobody knows


def test_what_is_needed_is_asked_for():
    image = torch.rand(1, 3, 8, 12)
    flow = torch.zeros(1, 2, 2, 8, 12)
    with pytest.raises(InputError, match="Epe needs the true motion, and this truth has none"):
        METRICS.get("epe")()(image, Truth(image))
    with pytest.raises(InputError, match="EpeHidden needs the model's motion, got a picture alone"):
        METRICS.get("epe-hidden")()(image, Truth(image, flow, flow[:, :, :1] > 0))
    made = result_of(torch.zeros(1, 2, 2, 2, 3), (8, 12))
    with pytest.raises(InputError, match="needs to know what is visible"):
        METRICS.get("epe-visible")()(made, Truth(image, flow))

"""What every registered loss holds, whatever it measures."""

import pytest
import torch
from torch import Tensor

from vfiblocks import LOSSES, Draft, Interpolation, Motion
from vfiblocks.errors import InputError
from vfiblocks.losses import Loss
from vfiblocks.registry import PART_REGISTRIES

NAMES = [name for name in LOSSES.names() if LOSSES.origin(name).startswith("vfiblocks.")]
SIZE = (36, 50)


def result_of(image: Tensor) -> Interpolation:
    """A model's answer that has ``image`` as its picture."""
    batch, _, height, width = image.shape
    flow = torch.zeros(batch, 2, 2, height, width)
    warped = image.detach()[:, None].expand(-1, 2, -1, -1, -1)
    motion = Motion(flow, flow[:, :, :1])
    return Interpolation(image, Draft(image, warped), motion, None, warped)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_a_scalar_that_falls_along_its_gradient(name: str):
    loss = LOSSES.get(name)()
    image = torch.rand(2, 3, *SIZE, requires_grad=True)
    target = torch.rand(2, 3, *SIZE)
    found = loss(result_of(image), target)
    assert found.shape == ()
    assert found > 0
    (slope,) = torch.autograd.grad(found, image)
    assert slope.isfinite().all()
    assert slope.any()
    step = 0.01 * found.detach() / slope.square().sum()  # aims at 1 % less
    better = loss(result_of(image.detach() - step * slope), target)
    assert better < found
    assert loss(result_of(target), target) < 0.01 * found


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_finite_where_the_pictures_agree(name: str):
    image = torch.rand(1, 3, *SIZE, requires_grad=True)
    LOSSES.get(name)()(result_of(image), image.detach().clone()).backward()
    assert image.grad is not None
    assert image.grad.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_costs_the_inputs_alone(name: str):
    """Sums are taken in float32, under autocast as well."""
    image, target = (torch.rand(1, 3, *SIZE).bfloat16() for _ in range(2))
    loss = LOSSES.get(name)()
    expected = loss(result_of(image.float()), target.float())
    assert loss(result_of(image), target).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(result_of(image), target)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("target", "said"),
    [
        (torch.rand(3, *SIZE), r"\(B, 3, H, W\) \(2, 3, 36, 50\), .* got \(3, 36, 50\)"),
        (torch.rand(1, 3, *SIZE), r"got \(1, 3, 36, 50\)"),
        (torch.rand(2, 1, *SIZE), r"got \(2, 1, 36, 50\)"),
        (torch.rand(2, 3, 64, 64), r"got \(2, 3, 64, 64\)"),
        (torch.zeros(2, 3, *SIZE, dtype=torch.uint8), r"divide 8-bit levels by 255"),
        (torch.zeros(2, 3, *SIZE, device="meta"), r"target on meta, .* picture is on cpu"),
    ],
    ids=["no batch", "batch", "grey", "size", "bytes", "device"],
)
def test_what_is_no_such_picture_is_refused(name: str, target: Tensor, said: str):
    loss = LOSSES.get(name)()
    with pytest.raises(InputError, match=said) as caught:
        loss(result_of(torch.rand(2, 3, *SIZE)), target)
    assert str(caught.value).startswith(type(loss).__name__)


def test_losses_are_parts_beside_the_stages():
    assert {"charbonnier", "l1", "laplacian"} <= set(NAMES)
    assert PART_REGISTRIES["loss"] is LOSSES
    assert LOSSES.options("laplacian") == {"levels": 5}
    for name in NAMES:
        assert issubclass(LOSSES.get(name), Loss)
        assert LOSSES.get(name)().state_dict() == {}

"""The warping loss, against bilinear sampling in plain numbers and by hand."""

import math

import pytest
import torch
from torch import Tensor

from vfiblocks import Draft, Interpolation, Motion
from vfiblocks.losses import Warping


def result_of(references: Tensor, flow: Tensor, logits: Tensor | None = None) -> Interpolation:
    image = references[:, 0]
    logits = torch.zeros_like(flow[:, :, :1]) if logits is None else logits
    return Interpolation(image, Draft(image, references), Motion(flow, logits), None, references)


def sample(plane: list[list[float]], y: float, x: float) -> float:
    height, width = len(plane), len(plane[0])
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    below, beside = min(top + 1, height - 1), min(left + 1, width - 1)
    v, u = y - top, x - left
    return (1 - v) * ((1 - u) * plane[top][left] + u * plane[top][beside]) + v * (
        (1 - u) * plane[below][left] + u * plane[below][beside]
    )


def naive(
    references: Tensor, flow: Tensor, target: Tensor, stride: int, logits: Tensor | None = None
) -> float:
    def average(picture: Tensor) -> Tensor:
        return picture.unfold(-2, stride, stride).unfold(-2, stride, stride).mean(dim=(-2, -1))

    small, aim = average(references), average(target)
    batch, _, channels, height, width = small.shape
    total = 0.0
    for b in range(batch):
        for p in range(2):
            for c in range(channels):
                plane = small[b, p, c].tolist()
                for y in range(height):
                    for x in range(width):
                        dx, dy = flow[b, p, :, y, x].tolist()
                        off = abs(sample(plane, y + dy, x + dx) - float(aim[b, c, y, x]))
                        if logits is not None:
                            left, right = (
                                1 / (1 + math.exp(-float(logits[b, side, 0, y, x])))
                                for side in range(2)
                            )
                            off *= 2 * (left, right)[p] / (left + right)
                        total += off
    return total / (batch * channels * height * width)  # the two references are added up


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_it_is_the_definition_pixel_by_pixel(stride: int):
    size = (5, 6)
    full = tuple(stride * side for side in size)
    references = torch.rand(2, 2, 3, *full, dtype=torch.float64)
    target = torch.rand(2, 3, *full, dtype=torch.float64)
    flow = 3 * torch.randn(2, 2, 2, *size, dtype=torch.float64)
    logits = torch.randn(2, 2, 1, *size, dtype=torch.float64)
    result = result_of(references, flow, logits)
    expected = naive(references, flow, target, stride)
    assert float(Warping()(result, target)) == pytest.approx(expected, rel=1e-12)
    expected = naive(references, flow, target, stride, logits)
    found = Warping(visible_only=True)(result, target)
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_true_motion_leaves_nothing_and_its_opposite_does():
    target = torch.zeros(1, 3, 8, 12)
    target[..., 4:-4] = torch.rand(1, 3, 8, 4)  # it stays in the picture
    references = torch.stack((target.roll(2, dims=-1), target.roll(-1, dims=-1)), dim=1)
    flow = torch.zeros(1, 2, 2, 8, 12)
    flow[:, 0, 0], flow[:, 1, 0] = 2.0, -1.0
    assert Warping()(result_of(references, flow), target) < 1e-6
    assert Warping()(result_of(references, -flow), target) > 0.1


def test_each_reference_counts_everywhere_unless_the_blend_leaves_it_out():
    target = torch.full((1, 3, 8, 12), 0.5)
    references = torch.stack((target, target + 0.25), dim=1)
    still = torch.zeros(1, 2, 2, 8, 12)
    left_only = torch.zeros(1, 2, 1, 8, 12)
    left_only[:, 0], left_only[:, 1] = 30.0, -30.0
    assert float(Warping()(result_of(references, still, left_only), target)) == 0.25
    by_visibility = Warping(visible_only=True)
    assert float(by_visibility(result_of(references, still), target)) == 0.25
    assert float(by_visibility(result_of(references, still, left_only), target)) < 1e-9


def test_visibility_gets_no_gradient_and_motion_does():
    references, target = torch.rand(1, 2, 3, 8, 12), torch.rand(1, 3, 8, 12)
    flow = torch.randn(1, 2, 2, 8, 12, requires_grad=True)
    logits = torch.randn(1, 2, 1, 8, 12, requires_grad=True)
    Warping(visible_only=True)(result_of(references, flow, logits), target).backward()
    assert logits.grad is None
    assert flow.grad is not None
    assert flow.grad.any()


def test_the_gradient_is_that_of_the_definition():
    references = torch.rand(1, 2, 3, 4, 5, dtype=torch.float64)
    target = torch.rand(1, 3, 4, 5, dtype=torch.float64)
    whole = torch.randint(-1, 2, (1, 2, 2, 4, 5))
    flow = (whole + 0.1 + 0.8 * torch.rand(1, 2, 2, 4, 5, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: Warping()(result_of(references, f), target), (flow,))

"""Smoothness, against its definition difference by difference."""

import math

import pytest
import torch
from torch import Tensor

from vfiblocks import Draft, Interpolation, Motion
from vfiblocks.errors import InputError
from vfiblocks.losses import Smoothness


def result_of(flow: Tensor, stride: int = 1) -> Interpolation:
    height, width = (stride * side for side in flow.shape[-2:])
    references = torch.rand(len(flow), 2, 3, height, width, dtype=flow.dtype)
    image = references[:, 0]
    motion = Motion(flow, flow[:, :, :1])
    return Interpolation(image, Draft(image, references), motion, None, references)


def naive(flow: Tensor, picture: Tensor, order: int, edges: float) -> float:
    """Flow (B, 2, 2, h, w), picture (B, 3, h, w): cell after cell, in plain numbers."""
    batch, _, _, height, width = flow.shape
    axes = []
    for down, right in ((1, 0), (0, 1)):
        costs = []
        for b in range(batch):
            for y in range(height - order * down):
                for x in range(width - order * right):
                    first = picture[b, :, y, x]
                    last = picture[b, :, y + order * down, x + order * right]
                    forgiven = math.exp(-edges * float((last - first).abs().mean()))
                    for p in range(2):
                        for c in range(2):
                            line = [
                                float(flow[b, p, c, y + step * down, x + step * right])
                                for step in range(order + 1)
                            ]
                            change = line[1] - line[0]
                            if order == 2:
                                change = line[2] - 2 * line[1] + line[0]
                            costs.append(abs(change) * forgiven)
        axes.append(sum(costs) / len(costs))
    return 2 * sum(axes) / 2  # two references added up, mean of two axes


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("edges", [0.0, 3.0, 150.0])
def test_it_is_the_definition_cell_by_cell(order: int, edges: float):
    flow = torch.randn(2, 2, 2, 4, 6, dtype=torch.float64)
    picture = 0.1 * torch.rand(2, 3, 4, 6, dtype=torch.float64)
    found = Smoothness(order=order, edges=edges)(result_of(flow), picture)
    assert float(found) == pytest.approx(naive(flow, picture, order, edges), rel=1e-12)


def test_on_a_coarser_grid_the_picture_is_averaged_and_flow_taken_as_it_is():
    flow = torch.randn(1, 2, 2, 4, 6, dtype=torch.float64)
    picture = 0.1 * torch.rand(1, 3, 16, 24, dtype=torch.float64)
    averaged = picture.unfold(2, 4, 4).unfold(3, 4, 4).mean(dim=(-2, -1))
    found = Smoothness()(result_of(flow, stride=4), picture)
    assert float(found) == pytest.approx(naive(flow, averaged, 1, 150.0), rel=1e-12)


def test_each_order_has_what_it_takes_for_smooth():
    y, x = torch.meshgrid(torch.arange(5.0), torch.arange(7.0), indexing="ij")
    grey = torch.full((1, 3, 5, 7), 0.5)
    affine = (0.5 * x - 0.25 * y).expand(1, 2, 2, 5, 7)
    curved = (x * x).expand(1, 2, 2, 5, 7)
    assert float(Smoothness()(result_of(affine), grey)) == pytest.approx(0.75)
    assert float(Smoothness(order=2)(result_of(affine), grey)) == 0
    assert float(Smoothness(order=2)(result_of(curved), grey)) == pytest.approx(2.0)


def test_a_step_in_the_flow_is_forgiven_where_the_picture_has_one():
    flow = torch.zeros(1, 2, 2, 6, 8)
    flow[..., 4:] = 5.0
    edge = torch.zeros(1, 3, 6, 8)
    elsewhere = edge.clone()
    edge[..., 4:] = 0.5
    elsewhere[..., 2:] = 0.5
    assert Smoothness()(result_of(flow), edge) < 1e-6
    unforgiven = Smoothness(edges=0.0)(result_of(flow), edge)
    torch.testing.assert_close(Smoothness()(result_of(flow), elsewhere), unforgiven)


def test_the_gradient_is_that_of_the_definition():
    flow = torch.randn(1, 2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    picture = 0.1 * torch.rand(1, 3, 3, 4, dtype=torch.float64)
    for order in (1, 2):
        loss = Smoothness(order=order, edges=3.0)
        assert torch.autograd.gradcheck(lambda f, loss=loss: loss(result_of(f), picture), (flow,))


def test_what_it_cannot_do_is_refused():
    with pytest.raises(InputError, match="order 1 or 2, got 3"):
        Smoothness(order=3)
    for edges in (-1.0, float("nan")):
        with pytest.raises(InputError, match="edges of zero or above, got"):
            Smoothness(edges=edges)
    with pytest.raises(InputError, match="at least 3 cells a side, got 2x8 at stride 4; use larg"):
        Smoothness(order=2)(
            result_of(torch.zeros(1, 2, 2, 2, 8), stride=4), torch.rand(1, 3, 8, 32)
        )

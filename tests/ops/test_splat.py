"""Splatting against its adjoint, a loop written out, and what must be conserved."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.ops import Splat, backward_warp, splat_average, splat_softmax, splat_sum

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 12)


def random_maps(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def random_flow(seed: int, height: int, width: int) -> Tensor:
    """Flow that lands inside and outside."""
    size = torch.tensor([width, height], dtype=torch.float64).view(2, 1, 1)
    return (random_maps(seed + 1, 1, 2, height, width) * 2 - 1) * size


def inside_flow(seed: int, height: int, width: int) -> Tensor:
    """Flow that never leaves the picture."""
    x = torch.arange(width, dtype=torch.float64).expand(height, width)
    y = torch.arange(height, dtype=torch.float64)[:, None].expand(height, width)
    size = torch.tensor([width - 1, height - 1], dtype=torch.float64).view(2, 1, 1)
    return random_maps(seed + 1, 1, 2, height, width) * size - torch.stack((x, y))


def splat_by_hand(values: Tensor, flow: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted sums and weights, pixel by pixel: (C, H, W), (2, H, W), (H, W)."""
    height, width = values.shape[-2:]
    total, coverage = torch.zeros_like(values), torch.zeros(1, height, width, dtype=values.dtype)
    for y in range(height):
        for x in range(width):
            to_x, to_y = x + flow[0, y, x].item(), y + flow[1, y, x].item()
            for row in (math.floor(to_y), math.floor(to_y) + 1):
                for column in (math.floor(to_x), math.floor(to_x) + 1):
                    if 0 <= row < height and 0 <= column < width:
                        share = (1 - abs(to_y - row)) * (1 - abs(to_x - column)) * weights[y, x]
                        total[:, row, column] += share * values[:, y, x]
                        coverage[0, row, column] += share
    return total, coverage


@given(seeds, sides, sides)
def test_splat_is_the_adjoint_of_the_warp(seed: int, height: int, width: int) -> None:
    x, y = random_maps(seed, 2, 1, 3, height, width)
    flow = random_flow(seed, height, width)
    x.requires_grad_()
    warped = backward_warp(x, flow, padding="zeros")
    splatted = splat_sum(y, flow)
    torch.testing.assert_close((warped * y).sum(), (x * splatted).sum())
    (gradient,) = torch.autograd.grad(warped, x, y)
    torch.testing.assert_close(gradient, splatted, rtol=0, atol=1e-12)


@given(seeds, sides, sides)
def test_mass_is_conserved_where_nothing_leaves(seed: int, height: int, width: int) -> None:
    values, flow = random_maps(seed, 1, 3, height, width), inside_flow(seed, height, width)
    splatted = splat_sum(values, flow)
    torch.testing.assert_close(splatted.sum((-2, -1)), values.sum((-2, -1)))
    coverage = splat_average(values, flow).coverage
    assert coverage.sum().item() == pytest.approx(height * width)


@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_agrees_with_a_loop_over_pixels(seed: int, height: int, width: int) -> None:
    values, flow = random_maps(seed, 1, 2, height, width), random_flow(seed, height, width)
    metric = random_maps(seed + 2, 1, 1, height, width) * 6 - 3
    ones = torch.ones(height, width, dtype=torch.float64)

    total, coverage = splat_by_hand(values[0], flow[0], ones)
    torch.testing.assert_close(splat_sum(values, flow)[0], total)
    average = splat_average(values, flow)
    torch.testing.assert_close(average.coverage[0], coverage)
    torch.testing.assert_close(average.values[0], (total / coverage).nan_to_num(0.0))

    total, norm = splat_by_hand(values[0], flow[0], metric[0, 0].exp())
    softmax = splat_softmax(values, flow, metric)
    torch.testing.assert_close(softmax.values[0], (total / norm).nan_to_num(0.0))
    torch.testing.assert_close(softmax.coverage[0], coverage)
    weighted = splat_average(values, flow, weights=metric.exp())
    torch.testing.assert_close(weighted.values, softmax.values)
    torch.testing.assert_close(weighted.coverage[0], norm)


@given(seeds, sides, sides)
def test_averages_stay_in_range_and_holes_are_zero(seed: int, height: int, width: int) -> None:
    values = 0.5 + random_maps(seed, 1, 3, height, width)
    flow = random_flow(seed, height, width)
    metric = 1000 * random_maps(seed + 2, 1, 1, height, width)
    for splat in (splat_average(values, flow), splat_softmax(values, flow, metric)):
        hole = (splat.coverage == 0).expand_as(splat.values)
        assert (splat.values[hole] == 0).all()
        landed = splat.values[~hole]
        assert ((landed >= values.min() - 1e-9) & (landed <= values.max() + 1e-9)).all()


@given(seeds, sides, sides)
def test_zero_flow_changes_nothing(seed: int, height: int, width: int) -> None:
    values, flow = random_maps(seed, 1, 3, height, width), torch.zeros(1, 2, height, width)
    metric = 1000 * random_maps(seed + 2, 1, 1, height, width)
    assert torch.equal(splat_sum(values, flow), values)
    for splat in (splat_average(values, flow), splat_softmax(values, flow, metric)):
        torch.testing.assert_close(splat.values, values)
        assert (splat.coverage == 1).all()


@given(seeds, sides, sides, st.sampled_from([-1e4, -3.0, 1e4]))
def test_a_constant_added_to_the_metric_changes_nothing(
    seed: int, height: int, width: int, constant: float
) -> None:
    values, flow = random_maps(seed, 1, 3, height, width), random_flow(seed, height, width)
    metric = random_maps(seed + 2, 1, 1, height, width)
    plain, shifted = (splat_softmax(values, flow, m) for m in (metric, metric + constant))
    torch.testing.assert_close(shifted.values, plain.values, rtol=0, atol=1e-9)
    flat = splat_softmax(values, flow, torch.full_like(metric, constant))
    torch.testing.assert_close(flat.values, splat_average(values, flow).values)


def test_a_distant_peak_leaves_no_holes() -> None:
    values, flow = torch.rand(1, 3, 4, 8), torch.zeros(1, 2, 4, 8)
    metric = torch.zeros(1, 1, 4, 8)
    metric[..., 0] = 1e6  # exp(-1e6) is 0 in any float
    torch.testing.assert_close(splat_softmax(values, flow, metric).values, values)


def test_convention_flow_points_from_the_source_to_the_target() -> None:
    values = torch.zeros(1, 5, 7)
    values[0, 3, 1] = 1.0  # a dot at x = 1, y = 3
    flow = torch.tensor([3.0, -1.75]).view(2, 1, 1).expand(2, 5, 7)
    wanted = torch.zeros_like(values)
    wanted[0, 1, 4], wanted[0, 2, 4] = 0.75, 0.25  # it lands at x = 4, y = 1.25
    torch.testing.assert_close(splat_sum(values, flow), wanted)


@pytest.mark.parametrize("lead", [(), (3,), (2, 2), (2, 0)])
def test_leading_axes_are_independent_splats(lead: tuple[int, ...]) -> None:
    values, flow, metric = (torch.randn(*lead, c, 4, 5) for c in (3, 2, 1))
    assert splat_sum(values, flow).shape == values.shape
    splat = splat_softmax(values, flow, metric)
    assert splat.values.shape == values.shape
    assert splat.coverage.shape == metric.shape
    for i in itertools.product(*map(range, lead)):
        single = splat_softmax(values[i], flow[i], metric[i])
        torch.testing.assert_close(single.values, splat.values[i])
        torch.testing.assert_close(single.coverage, splat.coverage[i])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_accumulates_in_float32(dtype: torch.dtype) -> None:
    # 512 values of 1 on one pixel: a bfloat16 sum gets stuck at 256, coordinates would be off.
    values = torch.ones(1, 1, 512, dtype=dtype)
    dx = 500.0 - torch.arange(512)
    flow = torch.stack((dx, torch.zeros(512))).unsqueeze(1)
    total = splat_sum(values, flow)
    assert total.dtype == dtype
    assert total[0, 0, 500] == 512
    average = splat_average(values, flow)
    assert average.values.dtype == average.coverage.dtype == dtype
    assert average.values[0, 0, 500] == 1


def test_same_bits_twice() -> None:
    values, flow = torch.rand(2, 3, 64, 64), torch.randn(2, 2, 64, 64) * 8
    metric = torch.randn(2, 1, 64, 64)
    first, second = (splat_softmax(values, flow, metric) for _ in range(2))
    assert torch.equal(first.values, second.values)


def test_flow_that_is_not_finite_lands_nowhere() -> None:
    values, flow = torch.ones(1, 2, 3), torch.zeros(2, 2, 3)
    flow[0, 0, 0], flow[1, 0, 1], flow[0, 0, 2] = torch.nan, torch.inf, -1e30
    for splat in (
        splat_average(values, flow),
        splat_softmax(values, flow, torch.zeros(1, 2, 3)),
    ):
        assert splat.values.tolist() == [[[0, 0, 0], [1, 1, 1]]]
        assert splat.coverage.tolist() == [[[0, 0, 0], [1, 1, 1]]]


@given(seeds)
def test_gradients(seed: int) -> None:
    values = random_maps(seed, 1, 2, 4, 4).requires_grad_()
    whole = torch.randint(-1, 2, (1, 2, 4, 4), generator=torch.Generator().manual_seed(seed))
    fraction = 0.1 + 0.8 * random_maps(seed + 1, 1, 2, 4, 4)  # whole numbers are kinks
    flow = (whole + fraction).requires_grad_()
    score = (0.5 + random_maps(seed + 2, 1, 1, 4, 4)).requires_grad_()
    check = torch.autograd.gradcheck
    assert check(splat_sum, (values, flow), fast_mode=True)
    inputs = (values, flow, score)
    assert check(lambda v, f, w: splat_average(v, f, weights=w), inputs, fast_mode=True)
    assert check(splat_softmax, inputs, fast_mode=True)


def test_gradient_at_zero_flow_is_the_one_just_beside_it() -> None:
    """A flow head starts at zero, so it must learn from there."""
    values, metric = random_maps(0, 1, 2, 4, 5), torch.full((1, 1, 4, 5), 7.0)
    gradients: list[Tensor] = []
    for start in (0.0, 1e-7):
        flow = torch.full((1, 2, 4, 5), start, dtype=torch.float64, requires_grad=True)
        moved = splat_softmax(values, flow, metric).values * random_maps(2, 1, 2, 4, 5)
        gradients += torch.autograd.grad(moved.sum(), flow)
    assert gradients[0].abs().max() > 0.1
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=1e-5)


def test_gradients_are_finite_at_zero_flow() -> None:
    values = torch.rand(1, 2, 3, 4, requires_grad=True)
    flow = torch.zeros(1, 2, 3, 4, requires_grad=True)
    metric = (1000 * torch.rand(1, 1, 3, 4)).requires_grad_()
    moved = splat_softmax(values, flow, metric).values.square().sum()
    for gradient in torch.autograd.grad(moved, (values, flow, metric)):
        assert gradient.isfinite().all()


def test_compiles_into_one_graph() -> None:
    values, flow, metric = (torch.randn(1, c, 6, 7) for c in (3, 2, 1))
    compiled = torch.compile(splat_softmax, fullgraph=True, backend="aot_eager")
    got, wanted = compiled(values, flow, metric), splat_softmax(values, flow, metric)
    assert isinstance(got, Splat)
    torch.testing.assert_close(tuple(got), tuple(wanted))


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu() -> None:
    values, flow = torch.rand(2, 3, 64, 96), torch.randn(2, 2, 64, 96) * 8
    metric = torch.randn(2, 1, 64, 96)
    got = splat_softmax(values.cuda(), flow.cuda(), metric.cuda())
    wanted = splat_softmax(values, flow, metric)
    torch.testing.assert_close(got.values.cpu(), wanted.values, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(got.coverage.cpu(), wanted.coverage, rtol=1e-4, atol=1e-4)


def test_says_what_is_wrong() -> None:
    values, flow = torch.rand(1, 3, 4, 5), torch.rand(1, 2, 4, 5)
    with pytest.raises(
        InputError, match=r"splat_sum wants values and flow .*values \(1, 3, 4, 5\) and flow \(2, 4"
    ):
        splat_sum(values, flow[0])
    with pytest.raises(
        InputError, match=r"splat_softmax wants metric as \(\.\.\., 1, H, W\), got \(1, 3, 4, 5\)"
    ):
        splat_softmax(values, flow, values)
    with pytest.raises(
        InputError, match=r"splat_average wants weights and values .*\(1, 1, 4, 4\)"
    ):
        splat_average(values, flow, weights=torch.rand(1, 1, 4, 4))
    with pytest.raises(
        InputError, match=r"splat_average works on floating .* values is torch\.int"
    ):
        splat_average(values.long(), flow)

"""Terms that need true motion: `flow` and `visibility`."""

import math

import pytest
import torch
from torch import Tensor

from vfiblocks import Draft, Interpolation, Motion, Truth
from vfiblocks.errors import InputError
from vfiblocks.losses import Flow, Loss, Visibility

TERMS = [Flow(), Visibility(coarser=0.5)]
SIZE = (12, 16)


def result_of(motion: Motion, size: tuple[int, int] = SIZE) -> Interpolation:
    references = torch.rand(len(motion.flow), 2, 3, *size, dtype=motion.flow.dtype)
    image = references[:, 0]
    return Interpolation(image, Draft(image, references), motion, None, references)


def some_motion(batch: int = 2, stride: int = 4, **options: object) -> Motion:
    grid = [side // stride for side in SIZE]
    flow = torch.randn(batch, 2, 2, *grid, dtype=torch.float64, **options)  # type: ignore[call-overload]
    return Motion(flow, torch.randn(batch, 2, 1, *grid, dtype=torch.float64, **options))  # type: ignore[call-overload]


def some_truth(*known: bool) -> Truth:
    batch = len(known)
    return Truth(
        torch.rand(batch, 3, *SIZE, dtype=torch.float64),
        5 * torch.randn(batch, 2, 2, *SIZE, dtype=torch.float64),
        torch.rand(batch, 2, 1, *SIZE) > 0.3,
        torch.tensor(known),
    )


def cells(x: Tensor, b: int, p: int, c: int, y: int, x_: int, stride: int) -> float:
    """Mean over one cell of a map of the full picture."""
    rows = [stride * y + i for i in range(stride)]
    columns = [stride * x_ + j for j in range(stride)]
    return sum(float(x[b, p, c, i, j]) for i in rows for j in columns) / stride**2


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize(("q", "epsilon"), [(1.0, 0.01), (0.4, 0.01), (2.0, 1.0)])
def test_end_points_cost_what_the_definition_says(stride: int, q: float, epsilon: float):
    motion, truth = some_motion(stride=stride), some_truth(True, True)
    assert truth.flow is not None
    height, width = motion.flow.shape[-2:]
    costs = []
    for b in range(2):
        for p in range(2):
            for y in range(height):
                for x in range(width):
                    off = [
                        stride * float(motion.flow[b, p, c, y, x])
                        - cells(truth.flow, b, p, c, y, x, stride)
                        for c in range(2)
                    ]
                    costs.append((off[0] ** 2 + off[1] ** 2 + epsilon**2) ** (q / 2))
    found = Flow(q=q, epsilon=epsilon)(result_of(motion), truth)
    assert float(found) == pytest.approx(sum(costs) / len(costs), rel=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_entropy_is_that_of_the_definition(stride: int):
    motion, truth = some_motion(stride=stride), some_truth(True, True)
    assert truth.visible is not None
    height, width = motion.flow.shape[-2:]
    costs = []
    for b in range(2):
        for p in range(2):
            for y in range(height):
                for x in range(width):
                    seen = cells(truth.visible, b, p, 0, y, x, stride)
                    share = 1 / (1 + math.exp(-float(motion.logits[b, p, 0, y, x])))
                    costs.append(-seen * math.log(share) - (1 - seen) * math.log(1 - share))
    found = Visibility()(result_of(motion), truth)
    assert float(found) == pytest.approx(sum(costs) / len(costs), rel=1e-7)


def test_rifes_single_mask_rests_at_the_even_blend_where_both_see():
    truth = some_truth(True)._replace(visible=torch.ones(1, 2, 1, *SIZE, dtype=torch.bool))
    mask = torch.zeros(1, 1, 1, *SIZE, requires_grad=True)
    motion = Motion(torch.zeros(1, 2, 2, *SIZE), torch.cat((mask, -mask), dim=1))
    found = Visibility()(result_of(motion), truth._replace(image=torch.rand(1, 3, *SIZE)))
    assert float(found.detach()) == pytest.approx(math.log(2))
    (slope,) = torch.autograd.grad(found, mask)
    assert slope.abs().max() < 1e-9


@pytest.mark.parametrize("loss", TERMS, ids=["flow", "visibility"])
def test_only_samples_that_know_count(loss: Loss):
    motion, truth = some_motion(batch=3), some_truth(True, False, True)
    assert truth.flow is not None
    truth.flow[1] = float("nan")
    for part in motion[:2]:
        part.requires_grad_()
    result = result_of(motion)
    found = loss(result, truth)
    known = torch.tensor([0, 2])
    alone = loss(
        result_of(Motion(motion.flow[known], motion.logits[known])),
        Truth(*(part[known] for part in truth)),  # type: ignore[index]
    )
    torch.testing.assert_close(found, alone)
    for slope in torch.autograd.grad(found, [motion.flow, motion.logits], allow_unused=True):
        if slope is not None:
            assert slope.isfinite().all()
            assert not slope[1].any()
            assert slope[known].any()


@pytest.mark.parametrize("loss", TERMS, ids=["flow", "visibility"])
@pytest.mark.parametrize("truth", [some_truth(False, False), Truth(some_truth(True, True).image)])
def test_where_nobody_knows_it_is_zero_and_so_is_its_gradient(loss: Loss, truth: Truth):
    """Zero and not missing: processes that train one model wait for each other's gradients."""
    motion = some_motion(requires_grad=True)
    coarse = some_motion(requires_grad=True)
    found = loss(result_of(motion._replace(coarser=(coarse,))), truth)
    assert found == 0
    found.backward()
    used = [motion.flow, coarse.flow] if isinstance(loss, Flow) else [motion.logits, coarse.logits]
    for part in used:
        assert part.grad is not None
        assert not part.grad.any()


@pytest.mark.parametrize("loss", TERMS, ids=["flow", "visibility"])
def test_coarser_estimates_count_with_their_share(loss: Loss):
    finest, middle, coarse = some_motion(), some_motion(), some_motion(stride=4)
    truth = some_truth(True, True)
    found = loss(result_of(finest._replace(coarser=(coarse, middle))), truth)
    alone = [float(loss(result_of(motion), truth)) for motion in (finest, middle, coarse)]
    share = loss.coarser
    expected = sum(share**k * value for k, value in enumerate(alone))
    assert float(found) == pytest.approx(expected)
    assert share not in (0, 1)


def test_gradients_are_those_of_the_definition():
    truth = some_truth(True, False)
    motion = some_motion(requires_grad=True)
    for loss in (Flow(q=0.4), Visibility()):
        assert torch.autograd.gradcheck(
            lambda flow, logits, loss=loss: loss(result_of(Motion(flow, logits)), truth),
            (motion.flow, motion.logits),
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"known": None}, r"together, but known is missing; known is torch.ones\(2, dtype"),
        ({"visible": None}, "together, but visible is missing"),
        (
            {"flow": torch.zeros(2, 2, 2, 6, 8)},
            r"true flow as \(2, 2, 2, 12, 16\), .* \(2, 2, 2, 6",
        ),
        ({"visible": torch.zeros(2, 2, *SIZE) > 0}, r"visible as \(2, 2, 1, 12, 16\)"),
        ({"known": torch.tensor([True])}, r"known as \(2,\), .* got \(1,\)"),
        ({"known": torch.ones(2)}, "true known as bool, got torch.float32"),
        ({"flow": torch.zeros(2, 2, 2, *SIZE) > 0}, "flow as floats, in pixels, got torch.bool"),
        ({"flow": torch.zeros(2, 2, 2, *SIZE, dtype=torch.int64)}, "floats, .* got torch.int64"),
    ],
)
@pytest.mark.parametrize("loss", TERMS, ids=["flow", "visibility"])
def test_true_motion_that_does_not_fit_is_refused(loss: Loss, change: dict, said: str):
    with pytest.raises(InputError, match=said) as caught:
        loss(result_of(some_motion()), some_truth(True, True)._replace(**change))
    assert str(caught.value).startswith(type(loss).__name__.lower())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"q": 0.0}, "q above 0 and up to 2, got 0.0"),
        ({"q": 2.5}, "got 2.5"),
        ({"epsilon": 0.0}, "epsilon above zero, got 0.0"),
        ({"epsilon": float("nan")}, "epsilon above zero, got nan"),
    ],
)
def test_options_that_make_no_cost_are_refused(options: dict, said: str):
    with pytest.raises(InputError, match=said):
        Flow(**options)

"""Terms about motion, on the grids and the padding of real models."""

from typing import Any

import pytest
import torch
from torch import Tensor

from vfiblocks import Interpolation, Interpolator, Motion, Truth, build_model
from vfiblocks.errors import InputError
from vfiblocks.losses import Flow, Loss, Smoothness, Visibility, Warping
from vfiblocks.losses.grids import bring, covered, estimates, stride_of

MODELS: dict[str, dict[str, Any]] = {
    "lift15-tiny": {},
    "rife": {
        "encoder": {"channels": (4, 6, 8, 10)},
        "flow": {"channels": (12, 10, 8)},
        "refiner": {"channels": 4},
    },
    "rife-4.25": {},
    "classical": {},
}
TERMS = {
    "flow": Flow(),
    "smoothness": Smoothness(coarser=0.5),
    "visibility": Visibility(coarser=0.5),
    "warping": Warping(coarser=0.5),
    "warping by visibility": Warping(visible_only=True, coarser=0.5),
}
PAN = (3.0, -2.0)


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> Interpolator:
    torch.manual_seed(0)
    return build_model(request.param, **MODELS[request.param]).train()


def answer(model: Interpolator, size: tuple[int, int]) -> tuple[Interpolation, Truth]:
    """Of a model that has to pad, and everything that could be known."""
    result = model(torch.rand(2, len(model.window), 3, *size))
    pan = torch.tensor(PAN).view(2, 1, 1)
    truth = Truth(
        torch.rand(2, 3, *size),
        torch.stack((pan, -pan)).expand(2, 2, 2, *size),
        torch.ones(2, 2, 1, *size, dtype=torch.bool),
        torch.tensor([True, True]),
    )
    return result, truth


def all_of(motion: Motion) -> list[Motion]:
    return [motion, *motion.coarser]


def with_motion(result: Interpolation, change: Any) -> Interpolation:
    """The result with every estimate's flow and logits replaced: change(estimate, stride)."""
    height = result.references.shape[-2]
    finest, *coarser = (
        Motion(*change(estimate, height // estimate.flow.shape[-2]))
        for estimate in all_of(result.motion)
    )
    return result._replace(motion=finest._replace(coarser=tuple(coarser)))


@pytest.mark.parametrize("size", [(37, 51), (64, 64)])
def test_every_term_fits_every_model(model: Interpolator, size: tuple[int, int]):
    result, truth = answer(model, size)
    learns = result.motion.flow.requires_grad
    for name, loss in TERMS.items():
        found = loss(result, truth)
        assert found.isfinite(), name
        assert found > 0, name
        if not learns:
            continue
        slope = torch.autograd.grad(
            found, list(model.parameters()), retain_graph=True, materialize_grads=True
        )
        assert all(part.isfinite().all() for part in slope), name
        assert any(part.any() for part in slope), name


def test_padding_does_not_count(model: Interpolator):
    size = (37, 51)
    result, truth = answer(model, size)

    def spoiled(estimate: Motion, stride: int) -> tuple[Tensor, Tensor]:
        rows, columns = -(-size[0] // stride), -(-size[1] // stride)
        parts = []
        for part in estimate[:2]:
            part = part.detach().clone()
            part[..., rows:, :] = float("nan")
            part[..., columns:] = float("nan")
            parts.append(part)
        return parts[0], parts[1]

    assert (result.references.shape[-2:] != size) is (model.multiple > 1)
    for name, loss in TERMS.items():
        found = loss(with_motion(result, spoiled), truth)
        torch.testing.assert_close(found, loss(result, truth).detach(), msg=name)


def test_the_truth_on_every_grid_is_right_everywhere(model: Interpolator):
    """A pan of the full picture is a smaller one on a coarser grid."""
    result, truth = answer(model, (37, 51))
    pan = torch.tensor(PAN).view(2, 1, 1)

    def oracle(estimate: Motion, stride: int) -> tuple[Tensor, Tensor]:
        flow = torch.stack((pan, -pan)) / stride
        return flow.expand_as(estimate.flow), torch.full_like(estimate.logits, 30.0)

    right = with_motion(result, oracle)
    assert Flow(epsilon=1e-6)(right, truth) < 1e-4
    assert Smoothness(coarser=1.0)(right, truth) < 1e-6
    assert Visibility(coarser=1.0)(right, truth) < 1e-9
    twice = with_motion(result, lambda m, s: (2 * oracle(m, s)[0], m.logits))
    expected = (PAN[0] ** 2 + PAN[1] ** 2) ** 0.5
    assert float(Flow(coarser=0.0)(twice, truth)) == pytest.approx(expected, rel=1e-4)
    count = len(all_of(result.motion))
    assert float(Flow(coarser=1.0)(twice, truth)) == pytest.approx(count * expected, rel=1e-4)


def test_averages_over_cells_and_fills_up_the_last():
    rows = torch.arange(1.0, 7.0)[None, :, None] * torch.ones(1, 6, 5)
    assert bring(rows, 4)[0, :, 0].tolist() == [2.5, (5 + 6 + 6 + 6) / 4]
    assert bring(rows, 4).shape == (1, 2, 2)
    assert bring(rows, 1) is rows
    seen = torch.tensor([[[True, False], [True, True]]])
    assert bring(seen, 2).item() == 0.75
    assert bring(rows.bfloat16(), 2).dtype == torch.float32


def test_covered_cells_hold_some_of_the_picture():
    x = torch.rand(2, 16, 16)
    assert covered(x, (33, 36), 4).shape == (2, 9, 9)
    assert covered(x, (32, 37), 4).shape == (2, 8, 10)


@pytest.mark.parametrize("grid", [(10, 16), (16, 10), (100, 128), (8, 16)])
def test_a_grid_that_frames_do_not_divide_into_is_refused(grid: tuple[int, int]):
    motion = Motion(torch.zeros(1, 2, 2, *grid), torch.zeros(1, 2, 1, *grid))
    frames = torch.rand(1, 2, 3, 48, 64)
    result = build_model("classical")(frames)._replace(motion=motion)
    with pytest.raises(InputError, match=rf"motion of {grid[0]}x{grid[1]} for .* of 48x64"):
        stride_of("a term", result, motion)
    with pytest.raises(InputError, match=r"^warping wants motion on a grid"):
        Warping()(result, frames[:, 0])


@pytest.mark.parametrize("loss", [Flow, Smoothness, Visibility, Warping])
@pytest.mark.parametrize("coarser", [-0.1, 1.5, float("nan")])
def test_a_share_is_one(loss: type[Loss], coarser: float):
    with pytest.raises(InputError, match=r"coarser as a share from 0 .* to 1"):
        loss(coarser=coarser)  # type: ignore[call-arg]


def test_coarser_estimates_weigh_less_step_by_step():
    motions = [Motion(torch.full((1, 2, 2, 2, 2), float(i)), torch.zeros(1)) for i in range(3)]
    motion = motions[2]._replace(coarser=(motions[0], motions[1]))
    found = [(weight, float(m.flow[0, 0, 0, 0, 0])) for weight, m in estimates(motion, 0.5)]
    assert found == [(1.0, 2.0), (0.5, 1.0), (0.25, 0.0)]
    assert len(list(estimates(motion, 0.0))) == 1

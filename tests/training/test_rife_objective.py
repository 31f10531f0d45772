"""RIFE's objective: the distillation by hand, then everything against the official code.

The live comparison needs a checkout of https://github.com/hzwer/ECCV2022-RIFE, whose path goes into
$VFI_RIFE_REPO. It passed with commit 5d8adbdd40e12c2c8f91930eff838aebe561c086, in float64: the
largest relative error was 7e-16 in a term, 2e-15 in the teacher's flow, 2e-12 in its picture and
2e-13 in the gradient of any parameter.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lift15.rife.keys import convert_keys
from lift15.training import RIFEObjective, distillation_loss
from vfiblocks import Draft, Interpolation, Interpolator, Motion, Window, build_model
from vfiblocks.errors import InputError

NARROW: dict[str, Any] = {
    "encoder": {"channels": (4, 6, 8, 10)},
    "flow": {"channels": (12, 10, 8)},
    "refiner": {"channels": 4},
}
SIZE = (40, 48)


def estimate(flow: Tensor, *coarser: Tensor) -> Interpolation:
    """A result with these estimates of motion, on references that are grey everywhere."""
    batch, _, _, height, width = flow.shape
    references = torch.full((batch, 2, 3, height, width), 0.5)
    picture = references[:, 0]
    logits = torch.zeros(batch, 2, 1, height, width, requires_grad=True)
    motion = Motion(flow, logits, tuple(Motion(other, logits) for other in coarser))
    return Interpolation(picture, Draft(picture, references), motion, None, references)


def constant(*components: float, requires_grad: bool = False) -> Tensor:
    flow = torch.tensor(components).view(1, 2, 2, 1, 1).expand(1, 2, 2, *SIZE)
    return flow.clone().requires_grad_(requires_grad)


def test_distance_is_the_root_mean_square_of_the_components_at_every_level():
    target = torch.full((1, 3, *SIZE), 0.9)
    taught = estimate(constant(3.0, 4.0, 0.0, 0.0))._replace(image=target)
    result = estimate(constant(0.0, 0.0, 0.0, 0.0), constant(3.0, 4.0, 6.0, 8.0))
    found = distillation_loss(result, taught, target)
    assert float(found) == pytest.approx(2.5 + 5.0)


@pytest.mark.parametrize(("lead", "counts"), [(0.009, False), (0.011, True)])
def test_only_where_the_teacher_is_better_by_a_margin(lead: float, counts: bool):
    target = torch.full((1, 3, *SIZE), 0.5)
    target[..., :12] += lead  # the grey student is off in the left quarter
    taught = estimate(constant(1.0, 1.0, 1.0, 1.0))._replace(image=target)
    found = distillation_loss(estimate(constant(0.0, 0.0, 0.0, 0.0)), taught, target)
    assert float(found) == pytest.approx(0.25 if counts else 0.0)


def test_the_student_is_drawn_to_the_teacher_and_nothing_else_moves():
    target = torch.full((1, 3, *SIZE), 0.9)
    ours, theirs = (constant(*[x] * 4, requires_grad=True) for x in (0.0, 2.0))
    taught = estimate(theirs)._replace(image=target.clone().requires_grad_())
    result = estimate(ours)
    distillation_loss(result, taught, target).backward()
    assert ours.grad is not None
    assert (ours.grad < 0).all()  # downhill is up, to the teacher's flow
    assert theirs.grad is None
    assert taught.image.grad is None
    assert taught.motion.logits.grad is None
    assert result.motion.logits.grad is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_no_gradient_is_nan_where_student_and_teacher_agree(dtype: torch.dtype):
    target = torch.full((1, 3, *SIZE), 0.9)
    ours = constant(1.0, 2.0, 3.0, 4.0).to(dtype).requires_grad_()
    theirs = ours.detach().clone()
    theirs[..., 0] += 1  # but for one column
    taught = estimate(theirs)._replace(image=target)
    distillation_loss(estimate(ours), taught, target).backward()
    assert ours.grad is not None
    assert (ours.grad[..., 1:] == 0).all()
    assert (ours.grad[..., 0] < 0).all()


def test_padding_does_not_count():
    target = torch.full((1, 3, SIZE[0] - 7, SIZE[1] - 5), 0.9)
    theirs = constant(1.0, 1.0, 1.0, 1.0)
    theirs[..., -7:, :] = 1000.0
    theirs[..., -5:] = 1000.0
    taught = estimate(theirs)._replace(image=target)
    found = distillation_loss(estimate(constant(0.0, 0.0, 0.0, 0.0)), taught, target)
    assert float(found) == pytest.approx(1.0)


def test_the_terms_add_up_and_every_parameter_of_both_is_trained():
    model = build_model("rife", **NARROW).train()
    objective = RIFEObjective(model, teacher_channels=8)
    loss = objective(model(torch.rand(2, 2, 3, *SIZE)), torch.rand(2, 3, *SIZE))
    torch.testing.assert_close(loss.total, loss.student + loss.teacher + 0.01 * loss.distillation)
    loss.total.backward()
    for name, value in [*model.named_parameters(), *objective.named_parameters()]:
        assert value.grad is not None, name
        assert value.grad.isfinite().all(), name
        assert value.grad.any(), name


def test_the_weight_of_the_distillation_is_rifes_own_unless_said():
    midpoint, any_time = (build_model(name, **NARROW) for name in ("rife", "rife-m"))
    assert RIFEObjective(midpoint, teacher_channels=8).distillation_weight == 0.01
    assert RIFEObjective(any_time, teacher_channels=8).distillation_weight == 0.005
    chosen = RIFEObjective(any_time, teacher_channels=8, distillation_weight=0.002)
    assert chosen.distillation_weight == 0.002


def test_it_stays_finite_under_autocast():
    model = build_model("rife", **NARROW).train()
    objective = RIFEObjective(model, teacher_channels=8)
    frames, target = torch.rand(1, 2, 3, *SIZE), torch.rand(1, 3, *SIZE)
    exact = objective(model(frames), target)
    with torch.autocast("cpu", torch.bfloat16):
        loss = objective(model(frames), target)
    assert all(term.dtype == torch.float32 for term in loss)
    torch.testing.assert_close(loss.student, exact.student, rtol=0.01, atol=0)
    loss.total.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in objective.parameters())


def test_a_target_of_another_size_is_refused():
    model = build_model("rife", **NARROW)
    objective = RIFEObjective(model, teacher_channels=8)
    result = model(torch.rand(1, 2, 3, *SIZE))
    with pytest.raises(InputError, match=r"wants the target as .* \(1, 3, 40, 48\), .* got \(1, 3"):
        objective(result, torch.rand(1, 3, 64, 64))


OFFICIAL = {
    "rife": ("model.IFNet", "IFNet", 0.5, 0.01),
    "rife-m": ("model.IFNet_m", "IFNet_m", 0.3, 0.005),
    "rife-2r": ("model.IFNet_2R", "IFNet", 0.5, 0.01),
}


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Importer of official modules, in float64: they make grids and kernels in the default type."""
    folder = os.environ.get("VFI_RIFE_REPO", "")
    if not (Path(folder) / "model" / "IFNet.py").is_file():
        pytest.skip("set VFI_RIFE_REPO to a checkout of hzwer/ECCV2022-RIFE to compare live")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    torch.set_default_dtype(torch.float64)
    yield importlib.import_module
    torch.set_default_dtype(torch.float32)
    for name in set(sys.modules) - before:  # their package is called just `model`
        if name.split(".")[0] == "model":
            del sys.modules[name]


@torch.no_grad()
def enliven(network: nn.Module) -> None:
    """As initialised all blocks move things by hundredths of a pixel; make it several pixels."""
    for name, value in network.named_parameters():
        if "lastconv.weight" in name:
            value.mul_(30.0)
        elif name == "unet.conv.weight":
            value.mul_(10.0)


def ours_with(network: nn.Module, name: str) -> tuple[Interpolator, RIFEObjective]:
    """Our model and objective with the weights of an official network, teacher included."""
    model = build_model(name).train()
    objective = RIFEObjective(model)
    converted = convert_keys(network.state_dict(), first_stride=1 if name == "rife-2r" else 2)
    assert not converted.unknown
    model.load_state_dict(converted.weights)
    objective.teacher.block.load_state_dict(converted.teacher)
    return model, objective


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_training_step_agrees(official: Any, name: str):
    module, cls, time, weight = OFFICIAL[name]
    network = getattr(official(module), cls)()
    enliven(network)
    model, objective = ours_with(network, name)
    frames = torch.rand(2, 9, 16, 24)
    frames = nn.functional.interpolate(frames, scale_factor=4, mode="bilinear")
    references, target = frames[:, :6].unflatten(1, (2, 3)), frames[:, 6:]

    inputs = torch.cat((references.flatten(1, 2), target), dim=1)
    _, _, merged, flow_teacher, merged_teacher, distillation = network(inputs, timestep=time)
    lap = official("model.laplacian").LapLoss()
    expected = {
        "student": lap(merged[2], target),
        "teacher": lap(merged_teacher, target),
        "distillation": distillation,
    }
    expected["total"] = (
        expected["student"] + expected["teacher"] + weight * expected["distillation"]
    )

    result = model(references, Window.even(1, 1, time))
    loss = objective(result, target, time=time)
    taught = objective.teacher(result, target, time=time)
    pairs = {key: (value, expected[key]) for key, value in loss._asdict().items()}
    pairs["flow of the teacher"] = (taught.motion.flow.flatten(1, 2), flow_teacher)
    pairs["picture of the teacher"] = (taught.image, merged_teacher)
    for what, (found, wanted) in pairs.items():
        error = float((found - wanted).detach().abs().max() / wanted.detach().abs().max())
        assert error <= 1e-9, f"{what}: {error:.1e}"

    # Equal gradients say that the same things are detached.
    expected["total"].backward()
    loss.total.backward()
    wanted_gradients = convert_keys(
        {key: value.grad for key, value in network.named_parameters()},
        first_stride=1 if name == "rife-2r" else 2,
    )
    for part, gradients in (
        (model, wanted_gradients.weights),
        (objective.teacher.block, wanted_gradients.teacher),
    ):
        for key, value in part.named_parameters():
            error = float((value.grad - gradients[key]).abs().max() / gradients[key].abs().max())
            assert error <= 1e-9, f"gradient of {key}: {error:.1e}"

    # An agreement of dead networks would prove nothing.
    assert flow_teacher.abs().mean() > 0.5
    assert (flow_teacher - result.motion.flow.flatten(1, 2)).abs().mean() > 0.1
    assert expected["distillation"] > 0.1
    assert ((result.image < 0) | (result.image > 1)).any()

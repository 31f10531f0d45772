"""Named terms, weighed and added up: tables, times, and messages."""

import itertools
import json
import math
import sys
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from lift15.training import (
    DEFAULT,
    OBJECTIVES,
    WITHOUT_LPIPS,
    Measured,
    Objective,
    RIFEObjective,
    Term,
    build_objective,
)
from vfiblocks import Interpolation, Interpolator, Truth, Window, build_model
from vfiblocks.errors import (
    AssemblyError,
    CheckpointError,
    InputError,
    MissingDependency,
    TrainingError,
    UnknownComponent,
)
from vfiblocks.losses import L1, Census, Charbonnier, Laplacian, Loss

NARROW: dict[str, Any] = {
    "encoder": {"channels": (4, 6, 8, 10)},
    "flow": {"channels": (12, 10, 8)},
    "refiner": {"channels": 4},
}
SIZE = (40, 48)


def answered(model: Interpolator, time: float = 0.5) -> tuple[Interpolation, Truth, Window]:
    window = Window.even(model.window.left, model.window.right, time)
    result = model.train()(torch.rand(2, len(window), 3, *SIZE), window)
    return result, Truth(torch.rand(2, 3, *SIZE)), window


@pytest.fixture(scope="module")
def tiny() -> Interpolator:
    return build_model("lift15-tiny")


def test_terms_are_what_the_losses_say_and_the_total_weighs_them(tiny: Interpolator):
    table = {"l1": 1, "census": {"weight": 0.25, "radius": 2}, "laplacian": {"weight": 3.0}}
    objective = build_objective(table, tiny)
    result, truth, window = answered(tiny)
    measured = objective(result, truth, window)
    expected = {
        "l1": L1()(result, truth),
        "census": Census(radius=2)(result, truth),
        "laplacian": Laplacian()(result, truth),
    }
    assert list(measured.terms) == list(expected)
    for name, value in expected.items():
        assert measured.terms[name] == value
        assert not measured.terms[name].requires_grad
    total = expected["l1"] + 0.25 * expected["census"] + 3 * expected["laplacian"]
    torch.testing.assert_close(measured.total, total)
    measured.total.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in tiny.parameters())
    assert objective.state_dict() == {}


def test_rife_brings_its_teacher_and_says_its_pieces():
    model = build_model("rife-m", **NARROW)
    table = {"rife": {"weight": 0.5, "teacher_channels": 8}, "smoothness": 0.01}
    objective = build_objective(table, model)
    result, truth, window = answered(model, time=0.25)
    measured = objective(result, truth, window)
    (part,) = (x for x in objective.modules() if isinstance(x, RIFEObjective))
    loss = part(result, truth.image, time=0.25)
    pieces = {f"rife/{name}": value for name, value in loss._asdict().items() if name != "total"}
    assert list(measured.terms) == [*pieces, "rife", "smoothness"]
    for name, value in {**pieces, "rife": loss.total}.items():
        assert measured.terms[name] == value
    torch.testing.assert_close(
        measured.total, 0.5 * loss.total + 0.01 * measured.terms["smoothness"]
    )
    measured.total.backward()
    teacher = dict(objective.named_parameters())
    assert teacher
    for name, value in [*teacher.items(), *model.named_parameters()]:
        assert value.grad is not None, name
        assert value.grad.any(), name
    again = build_objective(table, model)
    again.load_state_dict(objective.state_dict())
    assert again(result, truth, window).total == measured.total


def test_the_defaults_are_those_of_the_text():
    assert DEFAULT == {"l1": 1.0, "lpips": {"weight": 0.1, "net": "alex"}}
    assert OBJECTIVES["default"] is DEFAULT
    assert OBJECTIVES["without-lpips"] is WITHOUT_LPIPS
    assert "lpips" not in WITHOUT_LPIPS
    json.dumps(OBJECTIVES)  # plain data, as plans are


def test_objectives_have_names(tiny: Interpolator):
    assert build_objective("without-lpips", tiny).weights == WITHOUT_LPIPS
    rife = build_objective("rife", build_model("rife", **NARROW))
    assert rife.weights == {"rife": 1.0}
    with pytest.raises(UnknownComponent, match="objective 'lift'; available: default, rife, wi"):
        build_objective("lift", tiny)


def test_without_weights_the_default_is_refused_and_the_way_out_named(
    tiny: Interpolator, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    """Nothing is replaced silently: the user chooses."""
    pytest.importorskip("lpips")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(CheckpointError) as caught:
        build_objective(DEFAULT, tiny)
    said = str(caught.value)
    assert str(tmp_path / "hub" / "checkpoints" / "alexnet-owt-7be5be79.pth") in said
    assert said.endswith(
        "; or choose to train without it: objective 'without-lpips', which is "
        "l1 = 1.0, laplacian = 1.0"
    )
    with pytest.raises(CheckpointError) as caught:
        build_objective({"vgg": 1.0}, tiny)
    assert "without-lpips" not in str(caught.value)


def test_without_the_package_the_way_out_is_named_too(
    tiny: Interpolator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(MissingDependency, match=r"vfiblocks\[train\]'; or .* 'without-lpips'"):
        build_objective("default", tiny)


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        ({"l2": 1.0}, UnknownComponent, r"unknown loss 'l2'.* available: census, .*or 'rife'"),
        ({"rifes": 1.0}, UnknownComponent, "'rife', RIFE's own objective"),
        (
            {"laplacian": {"level": 3}},
            AssemblyError,
            "term 'laplacian' has no option 'level'; it takes levels, rest, weight, from, until",
        ),
        ({"rife": {"levels": 3}}, AssemblyError, "it takes teacher_channels, distillation_weight"),
        ({"rife": 1.0}, AssemblyError, "teacher corrects the motion of flow 'ifnet'"),
        ({"laplacian": {"levels": 0}}, InputError, "at least one level"),
        ({"laplacian": {"levels": "5"}}, TrainingError, r"'laplacian' cannot be made with .*'5'"),
        ({"l1": 0}, TrainingError, "term 'l1': .* a weight above zero, got 0; leave out"),
        ({"l1": -1.0}, TrainingError, "got -1.0"),
        ({"l1": "1"}, TrainingError, "got '1'"),
        ({"l1": None}, TrainingError, "got None"),
        ({"l1": True}, TrainingError, "got True"),
        ({"l1": math.inf}, TrainingError, "got inf"),
        ({"l1": {"weight": math.nan}}, TrainingError, "got nan"),
        ({"l1": {"from": 0.5, "until": 0.5}}, TrainingError, "0 <= from < until <= 1"),
        ({"l1": {"from": 1.0}}, TrainingError, "from=1.0"),
        ({"l1": {"until": 1.5}}, TrainingError, "until=1.5"),
        ({"l1": {"until": "0.5"}}, TrainingError, "until=0.5"),
        ({"l1": {"ramp": -0.1}}, TrainingError, "ramp=-0.1"),
        ({}, TrainingError, "after 0% of training no term of the objective counts, of none"),
        ({"l1": {"from": 0.1}}, TrainingError, "after 0% of training no term .* counts, of l1"),
        ({"l1": {"until": 0.5}}, TrainingError, "after 50% of training no term"),
        ({"l1": {"until": 1.0, "ramp": 0.1}}, TrainingError, "after 100% of training"),
        ({"l1": {"from": 0, "ramp": 0.1}}, TrainingError, "after 0% of training"),
        (
            {"l1": {"until": 0.5}, "census": {"from": 0.75}},
            TrainingError,
            "after 50% of training no term of the objective counts, of l1, census; let one",
        ),
    ],
)
def test_tables_that_make_no_objective(
    tiny: Interpolator, table: dict, error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        build_objective(table, tiny)


def test_terms_come_and_go(tiny: Interpolator):
    table = {
        "l1": 1.0,
        "smoothness": {"weight": 0.001, "until": 0.2},
        "census": {"weight": 0.1, "from": 0.5, "ramp": 0.2},
        "laplacian": {"weight": 2.0, "until": 0.4, "ramp": 0.2},
    }
    objective = build_objective(table, tiny)
    asked = answered(tiny)
    expected = {
        0.0: {"l1": 1.0, "smoothness": 0.001, "laplacian": 2.0},
        0.2: {"l1": 1.0, "laplacian": 2.0},
        0.3: {"l1": 1.0, "laplacian": 1.0},
        0.4: {"l1": 1.0},
        0.5: {"l1": 1.0},
        0.6: {"l1": 1.0, "census": 0.05},
        0.7: {"l1": 1.0, "census": 0.1},
        1.0: {"l1": 1.0, "census": 0.1},
    }
    for progress, weights in expected.items():
        measured = objective.at(progress)(*asked)
        assert set(measured.terms) == set(weights)
        assert {k: v for k, v in objective.weights.items() if v} == pytest.approx(weights)
        total = sum(weight * measured.terms[name] for name, weight in weights.items())
        torch.testing.assert_close(measured.total.detach(), total)
    for progress in (-0.1, 1.01, math.nan):
        with pytest.raises(TrainingError, match="from 0 to 1, got"):
            objective.at(progress)


@given(
    start=st.floats(0, 0.9),
    length=st.floats(0.05, 1),
    ramp=st.floats(0, 0.5),
    progress=st.floats(0, 1),
)
def test_a_weight_stays_between_nothing_and_whole(
    start: float, length: float, ramp: float, progress: float
):
    end = min(start + length, 1.0)
    term = Term(L1(), 2.0, starts=start, ends=end, ramp=ramp)
    assert 0 <= term.at(progress) <= 2
    if not start <= progress <= end:
        assert term.at(progress) == 0
    if start + ramp <= progress <= end - ramp:
        assert term.at(progress) == 2 or progress == end
    steps = [term.at(start + (end - start) * i / 50) for i in range(50)]
    if ramp:
        jumps = [abs(b - a) for a, b in itertools.pairwise(steps)]
        assert max(jumps) <= 2 * (end - start) / 50 / ramp + 1e-9


class Bad(Loss):
    """A loss that overflows."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        return result.image.mean() * self.value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_first_term_that_is_not_finite_is_named_and_nothing_raised(
    tiny: Interpolator, value: float
):
    terms: dict[str, nn.Module] = {"l1": L1(), "bad": Bad(value), "charbonnier": Charbonnier()}
    objective = Objective({name: Term(part) for name, part in terms.items()})
    measured = objective(*answered(tiny))
    assert measured.first_bad() == "bad"
    assert not measured.total.isfinite()
    fine = Objective({"l1": Term(L1())})(*answered(tiny))
    assert fine.first_bad() is None


def test_a_sum_that_overflows_is_named_as_the_total():
    fine = torch.tensor(1e38)
    assert Measured(torch.tensor(math.inf), {"a": fine, "b": fine}).first_bad() == "total"


def test_under_autocast_terms_are_those_of_float32(tiny: Interpolator):
    objective = build_objective({"l1": 1.0, "census": 0.01, "warping": 0.1}, tiny)
    asked = answered(tiny)
    exact = objective(*asked)
    with torch.autocast("cpu", torch.bfloat16):
        found = objective(*asked)
    assert found.total.dtype == torch.float32
    torch.testing.assert_close(found.total, exact.total)


def test_the_default_trains_a_model_on_weights_that_are_there(tiny: Interpolator, tmp_path):
    pytest.importorskip("lpips")
    shapes = {
        0: (64, 3, 11),
        3: (192, 64, 5),
        6: (384, 192, 3),
        8: (256, 384, 3),
        10: (256, 256, 3),
    }
    weights = {}
    for place, (outputs, inputs, side) in shapes.items():
        scale = (2 / (inputs * side * side)) ** 0.5
        weights[f"features.{place}.weight"] = scale * torch.randn(outputs, inputs, side, side)
        weights[f"features.{place}.bias"] = torch.zeros(outputs)
    torch.save(weights, tmp_path / "alexnet.pth")
    lpips = {"weight": 0.1, "net": "alex", "backbone": str(tmp_path / "alexnet.pth")}
    objective = build_objective({**DEFAULT, "lpips": lpips}, tiny)
    measured = objective(*answered(tiny))
    assert set(measured.terms) == {"l1", "lpips"}
    torch.testing.assert_close(
        measured.total.detach(), measured.terms["l1"] + 0.1 * measured.terms["lpips"]
    )
    assert not list(objective.parameters())
    assert objective.state_dict() == {}

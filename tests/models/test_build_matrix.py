"""Every named model: built dry and real, trained a step, stored and read, run on awkward input."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from vfiblocks import (
    FLOWS,
    MODELS,
    Interpolator,
    ModelSpec,
    Window,
    build_model,
    dry_run,
    find_spec,
    list_models,
    load,
    save,
)
from vfiblocks.errors import InputError

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


# Names that share a spec, as RIFE's versions of one structure do, are one model.
NAMES = {id(MODELS.get(name)): name for name in reversed(list_models())}.values()
# Each differs from lift15-pro in one stage.
SWITCHES = set(list_models("lift15-pro-*")) - {"lift15-pro-2f", "lift15-pro-tiny"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if name in SWITCHES else ())
        for name in sorted(NAMES)
    ],
)
def name(request: pytest.FixtureRequest) -> str:
    spec = MODELS.get(request.param)
    if spec.flow.name not in FLOWS.names():
        pytest.skip(f"no flow '{spec.flow.name}' here")
    return request.param


@pytest.fixture(scope="module")
def built(name: str) -> Interpolator:
    torch.manual_seed(0)
    return build_model(name)


@pytest.fixture
def model(built: Interpolator) -> Iterator[Interpolator]:
    """The model in eval, shared by the tests of one name."""
    yield built.eval()
    built.zero_grad()


def window_of(model: Interpolator) -> Window:
    """The fewest frames that still exercise the model: the references and one more on each side."""
    return model.window_between(left=2, right=2) if model.aggregator else model.window_between()


def frames_of(window: Window, height: int, width: int, batch: int = 1) -> torch.Tensor:
    return torch.rand(batch, len(window), 3, height, width)


def as_toml(spec: ModelSpec) -> str:
    """The way a person would write it: named tables, nothing that has its default."""
    lines = [f"description = {json.dumps(spec.description)}"]
    for stage, part in spec.parts():
        lines += [f"[{stage}]", f"name = {json.dumps(part.name)}", f"[{stage}.options]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in part.options.items()]
    lines += ["[window]", f"positions = {json.dumps(list(spec.window.positions))}"]
    return "\n".join([*lines, f"target = {spec.window.target}"])


def test_dry_run_is_the_model_without_memory(name: str, built: Interpolator):
    dry = dry_run(find_spec(name))
    assert all(value.is_meta for value in dry.state_dict().values())
    shapes = {key: tuple(value.shape) for key, value in built.state_dict().items()}
    assert {key: tuple(value.shape) for key, value in dry.state_dict().items()} == shapes
    assert {key.split(".")[0] for key in shapes} <= {stage for stage, _ in built.spec.parts()}


def test_every_parameter_learns(name: str, built: Interpolator):
    parameters = dict(built.named_parameters())
    if not parameters:
        pytest.skip("nothing to learn")
    spec = built.spec
    closed = ["aggregator.gate", "inject.weight", "steer.head.weight"]
    if spec.refiner is not None and spec.refiner.name == "warped-unet":
        closed.append("refiner.head.weight")
    if spec.flow.name.endswith("-corrected"):
        closed.append("heads.0.weight")
    with torch.no_grad():  # some doors are closed at first, on purpose; open them
        for key, parameter in parameters.items():
            if key.endswith(tuple(closed)):
                assert not parameter.any()
                parameter.normal_(std=0.1)
    built.train()
    window = window_of(built)
    out = built(frames_of(window, 64, 64), window)
    (out.image - torch.rand_like(out.image)).abs().mean().backward()
    assert [key for key, p in parameters.items() if p.grad is None] == []
    assert [key for key, p in parameters.items() if not p.grad.isfinite().all()] == []
    idle = {key for key, p in parameters.items() if not p.grad.any()}
    # A constant added to every frame's score is lost in the softmax: rounding decides here.
    assert idle <= {"aggregator.importance.2.bias"}


def test_spec_survives_both_file_formats(name: str, tmp_path: Path):
    spec = find_spec(name)
    assert ModelSpec.from_json(spec.to_json()) == spec
    (tmp_path / "spec.json").write_text(spec.to_json(indent=2), encoding="utf-8")
    (tmp_path / "spec.toml").write_text(as_toml(spec), encoding="utf-8")
    for suffix in ("json", "toml"):
        read = find_spec(tmp_path / f"spec.{suffix}")
        assert read == spec
        assert read.fingerprint == spec.fingerprint


@torch.no_grad()
def test_saved_and_loaded_is_bit_equal(model: Interpolator, tmp_path: Path):
    loaded = load(save(model, tmp_path / "model.safetensors"))
    assert loaded.spec == model.spec
    assert not loaded.training
    window = window_of(model)
    frames = frames_of(window, 32, 64)
    assert torch.equal(loaded(frames, window).image, model(frames, window).image)


@torch.no_grad()
def test_any_size_and_any_batch(model: Interpolator):
    window = window_of(model)
    frames = frames_of(window, 33, 47, batch=2)
    out = model(frames, window)
    assert out.image.shape == (2, 3, 33, 47)
    assert out.image.min() >= 0
    assert out.image.max() <= 1
    for sample in range(2):
        alone = model(frames[sample : sample + 1], window).image[0]
        torch.testing.assert_close(alone, out.image[sample], **CLOSE)


@torch.no_grad()
def test_its_own_window(model: Interpolator):
    out = model(frames_of(model.window, 32, 32))
    assert out.image.shape == (1, 3, 32, 32)
    assert (out.context is None) == (model.aggregator is None)


@torch.no_grad()
@pytest.mark.parametrize("time", [0.1, 0.75])
def test_arbitrary_time(model: Interpolator, time: float):
    window = model.window_between(time, left=1, right=1)
    frames = frames_of(window, 32, 32)
    if model.flow.any_time:
        assert model(frames, window).image.isfinite().all()
    else:
        with pytest.raises(InputError, match=f"knows the midpoint only, but time {time}"):
            model(frames, window)


@torch.no_grad()
@pytest.mark.parametrize(("left", "right"), [(1, 1), (2, 1), (1, 4)])
def test_any_number_of_frames(model: Interpolator, left: int, right: int):
    window = Window.even(left, right)
    frames = frames_of(window, 32, 32)
    out = model(frames, window)
    assert out.image.isfinite().all()
    if model.aggregator is None:  # then the others are not even looked at
        i, j = window.references
        pair = model(frames[:, [i, j]], Window.even(1, 1))
        assert torch.equal(pair.image, out.image)
    else:
        assert out.context.weights.shape == (1, left + right)


@torch.no_grad()
def test_missing_frames_are_as_if_absent(model: Interpolator):
    window = Window.even(3, 2)
    frames = frames_of(window, 32, 32)
    valid = torch.tensor([[False, False, True, True, True]])
    frames[:, 0] = torch.nan
    found = model(frames, window, valid)
    rest = Window(window.positions[2:], window.target)
    torch.testing.assert_close(found.image, model(frames[:, 2:], rest).image, **CLOSE)


def test_overrides_reach_the_parts():
    options: Mapping[str, Any] = build_model("lift15-tiny", aggregator={"window": 4}).spec.to_dict()
    assert options["aggregator"]["options"]["window"] == 4

"""Stages computed twice: the same gradients from less memory."""

import pytest
import torch

from lift15.training.memory import estimate_memory
from lift15.training.objective import build_objective
from lift15.training.saving_memory import compute_again
from vfiblocks import build_model
from vfiblocks.errors import TrainingError
from vfiblocks.spec import STAGES


def gradients(model, frames):
    torch.manual_seed(5)  # dropout has to fall the same way
    model(frames).image.square().mean().backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("stages", [("encoder",), ("aggregator",), STAGES])
def test_gradients_are_the_same(stages):
    model = build_model("lift15-tiny").train()
    frames = torch.rand(1, 14, 3, 32, 32)
    expected = gradients(model, frames)
    model.zero_grad()
    compute_again(model, stages)
    for name, gradient in gradients(model, frames).items():
        torch.testing.assert_close(gradient, expected[name], rtol=0, atol=1e-7, msg=name)


@pytest.mark.parametrize("batch", [3, 4])
def test_an_encoder_is_computed_again_in_slices(batch, monkeypatch):
    model = build_model("lift15-tiny", aggregator=None).train()
    frames = torch.rand(batch, 14, 3, 32, 32)  # two of them are seen, of each sample
    expected = gradients(model, frames)
    model.zero_grad()
    seen, whole = [], model.encoder.forward

    def counting(images, strides):
        seen.append(len(images))
        return whole(images, strides)

    model.encoder.forward = counting
    compute_again(model, ("encoder",))
    for name, gradient in gradients(model, frames).items():
        torch.testing.assert_close(gradient, expected[name], rtol=0, atol=1e-6, msg=name)
    once = [4, 2] if batch == 3 else [4, 4]
    assert sorted(seen) == sorted(once + once)  # forwards and, again, backwards
    before = model.eval()(frames).image
    assert seen[-1] == 2 * batch
    assert before.isfinite().all()


def test_pictures_that_see_each_other_stay_together():
    model = build_model("lift15-tiny").train()
    model.encoder.add_module("norm", torch.nn.BatchNorm2d(3))
    compute_again(model, ("encoder",))
    assert type(model.encoder.forward).__name__ == "_Again"


def test_rife_as_well():
    model = build_model("rife", flow={"channels": (8, 8, 8)}).train()
    frames = torch.rand(1, 2, 3, 32, 32)
    expected = gradients(model, frames)
    model.zero_grad()
    compute_again(model, STAGES)  # it has no aggregator
    for name, gradient in gradients(model, frames).items():
        torch.testing.assert_close(gradient, expected[name], rtol=0, atol=1e-7, msg=name)


def test_names_and_inference_stay():
    model = build_model("lift15-tiny").eval()
    before, names = model(torch.ones(1, 14, 3, 32, 32)).image, list(model.state_dict())
    compute_again(model, ("encoder", "refiner"))
    assert list(model.state_dict()) == names
    assert torch.equal(model(torch.ones(1, 14, 3, 32, 32)).image, before)


def test_only_stages_can_be_named():
    with pytest.raises(TrainingError, match=r"names stages, encoder, .*; got 'transformer'"):
        compute_again(build_model("lift15-tiny"), ("transformer",))


def test_the_encoder_is_what_pays():
    held = {}
    for stages in ((), ("aggregator",), ("encoder",)):
        model = build_model("lift15-tiny").train()
        compute_again(model, stages)
        objective = build_objective({"l1": 1.0}, model)
        held[stages] = estimate_memory(model, objective, batch=1, size=(128, 128)).activations
    assert held["encoder",] < held["aggregator",] < held[()]
    assert held["encoder",] < 0.75 * held[()]


def test_the_estimate_leaves_nothing_behind():
    model = build_model("lift15-tiny").train()
    objective = build_objective({"l1": 1.0}, model)
    whole = estimate_memory(model, objective, batch=2, size=(64, 64), precision="bfloat16")
    assert 0 < whole.activations < whole.total
    assert all(parameter.grad is None for parameter in model.parameters())

"""Half precision: what stays accurate, and what a scaler does about what does not."""

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision

from lift15.training import fit, trainer
from lift15.training.divergence import OVERFLOWS, Diverged
from lift15.training.fit import train
from lift15.training.module import in_float32
from lift15.training.state import read_state
from vfiblocks import build_model


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("lift15-tiny", {"aggregator": {"dropout": 0.0, "gate": True}}),
        ("rife", {"flow": {"channels": (16, 16, 16)}}),
    ],
)
def test_models_stay_near_float32(name, changes, dtype):
    model = build_model(name, **changes).train()
    frames = torch.rand(1, len(model.window), 3, 64, 64)
    expected = model(frames).image
    with torch.autocast("cpu", dtype):
        result = in_float32(model(frames))
    # of pictures with 256 levels
    tolerance = 1 / 255 if dtype is torch.float16 else 5 / 255
    torch.testing.assert_close(result.image, expected, rtol=0, atol=tolerance)
    result.image.square().mean().backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), parameter_name


@pytest.fixture
def scaled(monkeypatch):
    """Float16 on a CPU, which Lightning does not offer, but torch does."""

    def use(scale):
        real = fit.make_trainer

        def make(plan, callbacks, *, steps):
            made = real(plan, callbacks, steps=steps)
            scaler = torch.amp.GradScaler("cpu", init_scale=scale)
            made.strategy.precision_plugin = MixedPrecision("16-mixed", "cpu", scaler)
            return made

        monkeypatch.setattr(fit, "make_trainer", make)
        monkeypatch.setattr(fit, "check_machine", lambda run: None)
        monkeypatch.setitem(trainer.PRECISIONS, "float16", "32-true")

    return use


@pytest.mark.slow
def test_steps_that_the_scaler_leaves_out_are_no_divergence(smoke, tmp_path, scaled):
    scaled(2.0**20)
    plan = smoke("run.precision=float16", "run.validate_every=0", "schedule.steps=12")
    assert train(plan, tmp_path / "run", say=str).state == "finished"
    state = read_state(tmp_path / "run" / "checkpoints" / "last.ckpt")
    assert 1 < state["scaler"]["scale"] < 2.0**20
    assert len(state["gauge"]["losses"]) < 12  # losses of steps that were not made do not count
    made = state["optimizer_states"][0]["state"][0]["step"]
    assert 0 < float(made) < 12


@pytest.mark.slow
def test_the_scale_goes_on_where_it_was(smoke, tmp_path, scaled, monkeypatch):
    scaled(2.0**20)
    plan = smoke("run.precision=float16", "run.validate_every=0", "schedule.steps=20")
    train(plan, tmp_path / "whole", say=str)
    real = fit.Training.training_step

    def step(self, batch, index):
        if self.global_step == 9:
            self.stop = "interrupted"
        return real(self, batch, index)

    with monkeypatch.context() as patch:
        patch.setattr(fit.Training, "training_step", step)
        assert train(plan, tmp_path / "parts", say=str).step == 10
    train(plan, tmp_path / "parts", say=str)
    one, other = (
        read_state(tmp_path / run / "checkpoints" / "last.ckpt") for run in ("whole", "parts")
    )
    assert one["scaler"] == other["scaler"]
    for name, tensor in one["state_dict"].items():
        assert torch.equal(tensor, other["state_dict"][name]), name


def test_overflow_at_any_scale_is_divergence(smoke, tmp_path, scaled, monkeypatch):
    scaled(1.0)
    real = fit.Training.on_after_backward

    def after(self):
        real(self)
        for parameter in self.model.refiner.parameters():
            parameter.grad.fill_(float("inf"))

    monkeypatch.setattr(fit.Training, "on_after_backward", after)
    monkeypatch.setattr("lift15.training.module.OVERFLOWS", 3)
    plan = smoke("run.precision=float16", "run.validate_every=0", "schedule.steps=20")
    with pytest.raises(Diverged, match=r"step 2: the gradient of refiner\.net"):
        train(plan, tmp_path / "run", say=str)
    assert OVERFLOWS > 16

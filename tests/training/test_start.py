"""What a run starts from."""

import pytest
import torch

from lift15.training.plan import ModelPlan
from lift15.training.start import overrides, start_model
from vfiblocks import Part, build_model, save
from vfiblocks.errors import CheckpointError, TrainingError


def test_the_seed_decides():
    one, same, other = (start_model(ModelPlan("lift15-tiny"), seed=s).model for s in (1, 1, 2))
    name = "encoder.levels.1.0.0.weight"
    assert torch.equal(one.get_parameter(name), same.get_parameter(name))
    assert not torch.equal(one.get_parameter(name), other.get_parameter(name))
    assert one.training


def test_specs_are_overridden_per_stage():
    plan = ModelPlan("lift15-tiny", {"aggregator": {"gate": True}, "refiner": {"blocks": 2}})
    spec = start_model(plan, seed=0).model.spec
    assert spec.aggregator.options["gate"] is True
    assert overrides({"encoder": "contextnet", "refiner": "none"}) == {
        "encoder": "contextnet",
        "refiner": None,
    }
    assert overrides({"flow": {"name": "ifnet"}}) == {"flow": Part("ifnet")}
    with pytest.raises(TrainingError, match="got 'decoder'"):
        overrides({"decoder": "x"})


def test_a_checkpoint_fills_everything(tmp_path):
    path = save(build_model("lift15-tiny"), tmp_path / "tiny.safetensors")
    start = start_model(ModelPlan(str(path)), seed=3)
    assert start.filled == {name for name, _ in start.model.named_parameters()}
    assert start.model.training


def test_what_fits_is_filled(tmp_path):
    path = save(build_model("lift15-tiny"), tmp_path / "tiny.safetensors")
    plan = ModelPlan("lift15-tiny", {"refiner": {"blocks": 2}}, start_from=str(path))
    start = start_model(plan, seed=3)
    assert "encoder.levels.1.0.0.weight" in start.filled
    assert not any(name.startswith("refiner.net.4.body") for name in start.filled)
    assert str(path) in start.notes[0]
    source = build_model(path)
    for name in start.filled:
        assert torch.equal(start.model.get_parameter(name), source.get_parameter(name))


def test_rife_fills_part_of_a_pyramid(tmp_path):
    path = save(build_model("rife"), tmp_path / "rife.safetensors")
    plan = ModelPlan("lift15-s1", encoder_from_rife=str(path))
    start = start_model(plan, seed=0)
    convolutions = {name.rpartition(".")[0] for name in start.filled}
    assert len(convolutions) == 5  # of nine (DECISIONS 19)
    assert all(name.startswith("encoder.") for name in start.filled)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        start_model(ModelPlan("lift15-tiny", start_from=str(tmp_path / "x.safetensors")), seed=0)
    with pytest.raises(TrainingError, match="model 'classical' has no weights to train"):
        start_model(ModelPlan("classical"), seed=0)

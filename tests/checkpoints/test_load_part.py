"""Partial filling says tensor by tensor what it did."""

from pathlib import Path

import pytest
import torch

from vfiblocks import build_model, load_part, save
from vfiblocks.errors import CheckpointError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("tiny") / "tiny.safetensors"
    return save(build_model("lift15-tiny"), path)


def test_same_model_is_filled_whole(tiny: Path):
    model = build_model("lift15-tiny")
    before = {n: v.clone() for n, v in model.state_dict().items()}
    report = load_part(model, tiny)
    assert set(report.filled) == set(before)
    assert report.mismatched == report.missing == report.surplus == ()
    assert any(not torch.equal(before[n], v) for n, v in model.state_dict().items())


def test_other_model_is_filled_where_it_fits(tiny: Path):
    model = build_model(
        "lift15-tiny", aggregator={"gate": True, "layers": 1}, refiner={"channels": 32}
    )
    before = {n: v.clone() for n, v in model.state_dict().items()}
    report = load_part(model, tiny)
    assert "encoder.levels.1.0.0.weight" in report.filled
    assert report.missing == ("aggregator.gate",)
    assert any(name.startswith("aggregator.layers.1.") for name in report.surplus)
    assert "refiner.net.0.weight: file (16, 19, 3, 3), model (32, 19, 3, 3)" in report.mismatched
    left_alone = [line.split(":")[0] for line in report.mismatched] + list(report.missing)
    assert set(left_alone) | set(report.filled) == set(before)
    for name, value in model.state_dict().items():
        if name in left_alone:
            assert torch.equal(value, before[name])
    head, *lines = str(report).splitlines()
    assert head == (
        f"{len(report.filled)} filled, {len(report.mismatched)} of another shape, 1 left alone, "
        f"{len(report.surplus)} unused"
    )
    assert lines == [f"  another shape: {line}" for line in report.mismatched]


def test_prefix_limits_what_is_touched(tiny: Path):
    model = build_model("lift15-tiny")
    before = {n: v.clone() for n, v in model.state_dict().items()}
    report = load_part(model, tiny, prefix="encoder.")
    assert all(name.startswith("encoder.") for name in report.filled)
    for name, value in model.state_dict().items():
        assert name in report.filled or torch.equal(value, before[name])


@pytest.mark.parametrize(("name", "prefix"), [("rife", "aggregator."), ("lift15-tiny", "decoder.")])
def test_nothing_fits(tiny: Path, name: str, prefix: str):
    with pytest.raises(CheckpointError, match=rf"no tensor named '{prefix}\*' fits the model; it"):
        load_part(build_model(name), tiny, prefix=prefix)

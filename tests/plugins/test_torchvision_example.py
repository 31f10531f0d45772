"""The example that wraps a network of another library."""

import sys
from pathlib import Path

import pytest
import torch

from vfiblocks import FLOWS, build_model, describe, find_spec, list_models, load, save
from vfiblocks.plugins import rescan

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "vfiblocks-torchvision-flow"
pytest.importorskip("torchvision")


@pytest.fixture
def installed(site):
    site.install_package(EXAMPLE)
    rescan()
    return site


def test_its_names_are_listed_without_importing_it_or_torchvision(installed):
    assert list_models("raft-*") == ["raft-large", "raft-small"]
    assert FLOWS.origin("raft") == "vfiblocks-torchvision-flow 0.1.0"
    assert "vfiblocks_torchvision_flow" not in sys.modules


def test_it_goes_under_another_models_refiner(installed):
    model = build_model("ifnet-s1", flow="raft").eval()
    with torch.no_grad():
        image = model(torch.rand(1, 2, 3, 40, 56)).image
    assert image.shape == (1, 3, 40, 56)


def test_its_sizes_are_those_of_the_paper(installed):
    specs = (find_spec(f"raft-{size}") for size in ("small", "large"))
    small, large = (describe(spec.override(flow={"updates": 1}), size=(128, 128)) for spec in specs)
    assert small.parameters == 990_162
    assert large.parameters == 5_257_536
    assert small.macs < large.macs


def test_a_checkpoint_holds_all_there_is(installed, tmp_path):
    model = build_model("raft-small", flow={"updates": 1}).eval()
    again = load(save(model, tmp_path / "raft.safetensors")).eval()
    frames = torch.rand(1, 2, 3, 32, 48)
    with torch.no_grad():
        assert torch.equal(model(frames).image, again(frames).image)

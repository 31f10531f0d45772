"""What is announced must be what its group holds; the error says what came instead."""

import pytest

from vfiblocks import build_model
from vfiblocks.errors import PluginError, SpecError
from vfiblocks.registry import PART_REGISTRIES

CODE = """
    from torch import nn
    from vfiblocks.encoders import Encoder
    from vfiblocks.refiners import Unet

    class Module(nn.Module):
        pass

    class Unfinished(Encoder):
        taps = {}

    instance = Module()
    text = "unet"
"""
BASES = {
    "encoder": "vfiblocks.encoders.Encoder",
    "aggregator": "vfiblocks.aggregators.Aggregator",
    "flow": "vfiblocks.flows.FlowEstimator",
    "blender": "vfiblocks.blenders.Blender",
    "refiner": "vfiblocks.refiners.Refiner",
    "loss": "vfiblocks.losses.Loss",
    "metric": "vfiblocks.metrics.Metric",
}


@pytest.mark.parametrize("stage", PART_REGISTRIES)
@pytest.mark.parametrize(
    ("target", "got"),
    [
        ("odd:Module", "class odd.Module"),
        ("odd:instance", "a odd.Module"),
        ("odd:text", "a builtins.str"),
        ("odd", "a builtins.module"),
    ],
)
def test_a_part_must_derive_from_the_base_of_its_stage(site, stage, target, got):
    site.install("odd-0.3", f"[{PART_REGISTRIES[stage].group}]\nstrange = {target}", odd=CODE)
    with pytest.raises(PluginError) as caught:
        PART_REGISTRIES[stage].get("strange")
    assert str(caught.value) == (
        f"{stage} 'strange' of odd 0.3 must be a class derived from {BASES[stage]}, got {got}"
    )


def test_a_part_of_another_stage_is_refused(site):
    site.install("odd-0.3", "[vfiblocks.encoders]\nstrange = odd:Unet", odd=CODE)
    with pytest.raises(PluginError, match=r"got class vfiblocks\.refiners\.unet\.Unet"):
        build_model("rife", encoder="strange")


def test_a_part_that_leaves_out_what_its_base_demands_is_refused(site):
    site.install("odd-0.3", "[vfiblocks.encoders]\nstrange = odd:Unfinished", odd=CODE)
    wanted = r"encoder 'strange' of odd 0\.3 does not define forward, prune, which every encoder"
    with pytest.raises(PluginError, match=wanted):
        build_model("rife", encoder="strange")


def test_a_model_must_be_a_spec(site):
    site.install("odd-0.3", "[vfiblocks.models]\nstrange = odd:Module", odd=CODE)
    with pytest.raises(SpecError, match=r"announced by odd 0\.3, must be a ModelSpec, got"):
        build_model("strange")

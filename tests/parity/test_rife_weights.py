"""Official RIFE names become ours, each exactly once."""

import pytest
import torch

from lift15.rife.keys import convert_keys
from vfiblocks import build_model, dry_run, find_spec
from vfiblocks.flows.if_block import IFBlock

LAYERS = [f"{level}.{kind}" for level in ("conv1", "conv2") for kind in ("0.weight", "0.bias")]
LAYERS += [f"{level}.1.weight" for level in ("conv1", "conv2")]


def block_names(block: str) -> list[str]:
    """Names of one official block, as its repository lists them."""
    chains = [f"{block}.conv0.{i}" for i in range(2)]
    chains += [f"{block}.convblock.{i}" for i in range(8)]
    names = [f"{c}.{k}" for c in chains for k in ("0.weight", "0.bias", "1.weight")]
    return [*names, f"{block}.lastconv.weight", f"{block}.lastconv.bias"]


def official_names() -> list[str]:
    """Names of a whole official file, teacher included."""
    names = [n for i in range(3) for n in block_names(f"block{i}")] + block_names("block_tea")
    names += [f"contextnet.conv{i}.{layer}" for i in range(1, 5) for layer in LAYERS]
    names += [f"unet.down{i}.{layer}" for i in range(4) for layer in LAYERS]
    names += [f"unet.up{i}.{kind}" for i in range(4) for kind in ("0.weight", "0.bias", "1.weight")]
    return [*names, "unet.conv.weight", "unet.conv.bias"]


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize(("name", "first_stride"), [("rife", 2), ("rife-m", 2), ("rife-2r", 1)])
def test_every_parameter_has_one_official_name(name: str, first_stride: int, prefix: str):
    state = {prefix + n: torch.zeros(0) for n in official_names()}
    weights, teacher, unknown = convert_keys(state, first_stride=first_stride)
    assert unknown == ()
    assert set(weights) == set(dry_run(find_spec(name)).state_dict())
    assert len(weights) + len(teacher) == len(state)


def test_teacher_fits_one_block():
    state = {n: torch.zeros(0) for n in block_names("block_tea")}
    names = set(convert_keys(state).teacher)
    assert names == set(IFBlock(20, 90).state_dict())


def test_tensors_are_passed_on_not_copied():
    tensor = torch.rand(5)
    assert convert_keys({"module.block1.lastconv.bias": tensor}).weights == {
        "flow.blocks.1.up.bias": tensor
    }


def test_names_of_later_versions_are_reported_as_they_came():
    later = ["module.encode.cnn0.weight", "module.block3.conv0.0.0.weight", "block0.conv0", "unet."]
    assert convert_keys({n: torch.zeros(0) for n in later}).unknown == tuple(later)


def test_a_converted_file_loads_strictly():
    model = build_model("rife")
    shapes = model.state_dict()
    official = {n: n for n in official_names()}
    origin = convert_keys(official).weights  # our name -> the official one
    file = {f"module.{origin[n]}": torch.rand_like(v) for n, v in shapes.items()}
    model.load_state_dict(convert_keys(file).weights, strict=True)
    assert torch.equal(model.refiner.head.bias, file["module.unet.conv.bias"])

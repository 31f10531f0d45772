"""Our RIFE assemblies compute what the official networks compute.

Two tests per model. The *live* one runs the official code beside ours and needs a checkout of
https://github.com/hzwer/ECCV2022-RIFE, whose path goes into $VFI_RIFE_REPO. The *golden* one needs
nothing: it compares our outputs with samples that our own code wrote at the moment the live test
passed, with official commit 5d8adbdd40e12c2c8f91930eff838aebe561c086, in float64, at 256x448 and at
250x431: the largest relative error was 4e-14 in the image, 7e-15 in the mask and 4e-15 in any
flow. No line and no weight of the official repository is kept here: the weights are made
from integers (conftest.py), so that every machine makes the same ones.

To write the samples anew after an intended change: run the live tests first, then
``VFI_WRITE_GOLDEN=1 pytest tests/parity/test_rife.py``.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lift15.rife.keys import convert_keys
from vfiblocks import Interpolator, Window
from vfiblocks.ops import pad_to_multiple

# Our name -> official module and class, and the times to compare at.
OFFICIAL = {
    "rife": ("model.IFNet", "IFNet", (0.5,)),
    "rife-m": ("model.IFNet_m", "IFNet_m", (0.125, 0.5, 0.8)),
    "rife-2r": ("model.IFNet_2R", "IFNet", (0.5,)),
}


@pytest.mark.parametrize(
    ("name", "time"), [(name, time) for name, (*_, times) in OFFICIAL.items() for time in times]
)
def test_outputs_are_those_of_the_day_parity_was_verified(
    check_golden: Any, name: str, time: float
):
    check_golden(name, time, (64, 96))


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch, default_float64: None) -> Iterator[Any]:
    """Builder of official networks in float64."""
    folder = os.environ.get("VFI_RIFE_REPO", "")
    if not (Path(folder) / "model" / "IFNet.py").is_file():
        pytest.skip("set VFI_RIFE_REPO to a checkout of hzwer/ECCV2022-RIFE to compare live")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)

    def make(name: str) -> nn.Module:
        module, cls, _ = OFFICIAL[name]
        network: nn.Module = getattr(importlib.import_module(module), cls)()
        return network.eval()

    yield make
    for name in set(sys.modules) - before:  # their package is called just `model`
        if name.split(".")[0] == "model":
            del sys.modules[name]


def official_weights(network: nn.Module, ours: Interpolator, *, first_stride: int) -> None:
    """Put our weights into an official network, through the inverse of the conversion."""
    names = network.state_dict()
    # Each official tensor carries its own name through the conversion.
    carried = convert_keys({f"module.{n}": n for n in names}, first_stride=first_stride)
    assert not carried.unknown
    weights = ours.state_dict()
    assert set(carried.weights) == set(weights)
    network.load_state_dict(
        {**names, **{theirs: weights[name] for name, theirs in carried.weights.items()}}
    )


@pytest.mark.slow
@pytest.mark.parametrize("flow_scale", [1.0, 0.5])
@pytest.mark.parametrize("size", [(256, 448), (250, 431)])
@pytest.mark.parametrize("name", OFFICIAL)
def test_official_network_agrees(
    official: Any,
    build: Any,
    pictures: Any,
    assert_close: Any,
    name: str,
    size: tuple[int, int],
    flow_scale: float,
):
    network, ours = official(name), build(name, flow_scale)
    official_weights(network, ours, first_stride=1 if name == "rife-2r" else 2)
    frames = pictures(*size)
    padded = pad_to_multiple(frames, round(32 / flow_scale))
    scales = [scale / flow_scale for scale in (4, 2, 1)]
    for time in OFFICIAL[name][2]:
        with torch.no_grad():
            flows, mask, merged, *_ = network(padded.flatten(1, 2), scale=scales, timestep=time)
            out = ours(frames, Window.even(1, 1, time))
        height, width = size
        pairs = {
            "image": (out.image, merged[2][..., :height, :width]),
            "flow": (out.motion.flow.flatten(1, 2), flows[-1]),
            "mask": (out.motion.logits[:, 0].sigmoid(), mask),
        }
        for level, (motion, flow) in enumerate(zip(out.motion.coarser, flows, strict=False)):
            pairs[f"flow {level}"] = (motion.flow.flatten(1, 2), flow)
        for what, (found, expected) in pairs.items():
            assert_close(found, expected, f"{name} {what} at time {time:g}")

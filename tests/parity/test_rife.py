"""Our RIFE assemblies compute what the official networks compute.

Two tests per model. The *live* one runs the official code beside ours and needs a checkout of
https://github.com/hzwer/ECCV2022-RIFE, whose path goes into $VFI_RIFE_REPO. The *golden* one needs
nothing: it compares our outputs with samples that our own code wrote at the moment the live test
passed, with official commit 5d8adbdd40e12c2c8f91930eff838aebe561c086, in float64, at 256x448 and at
250x431: the largest relative error was 4e-14 in the image, 7e-15 in the mask and 4e-15 in any
flow. No line and no weight of the official repository is kept here: the weights below are made
from integers, so that every machine makes the same ones.

To write the samples anew after an intended change: run the live tests first, then
``VFI_WRITE_GOLDEN=1 pytest tests/parity/test_rife.py``.
"""

import functools
import importlib
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lift15.rife_weights import convert_keys
from vfiblocks import Interpolator, Window, build_model
from vfiblocks.ops import pad_to_multiple

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-9
# Our name -> official module and class, and the times to compare at.
OFFICIAL = {
    "rife": ("model.IFNet", "IFNet", (0.5,)),
    "rife-m": ("model.IFNet_m", "IFNet_m", (0.125, 0.5, 0.8)),
    "rife-2r": ("model.IFNet_2R", "IFNet", (0.5,)),
}


def uniform(shape: torch.Size, seed: int) -> Tensor:
    """Numbers in (-1, 1) from integer arithmetic: the same in every torch version and on any CPU.

    Two rounds of the usual multiply-and-shift hash; nothing depends on its quality beyond looking
    unordered to a convolution.
    """
    x = torch.arange(math.prod(shape), dtype=torch.int64) + seed * 1_000_003
    for _ in range(2):
        x = ((x >> 16) ^ x) * 0x45D9F3B & 0xFFFFFFFF
    x = (x >> 16) ^ x
    return ((x.double() + 0.5) / 2**31 - 1).view(shape)


@torch.no_grad()
def fill(model: nn.Module) -> None:
    """Weights that keep the signal alive through every layer and move things by several pixels."""
    for seed, (name, value) in enumerate(sorted(model.state_dict().items())):
        noise = uniform(value.shape, seed)
        if value.ndim == 4:
            transposed = ".up." in name
            inputs = value.shape[0] / 4 if transposed else value.shape[1]  # stride 2: a quarter hit
            gain = math.sqrt(3 / (inputs * value.shape[2] * value.shape[3]))
            value.copy_(noise * gain * (1.0 if transposed else 1.4))
        elif name.endswith("1.weight"):  # PReLU slopes, one per channel, all different
            value.copy_(0.25 + 0.2 * noise)
        else:
            value.copy_(0.1 * noise)
        if name.startswith("refiner.head"):
            value.mul_(0.2)  # stay in [0, 1] mostly: the clamp would hide differences
        elif name.startswith("flow.blocks") and ".up." in name:
            # Outputs are channels of flow, in pixels after multiplication by twice the scale, and
            # one of logit; the mask should use its range and the flow stay well inside the picture.
            scale = (4, 2, 1)[int(name.split(".")[2])]
            per_channel = torch.tensor([2.0, 2.0, 2.0, 2.0, 1.0]).double()
            per_channel[:4] /= scale
            value.mul_(per_channel.view(1, 5, 1, 1) if value.ndim == 4 else per_channel)


def pictures(height: int, width: int) -> Tensor:
    """Two pictures of waves in several directions, (1, 2, 3, H, W) in [0, 1]."""
    y = torch.arange(height, dtype=torch.float64)[:, None]
    x = torch.arange(width, dtype=torch.float64)
    planes = [
        0.5
        + 0.25 * torch.sin(0.21 * (c + 1) * x + 0.13 * y + 2.1 * p + c)
        + 0.25 * torch.cos(0.11 * x - 0.17 * (c + 1) * y + 1.3 * p)
        for p in range(2)
        for c in range(3)
    ]
    return torch.stack(planes).view(1, 2, 3, height, width)


@pytest.fixture(scope="module")
def build() -> Any:
    """Filled models in float64, in eval mode; each is made once."""

    @functools.cache
    def make(name: str) -> Interpolator:
        model = build_model(name).double().eval()
        fill(model)
        return model

    return make


@pytest.mark.parametrize(
    ("name", "time"), [(name, time) for name, (*_, times) in OFFICIAL.items() for time in times]
)
def test_outputs_are_those_of_the_day_parity_was_verified(build: Any, name: str, time: float):
    with torch.no_grad():
        out = build(name)(pictures(64, 96), Window.even(1, 1, time))
    found = {
        "image": out.image[0, :, ::8, ::8],
        "flow": out.motion.flow[0, :, :, ::16, ::16],
        "logit": out.motion.logits[0, 0, :, ::16, ::16],
    }
    path = GOLDEN / f"{name}-{time:g}.json"
    if os.environ.get("VFI_WRITE_GOLDEN"):
        rounded = {k: [float(f"{v:.13g}") for v in x.flatten().tolist()] for k, x in found.items()}
        path.write_text(json.dumps(rounded) + "\n", encoding="utf-8")
    golden = json.loads(path.read_text(encoding="utf-8"))
    for key, value in found.items():
        expected = torch.tensor(golden[key], dtype=torch.float64).view_as(value)
        torch.testing.assert_close(value, expected, rtol=TOLERANCE, atol=TOLERANCE)
    # A golden of a dead network would prove nothing.
    assert found["flow"].abs().mean() > 1
    assert found["image"].std() > 0.1
    assert ((found["image"] > 0) & (found["image"] < 1)).double().mean() > 0.8
    assert found["logit"].std() > 0.3


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Builder of official networks in float64; their warp makes its grid in the default dtype."""
    folder = os.environ.get("VFI_RIFE_REPO", "")
    if not (Path(folder) / "model" / "IFNet.py").is_file():
        pytest.skip("set VFI_RIFE_REPO to a checkout of hzwer/ECCV2022-RIFE to compare live")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    torch.set_default_dtype(torch.float64)

    def make(name: str) -> nn.Module:
        module, cls, _ = OFFICIAL[name]
        network: nn.Module = getattr(importlib.import_module(module), cls)()
        return network.eval()

    yield make
    torch.set_default_dtype(torch.float32)
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
@pytest.mark.parametrize("size", [(256, 448), (250, 431)])
@pytest.mark.parametrize("name", OFFICIAL)
def test_official_network_agrees(official: Any, build: Any, name: str, size: tuple[int, int]):
    network, ours = official(name), build(name)
    official_weights(network, ours, first_stride=1 if name == "rife-2r" else 2)
    frames = pictures(*size)
    padded = pad_to_multiple(frames, 32)
    for time in OFFICIAL[name][2]:
        with torch.no_grad():
            flows, mask, merged, *_ = network(padded.flatten(1, 2), timestep=time)
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
            error = float((found - expected).abs().max() / expected.abs().max())
            assert error <= TOLERANCE, f"{name} {what} at time {time:g}: {error:.1e}"

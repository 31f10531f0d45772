"""Our RIFE 4.x assemblies compute what the published networks compute.

As in test_rife.py: a *live* test beside the official classes, as https://github.com/HolyWu/vs-rife
runs them (its checkout goes into $VFI_VSRIFE_REPO), and a *golden* one that needs nothing. The live
one passed for every structure with commit 2a7f2c8d1f614642a996a52d90d74aa25cf1ba22, in float64, at
256x448 and at 250x431.

To write the samples anew after an intended change: run the live tests first, then
``VFI_WRITE_GOLDEN=1 pytest tests/parity/test_rife_v4.py``.
"""

import importlib
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lift15.rife.keys import Head, official_names
from lift15.rife.structures import INDEXED_HEAD, model_name
from lift15.rife.versions import VERSIONS
from vfiblocks import Interpolator, Window
from vfiblocks.ops import pad_to_multiple

# One version of every structure; two where files of one structure spell their names differently.
PARITY = [
    *("4.0", "4.2", "4.5", "4.6", "4.7", "4.12", "4.12.lite", "4.14.lite", "4.15.lite", "4.18"),
    *("4.20", "4.22", "4.22.lite", "4.25", "4.25.lite", "4.25.heavy", "4.26.heavy"),
]
GOLDEN = sorted({VERSIONS[version]: version for version in reversed(PARITY)}.values())
TIME = 0.3


def test_every_structure_is_compared():
    assert {id(VERSIONS[version]) for version in PARITY} == {id(s) for s in VERSIONS.values()}


@pytest.mark.parametrize("version", GOLDEN)
def test_outputs_are_those_of_the_day_parity_was_verified(check_golden: Any, version: str):
    check_golden(model_name(version), TIME, (64, 128))


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch, default_float64: None) -> Iterator[Any]:
    """Builder of official networks in float64, which their warp would leave for `torch.float`."""
    folder = Path(os.environ.get("VFI_VSRIFE_REPO", ""), "vsrife")
    if not (folder / "warplayer.py").is_file():
        pytest.skip("set VFI_VSRIFE_REPO to a checkout of HolyWu/vs-rife to compare live")
    package = types.ModuleType("vsrife")  # the real one needs a video server
    package.__path__ = [str(folder)]
    monkeypatch.setitem(sys.modules, "vsrife", package)
    monkeypatch.setattr(torch, "float", torch.float64)

    def make(version: str, scale: float) -> nn.Module:
        module = importlib.import_module(f"vsrife.IFNet_HDv3_v{version.replace('.', '_')}")
        network: nn.Module = module.IFNet(scale=scale)
        return network.eval()

    yield make
    for name in [name for name in sys.modules if name.startswith("vsrife.")]:
        del sys.modules[name]


def official_weights(network: nn.Module, ours: Interpolator, version: str) -> None:
    """Put our weights into an official network, and noise where it makes what nobody reads."""
    head: Head = "index" if version in INDEXED_HEAD else "cnn"
    weights = ours.state_dict()
    theirs = {
        official: weights[name] for name, official in official_names(weights, head=head).items()
    }
    expected = network.state_dict()
    assert set(theirs) == set(expected)
    for name, value in theirs.items():
        rows = (slice(None),) * (value.ndim == 4) + (slice(value.shape[value.ndim == 4]),)
        expected[name].normal_()[rows].copy_(value)
    network.load_state_dict(expected)


def run(network: nn.Module, frames: Tensor, time: float) -> Tensor:
    """An official picture from padded frames."""
    left, right = frames.unbind(1)
    height, width = frames.shape[-2:]
    horizontal = torch.linspace(-1, 1, width).view(1, 1, 1, width).expand(-1, -1, height, -1)
    vertical = torch.linspace(-1, 1, height).view(1, 1, height, 1).expand(-1, -1, -1, width)
    plane = torch.full((1, 1, height, width), time)
    divisor = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    features = [network.encode(left), network.encode(right)] if hasattr(network, "encode") else []
    with torch.no_grad():
        picture: Tensor = network(
            left, right, plane, divisor, torch.cat((horizontal, vertical), 1), *features
        )
    return picture


@pytest.mark.slow
@pytest.mark.parametrize("size", [(256, 448), (250, 431)])
@pytest.mark.parametrize("version", PARITY)
def test_official_network_agrees(
    official: Any, build: Any, pictures: Any, assert_close: Any, version: str, size: tuple[int, int]
):
    network, ours = official(version, 1.0), build(model_name(version))
    official_weights(network, ours, version)
    frames = pictures(*size)
    expected = run(network, pad_to_multiple(frames, ours.multiple), TIME)
    with torch.no_grad():
        found = ours(frames, Window.even(1, 1, TIME))
    height, width = size
    assert_close(found.image, expected[..., :height, :width], version)
    assert found.motion.flow.abs().mean() > 1


@pytest.mark.slow
@pytest.mark.parametrize("flow_scale", [0.5, 2.0])
@pytest.mark.parametrize("version", ["4.6", "4.25", "4.25.lite"])
def test_official_network_agrees_at_another_flow_scale(
    official: Any, build: Any, pictures: Any, assert_close: Any, version: str, flow_scale: float
):
    network, ours = official(version, flow_scale), build(model_name(version), flow_scale)
    official_weights(network, ours, version)
    frames = pictures(256, 512)
    with torch.no_grad():
        found = ours(frames, Window.even(1, 1, TIME)).image
    assert_close(found, run(network, frames, TIME), f"{version} at flow scale {flow_scale}")


@pytest.mark.slow
def test_official_network_agrees_when_it_restarts(
    official: Any, build: Any, pictures: Any, assert_close: Any
):
    network, ours = official("4.0", 1.0), build("rife-4.0")
    with torch.no_grad():
        for name, value in ours.state_dict().items():
            if name.startswith("flow.blocks.1.up"):
                value.mul_(60)
    official_weights(network, ours, "4.0")
    frames = pictures(256, 448)
    with torch.no_grad():
        found = ours(frames, Window.even(1, 1, TIME))
    once = ours.flow._estimate((frames,), TIME, ours.flow.scales)[0]
    assert (found.motion.flow - once.flow).abs().mean() > 1
    assert_close(found.image, run(network, frames, TIME), "4.0, restarted")

"""Weights and pictures that every machine makes alike, and samples of what came out of them."""

import functools
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vfiblocks import Interpolator, Window, build_model

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-9
FLOW = 4  # channels of flow that a block makes


@pytest.fixture(scope="session")
def pictures() -> Callable[[int, int], Tensor]:
    """Maker of two pictures, (1, 2, 3, H, W)."""
    return _pictures


@pytest.fixture(scope="module")
def build() -> Callable[..., Interpolator]:
    """Filled models in float64, in eval mode; the last few are kept."""

    @functools.lru_cache(maxsize=3)
    def make(name: str, flow_scale: float = 1.0) -> Interpolator:
        model = build_model(name, flow={"flow_scale": flow_scale}).double().eval()
        _fill(model)
        return model

    return make


@pytest.fixture
def default_float64() -> Iterator[None]:
    """Official networks make their grids in the default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def assert_close() -> Callable[[Tensor, Tensor, str], None]:
    """Relative to the largest value."""

    def check(found: Tensor, expected: Tensor, what: str) -> None:
        error = float((found - expected).abs().max() / expected.abs().max())
        assert error <= TOLERANCE, f"{what}: {error:.1e}"

    return check


@pytest.fixture(scope="module")
def check_golden(
    build: Callable[..., Interpolator],
) -> Callable[[str, float, tuple[int, int]], None]:
    """Compares a model's outputs with the samples kept of them, or writes these anew."""

    def check(name: str, time: float, size: tuple[int, int]) -> None:
        with torch.no_grad():
            out = build(name)(_pictures(*size), Window.even(1, 1, time))
        found = {
            "image": out.image[0, :, ::8, ::8],
            "flow": out.motion.flow[0, :, :, ::16, ::16],
            "logit": out.motion.logits[0, 0, :, ::16, ::16],
        }
        path = GOLDEN / f"{name}-{time:g}.json"
        if os.environ.get("VFI_WRITE_GOLDEN"):
            plain = {
                k: [float(f"{v:.13g}") for v in x.flatten().tolist()] for k, x in found.items()
            }
            path.write_text(json.dumps(plain) + "\n", encoding="utf-8")
        golden = json.loads(path.read_text(encoding="utf-8"))
        for key, value in found.items():
            expected = torch.tensor(golden[key], dtype=torch.float64).view_as(value)
            torch.testing.assert_close(value, expected, rtol=TOLERANCE, atol=TOLERANCE)
        # A golden of a dead network would prove nothing.
        assert found["flow"].abs().mean() > 1
        assert found["image"].std() > 0.1
        assert ((found["image"] > 0) & (found["image"] < 1)).double().mean() > 0.8
        assert found["logit"].std() > 0.3

    return check


def uniform(shape: torch.Size | tuple[int, ...], seed: int) -> Tensor:
    """Numbers in (-1, 1) from integer arithmetic: the same in every torch version and on any CPU.

    Two rounds of the usual multiply-and-shift hash; nothing depends on its quality beyond looking
    unordered to a convolution.
    """
    x = torch.arange(math.prod(shape), dtype=torch.int64) + seed * 1_000_003
    for _ in range(2):
        x = ((x >> 16) ^ x) * 0x45D9F3B & 0xFFFFFFFF
    x = (x >> 16) ^ x
    return ((x.double() + 0.5) / 2**31 - 1).view(shape)


def _fill(model: Interpolator) -> None:
    """Weights that keep the signal alive through every layer and move things by several pixels."""
    scales: Any = model.spec.flow.options["scales"]  # those of the publication, at any flow scale
    shuffled = bool(model.spec.flow.options.get("shuffle"))
    with torch.no_grad():
        for seed, (name, value) in enumerate(sorted(model.state_dict().items())):
            noise = uniform(value.shape, seed)
            if name.endswith("beta"):
                value.copy_(0.4 + 0.3 * noise)
            elif value.ndim == 4:
                transposed = ".up." in name or name.startswith("encoder.up")
                inputs = value.shape[0] / 4 if transposed else value.shape[1]  # a quarter is hit
                gain = math.sqrt(3 / (inputs * value.shape[2] * value.shape[3]))
                value.copy_(noise * gain * (1.0 if transposed else 1.4))
            elif name.endswith("1.weight"):  # PReLU slopes, one per channel, all different
                value.copy_(0.25 + 0.2 * noise)
            else:
                value.copy_(0.1 * noise)
            if name.startswith("refiner.head"):
                value.mul_(0.2)  # stay in [0, 1] mostly: the clamp would hide differences
            elif name.startswith("flow.blocks") and ".up." in name:
                _tame(value, scales[int(name.split(".")[2])], shuffled=shuffled)


def _tame(value: Tensor, scale: int, *, shuffled: bool) -> None:
    """Channels of flow come out in pixels after multiplication by the scale, or twice that.

    The mask should use its range and the flow stay well inside the picture.
    """
    flows = FLOW * (4 if shuffled else 1)  # four channels before a pixel shuffle are one after it
    outputs = value.shape[1] if value.ndim == 4 else value.shape[0]
    per_channel = torch.ones(outputs).double()
    per_channel[:flows] = (4.0 if shuffled else 2.0) / scale
    value.mul_(per_channel.view(1, -1, 1, 1) if value.ndim == 4 else per_channel)


def _pictures(height: int, width: int) -> Tensor:
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

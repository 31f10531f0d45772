"""Official RIFE files of every version, made up: their names and shapes, with numbers of ours."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]


class Layout(NamedTuple):
    """What the authors' code of one version builds, written down from it.

    ``first`` and ``later`` are input channels of the blocks, ``outputs`` those before the pixel
    shuffle (or without one, 5), ``head`` the encoder's width, convolutions and outputs.
    """

    widths: tuple[int, ...]
    first: int
    later: int
    outputs: int
    body: str
    head: tuple[int, int, int] | None = None
    spelling: str = ""
    groups: int = 1


FOUR = (192, 128, 96, 64)
LITE = (128, 96, 64, 48)
FIVE = (192, 128, 96, 64, 32)
PLAIN = Layout(FOUR, 7, 12, 5, "leaky")
SHUFFLED = Layout(FOUR, 7, 12, 24, "residual")
LINEAR = Layout(FOUR, 15, 20, 24, "residual", (16, 2, 4), "index")
DEEP = Layout(FOUR, 23, 28, 24, "residual", (32, 4, 8), "cnn")
LATE = Layout((256, 192, 96, 48), 23, 36, 52, "residual", (32, 4, 8), "cnn")
LAST = Layout(FIVE, 15, 28, 52, "residual", (16, 4, 4), "cnn")

LAYOUTS: dict[str, Layout] = {
    **dict.fromkeys(["4.0", "4.1"], PLAIN._replace(body="prelu")),
    **dict.fromkeys(["4.2", "4.3", "4.4"], PLAIN),
    "4.5": SHUFFLED._replace(outputs=20),
    "4.6": SHUFFLED,
    **dict.fromkeys(["4.7", "4.8", "4.9"], LINEAR),
    **dict.fromkeys(["4.10", "4.11", "4.12"], DEEP._replace(spelling="index")),
    **dict.fromkeys(["4.13", "4.14", "4.15", "4.17", "4.18", "4.19", "4.24"], DEEP),
    **dict.fromkeys(
        ["4.12.lite", "4.13.lite"], Layout(LITE, 15, 20, 24, "residual", (32, 4, 4), "index")
    ),
    "4.14.lite": DEEP._replace(groups=2),
    **dict.fromkeys(
        ["4.15.lite", "4.16.lite", "4.17.lite"],
        Layout(LITE, 15, 20, 24, "residual", (16, 4, 4), "cnn"),
    ),
    "4.20": DEEP._replace(widths=(384, 192, 96, 48)),
    **dict.fromkeys(["4.21", "4.22", "4.23"], LATE),
    "4.22.lite": Layout((192, 128, 64, 32), 15, 28, 52, "residual", (16, 4, 4), "cnn"),
    **dict.fromkeys(["4.25", "4.26"], LAST),
    "4.25.lite": LAST._replace(widths=(192, 128, 96, 64, 24)),
    "4.25.heavy": LAST._replace(widths=(384, 256, 192, 128, 64)),
    "4.26.heavy": LAST._replace(first=39, later=52, head=(16, 4, 16)),
}


def convolution(name: str, inputs: int, outputs: int, size: int = 3) -> Shapes:
    return {f"{name}.weight": (outputs, inputs, size, size), f"{name}.bias": (outputs,)}


def deconvolution(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (inputs, outputs, 4, 4), f"{name}.bias": (outputs,)}


def with_prelu(name: str, inputs: int, outputs: int) -> Shapes:
    return {**convolution(f"{name}.0", inputs, outputs), f"{name}.1.weight": (outputs,)}


def block(name: str, inputs: int, width: int, layout: Layout) -> Shapes:
    layer = with_prelu if layout.body == "prelu" else lambda n, i, o: convolution(f"{n}.0", i, o)
    shapes = layer(f"{name}.conv0.0", inputs, width // 2)
    shapes |= layer(f"{name}.conv0.1", width // 2, width)
    for k in range(8):
        here = f"{name}.convblock.{k}"
        if layout.body == "residual":
            shapes |= convolution(f"{here}.conv", width // layout.groups, width)
            shapes[f"{here}.beta"] = (1, width, 1, 1)
        else:
            shapes |= layer(here, width, width)
    last = f"{name}.lastconv" + (".0" if layout.body == "residual" else "")
    return shapes | deconvolution(last, width, layout.outputs)


def shapes_of_v4(version: str) -> Shapes:
    layout = LAYOUTS[version]
    shapes: Shapes = {}
    for i, width in enumerate(layout.widths):
        shapes |= block(f"block{i}", layout.later if i else layout.first, width, layout)
    if layout.head is not None:
        width, depth, outputs = layout.head
        step = 2 if depth > 2 else 1  # activations lie between them
        at = [
            f"encode.cnn{k}" if layout.spelling == "cnn" else f"encode.{step * k}"
            for k in range(depth)
        ]
        shapes |= convolution(at[0], 3, width) | deconvolution(at[-1], width, outputs)
        for name in at[1:-1]:
            shapes |= convolution(name, width, width)
    return shapes


def shapes_of_eccv(*, time: bool) -> Shapes:
    layout = Layout((), 0, 0, 5, "prelu")
    shapes: Shapes = {}
    for name, inputs, width in [
        ("block0", 6, 240),
        ("block1", 17, 150),
        ("block2", 17, 90),
        ("block_tea", 20, 90),
    ]:
        shapes |= block(name, inputs + time, width, layout)
    levels = {"contextnet.conv": [(3, 16), (16, 32), (32, 64), (64, 128)]}
    levels["unet.down"] = [(17, 32), (64, 64), (128, 128), (256, 256)]
    for stem, pairs in levels.items():
        for k, (inputs, outputs) in enumerate(pairs):
            here = f"{stem}{k + 1 if 'contextnet' in stem else k}"
            shapes |= with_prelu(f"{here}.conv1", inputs, outputs)
            shapes |= with_prelu(f"{here}.conv2", outputs, outputs)
    for k, (inputs, outputs) in enumerate([(512, 128), (256, 64), (128, 32), (64, 16)]):
        shapes |= deconvolution(f"unet.up{k}.0", inputs, outputs)
        shapes[f"unet.up{k}.1.weight"] = (outputs,)
    return shapes | convolution("unet.conv", 16, 3)


@pytest.fixture(scope="session")
def official_shapes() -> Callable[[str], Shapes]:
    """Names and shapes in the official file of a version."""

    def make(version: str) -> Shapes:
        if version.startswith("ECCV"):
            return shapes_of_eccv(time=version == "ECCV m")
        return shapes_of_v4(version)

    return make


@pytest.fixture(scope="session")
def fill() -> Callable[[Mapping[str, tuple[int, ...]]], dict[str, Tensor]]:
    """Tensors of given shapes, all different; cut from noise that is drawn once."""
    noise = torch.rand(2**22, generator=torch.Generator().manual_seed(0)).sub_(0.5).mul_(0.1)

    def make(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
        counts = {name: math.prod(shape) for name, shape in shapes.items()}
        assert max(counts.values()) + len(counts) <= len(noise)
        return {
            name: noise[start : start + count].clone().view(shapes[name])
            for start, (name, count) in enumerate(counts.items())
        }

    return make


@pytest.fixture(scope="session")
def official(official_shapes: Any, fill: Any) -> Callable[[str], dict[str, Tensor]]:
    """The state dict in the official file of a version, as a data-parallel wrapper names it."""

    @functools.lru_cache(maxsize=2)
    def make(version: str) -> dict[str, Tensor]:
        return {f"module.{name}": t for name, t in fill(official_shapes(version)).items()}

    return lambda version: dict(make(version))

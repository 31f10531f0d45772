"""Our RIFE assemblies beside the code that its authors published, with the same weights.

Nothing of that code is kept here. Give the paths of checkouts in $VFI_RIFE_REPO
(https://github.com/hzwer/ECCV2022-RIFE) and $VFI_VSRIFE_REPO (https://github.com/HolyWu/vs-rife,
which runs 4.x as published); what is not there is skipped.

Both sides get pictures of the same padded size and run in inference mode. What the official code
may keep between pictures, its grids and planes, is made before the clock starts. Features of both
pictures are worked out by both sides. Ours also checks its input, pads and crops.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks.conftest import Compare
from benchmarks.inputs import clip
from benchmarks.measure import Alternative, significant
from benchmarks.test_models import SIDE
from lift15.rife import import_weights
from vfiblocks import Interpolator, describe, optimize
from vfiblocks.ops import pad_to_multiple

MODELS = ("rife", "rife-4.6", "rife-4.25")
SIZES = ((256, 448), (720, 1280))
SAME = 1e-5
"""How far a picture of :func:`optimize` may be from the model's own, absolute."""


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def network(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[nn.Module]:
    """The official network, weights as initialised."""
    variable, package = ("RIFE", "model") if name == "rife" else ("VSRIFE", "vsrife")
    folder = Path(os.environ.get(f"VFI_{variable}_REPO", ""))
    if not (folder / package / "warplayer.py").is_file():
        pytest.skip(f"set VFI_{variable}_REPO to a checkout of the official code of '{name}'")
    stub = types.ModuleType(package)  # what the packages themselves import is not needed
    stub.__path__ = [str(folder / package)]
    monkeypatch.setitem(sys.modules, package, stub)
    version = name.removeprefix("rife-").replace(".", "_").replace("-", "_")
    file = "IFNet" if name == "rife" else f"IFNet_HDv3_v{version}"
    torch.manual_seed(0)
    yield importlib.import_module(f"{package}.{file}").IFNet().eval().requires_grad_(False)
    for loaded in [module for module in sys.modules if module.startswith(f"{package}.")]:
        del sys.modules[loaded]


@pytest.fixture
def ours(name: str, network: nn.Module, tmp_path: Path) -> Interpolator:
    """Our assembly with the weights of the official network."""
    torch.save(network.state_dict(), tmp_path / "flownet.pkl")
    return import_weights(tmp_path / "flownet.pkl", model=name).build()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_beside_the_official_code(
    compare: Compare, name: str, network: nn.Module, ours: Interpolator, size: tuple[int, int]
) -> None:
    frames = clip(2, *size)
    steps = {
        "ours": ours,
        "ours, channels-last": optimize(ours, fold=False),
        "ours, folded": optimize(ours, channels_last=False),
        "ours, optimize()": optimize(ours),
    }
    _check_pictures(steps, frames)
    theirs = _official(network, pad_to_multiple(frames, ours.multiple), size)
    square = torch.rand(SIDE, SIDE)
    yardstick = {"torch.mm": lambda: torch.mm(square, square)}
    alternatives = {"official": theirs} | {key: _picture(m, frames) for key, m in steps.items()}
    found = compare(
        "Beside the official code",
        alternatives | yardstick,
        size="x".join(map(str, size)),
        case=name,
        spec=ours.spec.fingerprint,
        tolerance=1e-4,  # the official grids are made and normalised in another way
        apart=("torch.mm",),
    )
    product = found["torch.mm"]
    del product["ratio"], product["ratio_quartiles"]  # it makes no picture
    peak, macs = SIDE**3 / product["seconds"], describe(ours.spec, size=size).macs
    for key in alternatives:
        found[key]["share_of_peak"] = significant((macs or 0) / found[key]["seconds"] / peak, 3)


@pytest.mark.parametrize("name", MODELS[:1], indirect=True)
def test_compiled(compare: Compare, name: str, network: nn.Module, ours: Interpolator) -> None:
    """What a compiler adds, where there is one."""
    size = SIZES[0]
    frames = clip(2, *size)
    steps = {"ours, optimize()": optimize(ours), "ours, compiled": optimize(ours, compile=True)}
    _check_pictures({"ours": ours} | steps, frames)
    theirs = _official(network, pad_to_multiple(frames, ours.multiple), size)
    compare(
        "Compiled",
        {"official": theirs} | {key: _picture(model, frames) for key, model in steps.items()},
        size="x".join(map(str, size)),
        case=name,
        spec=ours.spec.fingerprint,
        tolerance=1e-4,
    )


def _official(network: nn.Module, frames: Tensor, size: tuple[int, int]) -> Alternative:
    """A call that makes the official picture, cropped."""
    left, right = (frame.contiguous() for frame in frames.unbind(1))
    height, width = frames.shape[-2:]

    def crop(picture: Tensor) -> Tensor:
        return picture[..., : size[0], : size[1]]

    if hasattr(network, "contextnet"):
        both = torch.cat((left, right), dim=1)
        return lambda: crop(network(both)[2][2])
    columns = torch.linspace(-1, 1, width).view(1, 1, 1, width).expand(-1, -1, height, -1)
    rows = torch.linspace(-1, 1, height).view(1, 1, height, 1).expand(-1, -1, -1, width)
    grid = torch.cat((columns, rows), dim=1)
    time = torch.full((1, 1, height, width), 0.5)
    reach = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    if not hasattr(network, "encode"):
        return lambda: crop(network(left, right, time, reach, grid))
    return lambda: crop(
        network(left, right, time, reach, grid, network.encode(left), network.encode(right))
    )


def _picture(model: Interpolator, frames: Tensor) -> Alternative:
    return lambda: model(frames).image


def _check_pictures(steps: dict[str, Interpolator], frames: Tensor) -> None:
    (_, first), *others = steps.items()
    with torch.inference_mode():
        truth = first(frames).image
    for name, model in others:
        error = float((model(frames).image - truth).abs().max())
        assert error <= SAME, f"'{name}' is {error:.1e} from the model"

"""LPIPS: the package's own numbers from weights on disk, and what is said where there are none."""

import shutil
import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vfiblocks import Draft, Interpolation, Motion
from vfiblocks.errors import CheckpointError, InputError, MissingDependency
from vfiblocks.losses import LPIPS
from vfiblocks.perceptual import FILES, PUBLISHED

lpips = pytest.importorskip("lpips")
models = pytest.importorskip("torchvision.models")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty hub cache, and no way out."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something wants to go online")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


def result_of(image: Tensor) -> Interpolation:
    flow = torch.zeros(len(image), 2, 2, *image.shape[-2:])
    warped = torch.stack((image, image), dim=1)
    return Interpolation(image, Draft(image, warped), Motion(flow, flow[:, :, :1]), None, warped)


def published(network: str, folder: Path) -> tuple[Any, str]:
    """A network of torchvision's with random weights, and the file it would be published in."""
    made = getattr(models, network)(weights=None)
    for name, value in made.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(value, std=0.1)
    path = folder / FILES[network]
    features = made.features.state_dict(prefix="features.")
    torch.save({**features, "classifier.1.bias": torch.zeros(3)}, path)
    return made, str(path)


def by_the_package(net: str, made: Any, image: Tensor, target: Tensor) -> Tensor:
    """What its users call, with the weights filled in as its authors' slices lie."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    layers = {int(place): layer for place, layer in made.features.named_children()}
    for block in theirs.net.children():
        for place, layer in block.named_children():
            layer.load_state_dict(layers[int(place)].state_dict())
    return theirs(2 * image - 1, 2 * target - 1).mean()


@pytest.mark.parametrize(
    ("net", "network"),
    [
        ("alex", "alexnet"),
        ("squeeze", "squeezenet1_1"),
        pytest.param("vgg", "vgg16", marks=pytest.mark.slow),
    ],
)
def test_it_is_what_the_package_says(net: str, network: str, tmp_path: Path):
    made, path = published(network, tmp_path)
    target = torch.rand(2, 3, 40, 56)
    image = (target + 0.3 * torch.randn_like(target)).requires_grad_()
    found = LPIPS(net=net, backbone=path)(result_of(image), target)
    expected = by_the_package(net, made, image, target)
    assert expected > 0.001
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    (slope,) = torch.autograd.grad(found, image)
    (wanted,) = torch.autograd.grad(expected, image)
    torch.testing.assert_close(slope, wanted, rtol=1e-5, atol=1e-9)
    # A clamp would not have gone unnoticed.
    clamped = by_the_package(net, made, image.clamp(0, 1), target)
    assert abs(clamped - expected) > 1e-4 * expected


def test_weights_come_from_the_hub_cache_unless_said(backbone: Callable[..., str], tmp_path: Path):
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    shutil.copy(backbone("alexnet"), cache / FILES["alexnet"])
    image, target = torch.rand(2, 1, 3, 32, 32)
    found = LPIPS()(result_of(image), target)
    assert found == LPIPS(backbone=backbone("alexnet"))(result_of(image), target)


def test_making_one_leaves_random_numbers_alone(backbone: Callable[..., str]):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    LPIPS(backbone=backbone("alexnet"))
    assert torch.equal(torch.rand(4), expected)


def test_black_pictures_have_a_gradient(backbone: Callable[..., str], tmp_path: Path):
    """Where no unit responds the package divides zero by the root of zero."""
    weights = torch.load(backbone("alexnet"), weights_only=True)
    dead = {name: -value.abs() if "bias" in name else value for name, value in weights.items()}
    torch.save(dead, tmp_path / "dead.pth")
    image = torch.full((1, 3, 32, 32), 0.45, requires_grad=True)
    target = torch.full((1, 3, 32, 32), 0.46)
    LPIPS(backbone=str(tmp_path / "dead.pth"))(result_of(image), target).backward()
    assert image.grad is not None
    assert image.grad.isfinite().all()


def test_missing_weights_are_named_with_their_place(tmp_path: Path):
    with pytest.raises(CheckpointError) as caught:
        LPIPS(net="vgg")
    said = str(caught.value)
    assert str(tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth") in said
    assert "downloads nothing" in said
    assert "https://download.pytorch.org/models/vgg16-397923af.pth" in said
    assert "backbone=PATH" in said
    with pytest.raises(CheckpointError, match=r"no file .*elsewhere\.pth"):
        LPIPS(backbone=str(tmp_path / "elsewhere.pth"))


def test_the_files_are_those_that_torchvision_publishes():
    for network, file in FILES.items():
        weights = models.get_model_weights(network).IMAGENET1K_V1
        assert weights.url == PUBLISHED + file


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("evil"),))


@pytest.mark.parametrize("damage", ["empty", "text", "half", "tail", "code", "list", "folder"])
def test_damaged_files_are_refused_and_nothing_in_them_is_run(
    damage: str, backbone: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    whole = Path(backbone("alexnet")).read_bytes()
    if damage == "code":
        torch.save({"features.0.weight": Evil()}, path)
    elif damage == "list":
        torch.save([torch.zeros(3)], path)
    elif damage == "folder":
        path.mkdir()
    else:
        path.write_bytes(
            {"empty": b"", "text": b"<html>", "half": whole[: len(whole) // 2]}.get(
                damage, whole[:-40]
            )
        )
    with pytest.raises(CheckpointError, match=r"^loss 'lpips' .*weights\.pth"):
        LPIPS(backbone=str(path))
    assert not (tmp_path / "evil").exists()


def test_another_networks_file_is_refused(backbone: Callable[..., str]):
    with pytest.raises(CheckpointError, match=r"alexnet, with features\.0\.weight of \(64, 3, 11"):
        LPIPS(backbone=backbone("vgg19", 2))


def test_without_the_package_the_message_says_what_to_install(
    backbone: Callable[..., str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[train\]'"):
        LPIPS(backbone=backbone("alexnet"))


def test_what_it_cannot_measure_is_refused(backbone: Callable[..., str], tmp_path: Path):
    with pytest.raises(InputError, match="one of alex, vgg, squeeze, got 'alexnet'"):
        LPIPS(net="alexnet")
    least = {"alex": ("alexnet", 31), "squeeze": ("squeezenet1_1", 17)}
    for net, (network, side) in least.items():
        path = backbone(network) if net == "alex" else published(network, tmp_path)[1]
        loss = LPIPS(net=net, backbone=path)
        just, small = torch.rand(1, 3, side, side + 9), torch.rand(1, 3, side + 9, side - 1)
        assert loss(result_of(just), just) == 0
        with pytest.raises(InputError, match=f"at least {side} pixels a side, got {side + 9}x"):
            loss(result_of(small), small)

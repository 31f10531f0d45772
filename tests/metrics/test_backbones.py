import hashlib
from pathlib import Path

import pytest
import torch

from vfiblocks.errors import CheckpointError, InputError, MissingDependency
from vfiblocks.perceptual import backbones, load_backbone, load_lpips


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torch.hub."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def publish(cache: Path, monkeypatch: pytest.MonkeyPatch, source: Path) -> Path:
    """Make a file the published one: under the name that carries its hash."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    place = cache / f"alexnet-owt-{digest[:8]}.pth"
    place.write_bytes(source.read_bytes())
    monkeypatch.setitem(backbones.PUBLISHED, "alex", (place.name,))
    return place


def test_a_missing_file_is_named_with_what_to_do(cache: Path):
    said = rf"'alex' at {cache}/alexnet-owt-7be5be79.pth; nothing is downloaded here: fetch https"
    with pytest.raises(CheckpointError, match=said):
        load_backbone("alex")
    with pytest.raises(CheckpointError, match=r"'vgg' at .*vgg16-397923af\.pth"):
        load_lpips("vgg")


def test_what_torchvision_left_in_the_cache_is_found(cache: Path, monkeypatch, random_backbone):
    place = publish(cache, monkeypatch, random_backbone("alex"))
    found = load_backbone("alex")
    assert (found.path, found.published) == (place, True)
    assert str(found).startswith(f"{place.name} (torchvision's, sha256 {found.sha256[:8]})")


def test_a_broken_download_in_the_cache_is_refused(cache: Path, monkeypatch, random_backbone):
    place = publish(cache, monkeypatch, random_backbone("alex"))
    place.write_bytes(place.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"does not hold what its name says .* delete it"):
        load_backbone("alex")


def test_other_weights_say_so(random_backbone):
    found = load_backbone("squeeze", random_backbone("squeeze"))
    assert not found.published
    assert "other weights" in str(found)


def test_nothing_in_a_file_is_executed(tmp_path: Path):
    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    torch.save({"features.0.weight": Harm()}, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match="cannot be read as tensors alone"):
        load_backbone("alex", tmp_path / "bad.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "holds a list, wanted is a state dict"),
        ({"fc.weight": torch.zeros(1)}, r"no tensor named 'features\.\*'.*it has fc\.weight"),
        ({}, "it has nothing"),
    ],
)
def test_what_is_no_backbone_is_refused(tmp_path: Path, content: object, said: str):
    torch.save(content, tmp_path / "file.pth")
    with pytest.raises(CheckpointError, match=said):
        load_backbone("alex", tmp_path / "file.pth")


def test_weights_of_another_network_are_refused(random_backbone):
    pytest.importorskip("lpips")
    said = r"squeeze\.pth is no backbone 'alex': wanted 'features\.0\.weight' \(64, 3, 11, 11\)"
    with pytest.raises(CheckpointError, match=said):
        load_lpips("alex", weights=random_backbone("squeeze"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"unknown backbone 'resnet'.*alex, squeeze, vgg"):
        load_backbone("resnet")


def test_without_the_package_it_says_what_to_install(random_backbone, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lpips", None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[train\]'"):
        load_lpips("squeeze", weights=random_backbone("squeeze"))


@pytest.mark.parametrize("name", ["alex", "squeeze", "vgg"])
def test_gradients_reach_the_picture_and_no_weight(random_backbone, name: str):
    pytest.importorskip("lpips")
    network = load_lpips(name, weights=random_backbone(name)).network
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    network(picture, torch.rand(1, 3, 64, 64), normalize=True).sum().backward()
    assert picture.grad is not None
    assert picture.grad.any()
    assert not any(parameter.requires_grad for parameter in network.parameters())

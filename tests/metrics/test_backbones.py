"""Which file a perceptual network was filled from; reading it is tested with the losses."""

import hashlib
from pathlib import Path

import pytest
import torch

from vfiblocks.errors import CheckpointError
from vfiblocks.perceptual import FILES, Frozen, identify, weights_file


def test_the_usual_place_is_torchs_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    assert weights_file("vgg16") == tmp_path / "checkpoints" / "vgg16-397923af.pth"
    assert weights_file("vgg16", "mine.pth") == Path("mine.pth")


def test_a_file_is_torchvisions_if_its_hash_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "copy.pth"
    file.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    found = identify("alexnet", file)
    assert (found.path, found.sha256, found.published) == (file, digest, False)
    assert str(found) == f"copy.pth (other weights, sha256 {digest[:8]})"
    monkeypatch.setitem(FILES, "alexnet", f"alexnet-owt-{digest[:8]}.pth")
    assert str(identify("alexnet", file)) == f"copy.pth (torchvision's, sha256 {digest[:8]})"
    with pytest.raises(CheckpointError, match=r"gone\.pth cannot be read: No such file"):
        identify("alexnet", tmp_path / "gone.pth")


def test_a_frozen_network_is_not_trained_and_passes_gradients_on():
    frozen = Frozen(torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Conv2d(3, 2, 3)))
    picture = torch.rand(1, 3, 8, 8, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        made = frozen(picture)
    assert isinstance(made, torch.Tensor)
    assert made.dtype == torch.float32
    assert torch.equal(made, frozen(picture))  # no dropout, no half precision
    made.sum().backward()
    assert picture.grad is not None
    assert picture.grad.any()
    assert not any(weight.requires_grad for weight in frozen.network.parameters())

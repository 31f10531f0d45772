"""LPIPS with random backbones: what is tested is our road to the package, not the package."""

import hashlib
import warnings

import pytest
import torch

from vfiblocks import METRICS
from vfiblocks.errors import CheckpointError, InputError
from vfiblocks.perceptual import FILES


@pytest.mark.parametrize("name", ["alex", "squeeze", "vgg"])
def test_it_is_the_packages_own(random_backbone, pictures, name):
    """Their constructor and their network; only the convolutions are copied in."""
    lpips = pytest.importorskip("lpips")
    path = random_backbone(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torchvision's, about how the package asks
        theirs = lpips.LPIPS(net=name, pnet_rand=True, verbose=False)
    weights = torch.load(path, weights_only=True)
    for key, parameter in theirs.net.named_parameters():
        parameter.data.copy_(weights["features." + key.split(".", 1)[1]])
    image, target = (x.float() for x in pictures(2, 3, 64, 80))
    want = theirs(image, target, normalize=True).flatten()
    metric = METRICS.get(f"lpips-{name}")(backbone=path, rounded=False)
    assert torch.equal(metric(image, target), want)
    assert (want > 0).all()


def test_it_is_no_number_of_half_precision(random_backbone, pictures):
    pytest.importorskip("lpips")
    metric = METRICS.get("lpips-squeeze")(backbone=random_backbone("squeeze"))
    image, target = (x.float() for x in pictures(1, 3, 64, 64))
    with torch.autocast("cpu", torch.bfloat16):
        found = metric(image, target)
    assert found == metric(image, target)
    assert float(metric(target, target)) == 0


def test_a_table_can_say_which_backbone_it_was(random_backbone):
    pytest.importorskip("lpips")
    metric = METRICS.get("lpips-squeeze")(backbone=random_backbone("squeeze"))
    assert metric.facts["backbone"].startswith("squeeze.pth (other weights, sha256 ")
    assert (metric.better, metric.needs) == ("lower", frozenset())
    assert METRICS.get("psnr")().facts == {}


def test_the_cache_is_trusted_with_what_its_name_says_alone(
    random_backbone, pictures, tmp_path, monkeypatch
):
    pytest.importorskip("lpips")
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    data = random_backbone("squeeze").read_bytes()
    place = tmp_path / "checkpoints" / FILES["squeezenet1_1"]
    place.parent.mkdir()
    place.write_bytes(data)
    said = r"lpips-squeeze' found other weights in .* than its name says .* backbone=PATH if you"
    with pytest.raises(CheckpointError, match=said):
        METRICS.get("lpips-squeeze")()
    name = f"squeezenet1_1-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    monkeypatch.setitem(FILES, "squeezenet1_1", name)
    place.rename(place.with_name(name))
    metric = METRICS.get("lpips-squeeze")()
    assert "(torchvision's, " in metric.facts["backbone"]
    image, target = (x.float() for x in pictures(1, 3, 32, 32))
    assert metric(image, target) > 0


def test_without_weights_nothing_is_measured(tmp_path, monkeypatch):
    pytest.importorskip("lpips")
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    for name, network in (("alex", "alexnet"), ("squeeze", "squeezenet1_1"), ("vgg", "vgg16")):
        said = rf"^metric 'lpips-{name}' needs torchvision's weights of {network} and downloads not"
        with pytest.raises(CheckpointError, match=said):
            METRICS.get(f"lpips-{name}")()


def test_pictures_that_are_too_small_are_refused(random_backbone):
    pytest.importorskip("lpips")
    metric = METRICS.get("lpips-squeeze")(backbone=random_backbone("squeeze"))
    small = torch.rand(1, 3, 16, 40)
    with pytest.raises(InputError, match=r"at least 17 pixels a side, got 16x40"):
        metric(small, small)

"""LPIPS with random backbones: what is tested is our road to the package, not the package."""

import warnings

import pytest
import torch

from vfiblocks.errors import CheckpointError
from vfiblocks.metrics import METRICS


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
    metric = METRICS.get(f"lpips-{name}")(weights=path, rounded=False)
    assert torch.equal(metric(image, target), want)
    assert (want > 0).all()


def test_it_is_no_number_of_half_precision(random_backbone, pictures):
    pytest.importorskip("lpips")
    metric = METRICS.get("lpips-squeeze")(weights=random_backbone("squeeze"))
    image, target = (x.float() for x in pictures(1, 3, 64, 64))
    with torch.autocast("cpu", torch.bfloat16):
        found = metric(image, target)
    assert found == metric(image, target)
    assert float(metric(target, target)) == 0


def test_a_table_can_say_which_backbone_it_was(random_backbone):
    pytest.importorskip("lpips")
    metric = METRICS.get("lpips-squeeze")(weights=random_backbone("squeeze"))
    assert metric.facts["backbone"].startswith("squeeze.pth (other weights, sha256 ")
    assert metric.state_dict()  # a module: it moves to a device with its network
    assert (metric.better, metric.needs) == ("lower", frozenset())


def test_without_weights_nothing_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    for name in ("alex", "squeeze", "vgg"):
        with pytest.raises(CheckpointError, match=rf"no weights of backbone '{name}' at "):
            METRICS.get(f"lpips-{name}")()

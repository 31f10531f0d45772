"""timm backbones: what cannot be built or fetched is said clearly."""

import sys
from pathlib import Path

import pytest
import torch

from vfiblocks import ENCODERS, ModelSpec, Part, Upstream, assemble
from vfiblocks.errors import AssemblyError, CheckpointError, InputError, MissingDependency

LIFT = ModelSpec(
    encoder=Part("timm-pyramid"),
    aggregator=Part("transformer", dim=64, layers=1),
    flow=Part("context-cascade", coarse_channels=16, fine_channels=16),
    blender=Part("visibility"),
    refiner=Part("full-resolution", stride=4, channels=16, blocks=1),
)


def build(**options: object):
    return ENCODERS.get("timm-pyramid")(Upstream("encoder 'timm-pyramid'"), **options)


def test_taps_replace_those_of_the_pyramid():
    model = assemble(LIFT).eval()
    assert model.tap_strides == (4, 8)
    assert model.clip_stride == 16
    assert max(model.encoder.taps) == 16  # the stride-32 stage is gone
    with torch.no_grad():
        assert model(torch.rand(1, 2, 3, 48, 40)).image.shape == (1, 3, 48, 40)


def test_pruning_keeps_weights_and_mode():
    whole, pruned = build().eval(), build().eval()
    pruned.load_state_dict(whole.state_dict())
    pruned.prune({4})
    assert not pruned.body.training
    assert sum(p.numel() for p in pruned.parameters()) < 0.02 * sum(
        p.numel() for p in whole.parameters()
    )
    for name, value in pruned.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name])


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("resnet81", "timm has no backbone 'resnet81'; near: resnet"),
        ("no such thing", "timm has no backbone 'no such thing'"),
        (
            "vit_tiny_patch16_224",
            "reads features at stride 8, but encoder 'timm-pyramid' offers 16",
        ),
    ],
)
def test_unusable_backbones_are_named(backbone: str, message: str):
    with pytest.raises((AssemblyError, InputError), match=message):
        assemble(LIFT.override(encoder={"backbone": backbone}))(torch.rand(1, 2, 3, 32, 64))


def test_pretrained_weights_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    # The environment variables of the same names are read once, when the package is imported.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        CheckpointError, match="pretrained weights of 'resnet18' cannot be had"
    ) as e:
        build(pretrained=True)
    assert "pretrained=False" in str(e.value)


def test_missing_timm(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingDependency, match=r"pip install 'vfiblocks\[timm\]'"):
        build()


def test_taps_with_channels_last_are_refused():
    spec = LIFT.override(aggregator=None, encoder={"backbone": "swin_tiny_patch4_window7_224"})
    with pytest.raises(InputError, match=r"gives \(56, 56, 96\) at stride 4 instead of \(96, 56"):
        assemble(spec)(torch.rand(1, 2, 3, 224, 224))


def test_a_backbone_of_one_size_says_so():
    encoder = build(backbone="swin_tiny_patch4_window7_224").eval()
    with pytest.raises(InputError, match="refuses pictures of 64x64") as caught:
        encoder(torch.rand(1, 3, 64, 64), {4})
    assert "convolutional" in str(caught.value)

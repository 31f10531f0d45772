"""VGG features, against torchvision's own network."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vfiblocks import Draft, Interpolation, Motion
from vfiblocks.errors import CheckpointError, InputError
from vfiblocks.losses import VGG


def result_of(image: Tensor) -> Interpolation:
    flow = torch.zeros(len(image), 2, 2, *image.shape[-2:])
    warped = torch.stack((image, image), dim=1)
    return Interpolation(image, Draft(image, warped), Motion(flow, flow[:, :, :1]), None, warped)


@pytest.mark.parametrize(
    ("layers", "taps"),
    [
        (("relu1_1",), (1,)),
        (("relu1_2", "relu2_2", "relu3_2", "relu4_2"), (3, 8, 13, 22)),
        (("relu2_1", "relu1_2", "relu2_1"), (3, 6)),  # in any order, each once
    ],
)
def test_it_is_the_distance_of_torchvisions_features(
    layers: tuple[str, ...], taps: tuple[int, ...], backbone: Callable[..., str]
):
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        features = models.vgg19(weights=None).features[: max(taps) + 1]
    weights = torch.load(backbone("vgg19", 10), weights_only=True)
    features.load_state_dict(
        {
            name.removeprefix("features."): value
            for name, value in weights.items()
            if int(name.split(".")[1]) <= max(taps) and name.startswith("features.")
        },
        assign=True,
    )
    target = torch.rand(2, 3, 24, 32)
    image = (target + 0.2 * torch.randn_like(target)).requires_grad_()
    seen: list[list[Tensor]] = []
    for picture in (image, target):
        mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
        x = (picture - mean) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
        seen.append([])
        for place, layer in enumerate(features):
            x = layer(x.clone())  # theirs rectify in place
            if place in taps:
                seen[-1].append(x.clone())
    expected = sum((a - b).abs().mean() for a, b in zip(*seen, strict=True)) / len(taps)
    found = VGG(layers=layers, backbone=backbone("vgg19", 10))(result_of(image), target)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    (slope,) = torch.autograd.grad(found, image)
    (wanted,) = torch.autograd.grad(expected, image)
    torch.testing.assert_close(slope, wanted, rtol=1e-5, atol=1e-9)


def test_layers_behind_the_deepest_need_no_weights(backbone: Callable[..., str]):
    VGG(layers=("relu2_2",), backbone=backbone("vgg19", 4))
    with pytest.raises(CheckpointError, match=r"vgg19, with features\.10\.weight .* it has none"):
        VGG(layers=("relu3_1",), backbone=backbone("vgg19", 4))


def test_missing_weights_are_named_with_their_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"loss 'vgg' .*checkpoints.vgg19-dcbb9e9d\.pth"):
        VGG()


def test_what_it_does_not_have_is_refused(backbone: Callable[..., str]):
    with pytest.raises(InputError, match="one of vgg16, vgg19, got 'vgg11'"):
        VGG(net="vgg11")
    with pytest.raises(InputError, match=r"relu3_1 to relu3_3, .* got 'relu3_4'"):
        VGG(net="vgg16", layers=("relu1_1", "relu3_4"))
    with pytest.raises(InputError, match="at least one layer"):
        VGG(layers=())
    loss = VGG(layers=("relu2_2", "relu1_1"), backbone=backbone("vgg19", 4))
    assert loss(result_of(torch.ones(1, 3, 2, 2)), torch.ones(1, 3, 2, 2)) == 0
    with pytest.raises(InputError, match="at least 2 pixels a side for these layers, got 9x1"):
        loss(result_of(torch.ones(1, 3, 9, 1)), torch.ones(1, 3, 9, 1))

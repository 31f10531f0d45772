"""Distance between features of a network that was trained to tell objects apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss
from vfiblocks.perceptual import Frozen, read_features
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth

BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions between two poolings: configurations D and E."""

WIDTHS = (64, 128, 256, 512, 512)

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours: what torchvision's networks expect to be taken away."""


@LOSSES.register("vgg")
class VGG(Loss):
    """Mean absolute difference of VGG features, averaged over some of its layers.

    The weights are read from a file of torchvision's, and never downloaded; nothing of them is
    trained or saved. Layers behind the deepest one asked for are not computed.

    Args:
        net: "vgg19" or "vgg16".
        layers: "relu3_2" is what the second convolution of the third block gives, rectified.
        backbone: file with torchvision's weights of the network. None is the file of its usual
            name in torch's hub cache.

    Raises:
        CheckpointError: the weights are not there, or are no such weights.
        InputError: for another ``net``, a layer that it does not have, or pictures that the
            poolings leave nothing of.

    Sources: Johnson et al., ECCV 2016; the layers are those of FILM (Reda et al., ECCV 2022), which
    weighs them by numbers of its own; the LIFT-15 text, section 7.1.

    Example:
        >>> VGG(net="vgg16", layers=["relu2_3"])
        Traceback (most recent call last):
        vfiblocks.errors.InputError: vgg wants layers of vgg16, relu1_1 to relu1_2, relu2_1 to
        relu2_2, relu3_1 to relu3_3, relu4_1 to relu4_3, relu5_1 to relu5_3, got 'relu2_3'
    """

    def __init__(
        self,
        *,
        net: str = "vgg19",
        layers: Sequence[str] = ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2"),
        backbone: str | None = None,
    ) -> None:
        super().__init__()
        if net not in BLOCKS:
            raise InputError(f"vgg wants net to be one of {', '.join(BLOCKS)}, got {net!r}")
        taps = sorted({_index(net, layer) for layer in layers})
        if not taps:
            raise InputError("vgg wants at least one layer, got none")
        self.net = net
        self.network = Frozen(_build(net, taps, backbone))
        self.poolings = max(int(layer[4]) for layer in layers) - 1

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        height, width = truth.image.shape[-2:]
        if min(height, width) < 2**self.poolings:
            raise InputError(
                f"vgg wants pictures of at least {2**self.poolings} pixels a side for these "
                f"layers, got {height}x{width}; use larger crops or earlier layers"
            )
        made, true = self.network(result.image), self.network(truth.image)
        gaps = [(a - b).abs().mean() for a, b in zip(made, true, strict=True)]
        return torch.stack(gaps).mean()


class Taps(nn.Module):
    """What some layers of VGG see in pictures (B, 3, H, W) in [0, 1], the earliest first."""

    def __init__(self, features: nn.Sequential, taps: Sequence[int]) -> None:
        super().__init__()
        self.features = features
        self.taps = frozenset(taps)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Features (B, C, h, w) of each tapped layer."""
        mean, deviation = (
            torch.tensor(values, device=pictures.device).view(3, 1, 1)
            for values in (MEAN, DEVIATION)
        )
        x = (pictures - mean) / deviation
        seen = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                seen.append(x)
        return seen


def _build(net: str, taps: Sequence[int], backbone: str | None) -> Taps:
    layers: list[nn.Module] = []
    inputs = 3
    with torch.device("meta"):  # every tensor comes from a file
        for width, convolutions in zip(WIDTHS, BLOCKS[net], strict=True):
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, width, 3, 1, 1), nn.ReLU()]
                inputs = width
            layers.append(nn.MaxPool2d(2))
    network = Taps(nn.Sequential(*layers[: max(taps) + 1]), taps)
    wanted = {key: value.shape for key, value in network.state_dict().items()}
    network.load_state_dict(read_features("loss 'vgg'", net, backbone, wanted), assign=True)
    return network


def _index(net: str, layer: str) -> int:
    """Place of "relu3_2" among torchvision's ``features``."""
    places = {}
    place = 0
    for block, convolutions in enumerate(BLOCKS[net], start=1):
        for number in range(1, convolutions + 1):
            places[f"relu{block}_{number}"] = place + 1
            place += 2
        place += 1
    if layer not in places:
        known = ", ".join(
            f"relu{block}_1 to relu{block}_{count}" for block, count in enumerate(BLOCKS[net], 1)
        )
        raise InputError(f"vgg wants layers of {net}, {known}, got {layer!r}")
    return places[layer]

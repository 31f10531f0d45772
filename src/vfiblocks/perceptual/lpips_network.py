"""The network of LPIPS, from the package of its authors and weights on this machine."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vfiblocks.errors import InputError, MissingDependency
from vfiblocks.perceptual.backbones import read_features

LPIPS_NETWORKS = {"alex": ("alexnet", 31), "vgg": ("vgg16", 16), "squeeze": ("squeezenet1_1", 17)}
"""Its name -> torchvision's name of the network beneath, and the pixels a side that it needs."""


def build_lpips(who: str, net: str, backbone: str | Path | None = None) -> nn.Module:
    """LPIPS 0.1; its calibration comes with the package, the weights beneath from a file.

    Args:
        who: what asks, for messages.
        net: a key of :data:`LPIPS_NETWORKS`.
        backbone: see :func:`~vfiblocks.perceptual.read_features`.

    Returns:
        Takes two pictures (B, 3, H, W) in [-1, 1], gives (B, 1, 1, 1).

    Raises:
        MissingDependency: the package lpips is not installed.
        CheckpointError: the weights are not there, or are no such weights.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric,
    CVPR 2018.
    """
    package = _import(who)
    with warnings.catch_warnings():
        # It asks torchvision for an empty network in a way that is deprecated there.
        warnings.simplefilter("ignore", UserWarning)
        # Every tensor comes from a file: there is no need to draw the 138 million of VGG first.
        with torch.device("meta"):
            network: nn.Module = package.LPIPS(
                net=net, pretrained=False, pnet_rand=True, verbose=False
            )
    network.scaling_layer = package.lpips.ScalingLayer()  # holds constants, not weights
    tensors = network.state_dict()
    # What the package calls net.slice2.3.weight is torchvision's features.3.weight.
    names = {key: f"features.{key.split('.', 2)[2]}" for key in tensors if key.startswith("net.")}
    wanted = {name: tensors[key].shape for key, name in names.items()}
    features = read_features(who, LPIPS_NETWORKS[net][0], backbone, wanted)
    calibration = torch.load(
        Path(package.__file__).parent / "weights" / "v0.1" / f"{net}.pth",
        map_location="cpu",
        weights_only=True,
    )
    network.load_state_dict(calibration, strict=False, assign=True)
    network.load_state_dict(
        {key: features[name] for key, name in names.items()}, strict=False, assign=True
    )
    assert not any(value.is_meta for value in network.state_dict().values())
    return network


def check_lpips_size(who: str, net: str, size: tuple[int, int]) -> None:
    """Refuse pictures that the poolings of the network leave nothing of.

    Raises:
        InputError: naming ``who`` and the size that would do.
    """
    least = LPIPS_NETWORKS[net][1]
    if min(size) < least:
        raise InputError(
            f"{who} with net='{net}' wants pictures of at least {least} pixels a side, got "
            f"{size[0]}x{size[1]}; use larger crops"
        )


def _import(who: str) -> Any:
    try:
        import lpips
    except ImportError as error:
        raise MissingDependency(
            f"{who} needs the package lpips ({error}); pip install 'vfiblocks[train]'"
        ) from error
    return lpips

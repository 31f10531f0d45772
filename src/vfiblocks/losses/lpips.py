"""Perceptual distance that was calibrated on people's judgements."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vfiblocks.errors import InputError, MissingDependency
from vfiblocks.losses.backbones import Frozen, read_features
from vfiblocks.losses.base import Loss
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth

NETWORKS = {"alex": ("alexnet", 31), "vgg": ("vgg16", 16), "squeeze": ("squeezenet1_1", 17)}
"""Option -> torchvision's name of the network, and pixels a side that it needs at least."""


@LOSSES.register("lpips")
class LPIPS(Loss):
    """LPIPS 0.1, by the package of its authors. Pictures are not clamped.

    The calibration comes with the package. The network beneath does not: its weights are read from
    a file of torchvision's, and never downloaded. Nothing of both is trained or saved.

    Args:
        net: "alex", which its authors' scores are made with, "vgg", which they take for training,
            or "squeeze", the smallest.
        backbone: file with torchvision's weights of the network. None is the file of its usual
            name in torch's hub cache.

    Raises:
        MissingDependency: the package lpips is not installed.
        CheckpointError: the weights are not there, or are no such weights.
        InputError: for another ``net``, or pictures that are too small for it.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric,
    CVPR 2018; the LIFT-15 text, section 7.1.

    Example:
        >>> LPIPS(net="alex", backbone="alexnet.pth")
        Traceback (most recent call last):
        vfiblocks.errors.CheckpointError: loss 'lpips' needs torchvision's weights of alexnet and
        downloads nothing: there is no file alexnet.pth; fetch ... or name a copy with backbone=PATH
    """

    def __init__(self, *, net: str = "alex", backbone: str | None = None) -> None:
        super().__init__()
        if net not in NETWORKS:
            raise InputError(f"lpips wants net to be one of {', '.join(NETWORKS)}, got {net!r}")
        self.net = net
        self.network = Frozen(_build(net, backbone))

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        height, width = truth.image.shape[-2:]
        if min(height, width) < NETWORKS[self.net][1]:
            raise InputError(
                f"lpips with net='{self.net}' wants pictures of at least "
                f"{NETWORKS[self.net][1]} pixels a side, got {height}x{width}; use larger crops"
            )
        distance = self.network(*(2 * x.float() - 1 for x in (result.image, truth.image)))
        assert isinstance(distance, Tensor)
        return distance.mean()


def _build(net: str, backbone: str | None) -> nn.Module:
    package = _import()
    with warnings.catch_warnings():
        # It asks torchvision for an empty network in a way that is deprecated there.
        warnings.simplefilter("ignore", UserWarning)
        # Every tensor comes from a file: there is no need to draw the 138 million of VGG first.
        with torch.device("meta"):
            network: nn.Module = package.LPIPS(
                net=net, pretrained=False, pnet_rand=True, verbose=False
            )
    tensors = network.state_dict()
    # What the package calls net.slice2.3.weight is torchvision's features.3.weight.
    names = {key: f"features.{key.split('.', 2)[2]}" for key in tensors if key.startswith("net.")}
    wanted = {name: tensors[key].shape for key, name in names.items()}
    features = read_features("loss 'lpips'", NETWORKS[net][0], backbone, wanted)
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


def _import() -> Any:
    try:
        import lpips
    except ImportError as error:
        raise MissingDependency(
            f"loss 'lpips' needs the package lpips ({error}); pip install 'vfiblocks[train]'"
        ) from error
    return lpips

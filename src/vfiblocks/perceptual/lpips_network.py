"""The network of LPIPS, from the ``lpips`` package and backbone weights on this machine."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vfiblocks.errors import CheckpointError, MissingDependency
from vfiblocks.perceptual.backbones import Backbone, BackboneWeights, load_backbone


class LpipsNetwork(NamedTuple):
    """What :func:`load_lpips` found.

    Attributes:
        network: frozen and in ``eval()`` mode; called with two pictures (B, 3, H, W) in [0, 1] and
            ``normalize=True`` it returns (B, 1, 1, 1). Gradients reach the pictures.
        backbone: where its convolutions come from.
    """

    network: nn.Module
    backbone: BackboneWeights


def load_lpips(net: Backbone = "alex", *, weights: str | Path | None = None) -> LpipsNetwork:
    """LPIPS version 0.1; its linear layers come with the ``lpips`` package.

    Args:
        net: the backbone. Scores of different backbones cannot be compared.
        weights: see :func:`load_backbone`.

    Raises:
        MissingDependency: without the ``lpips`` package.
        InputError: no backbone has that name.
        CheckpointError: the backbone's weights are missing, or of another network.

    Source: Zhang et al., CVPR 2018.
    """
    backbone = load_backbone(net, weights)
    try:
        import lpips
    except ImportError as error:
        raise MissingDependency(
            "LPIPS needs the package lpips: pip install 'vfiblocks[train]'"
        ) from error

    with warnings.catch_warnings(), torch.device("meta"):
        # The package asks torchvision for random classifiers of up to 138 million parameters, in
        # a way that torchvision warns of. On "meta" they cost nothing, and all are filled below.
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
    network.scaling_layer = lpips.lpips.ScalingLayer()  # holds constants, which "meta" forgot
    state = {**network.scaling_layer.state_dict(prefix="scaling_layer.")}
    state |= _linear(Path(lpips.__file__).parent / "weights" / "v0.1" / f"{net}.pth")
    state |= _renamed(network, backbone)
    network.load_state_dict(state, strict=True, assign=True)
    network.requires_grad_(False)
    return LpipsNetwork(network.eval(), backbone)


def _linear(file: Path) -> dict[str, Tensor]:
    """The learned weights of the channels, under both names that the package has for them."""
    layers: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    again = {re.sub(r"^lin(\d)", r"lins.\1", name): value for name, value in layers.items()}
    return layers | again


def _renamed(network: Any, backbone: BackboneWeights) -> dict[str, Tensor]:
    """The backbone's tensors under the package's names: "net.slice2.5.bias" is "features.5.bias".

    Raises:
        CheckpointError: a tensor is missing or has another shape.
    """
    found = {}
    for name, parameter in network.net.named_parameters(prefix="net"):
        ours = re.sub(r"^net\.slice\d\.", "features.", name)
        value = backbone.tensors.get(ours)
        if value is None or value.shape != parameter.shape:
            came = "nothing" if value is None else str(tuple(value.shape))
            raise CheckpointError(
                f"{backbone.path} is no backbone '{network.pnet_type}': wanted '{ours}' "
                f"{tuple(parameter.shape)}, got {came}"
            )
        found[name] = value.to(torch.float32)
    return found

"""What perceptual losses and metrics share: networks with weights that lie on this machine."""

from vfiblocks.perceptual.backbones import (
    FILES,
    PUBLISHED,
    WeightsFile,
    identify,
    read_features,
    weights_file,
)
from vfiblocks.perceptual.frozen import Frozen
from vfiblocks.perceptual.lpips_network import LPIPS_NETWORKS, build_lpips, check_lpips_size

__all__ = [
    "FILES",
    "LPIPS_NETWORKS",
    "PUBLISHED",
    "Frozen",
    "WeightsFile",
    "build_lpips",
    "check_lpips_size",
    "identify",
    "read_features",
    "weights_file",
]

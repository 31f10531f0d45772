"""What perceptual losses and metrics share: networks with weights that lie on this machine."""

from vfiblocks.perceptual.backbones import Backbone, BackboneWeights, load_backbone
from vfiblocks.perceptual.lpips_network import LpipsNetwork, load_lpips

__all__ = ["Backbone", "BackboneWeights", "LpipsNetwork", "load_backbone", "load_lpips"]

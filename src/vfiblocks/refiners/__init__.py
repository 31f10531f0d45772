"""Stage 5: the draft finished at full resolution."""

from vfiblocks.refiners.base import Refiner
from vfiblocks.refiners.full_resolution import FullResolution
from vfiblocks.refiners.unet import Unet
from vfiblocks.refiners.warped_full_resolution import WarpedFullResolution
from vfiblocks.refiners.warped_unet import WarpedUnet

__all__ = ["FullResolution", "Refiner", "Unet", "WarpedFullResolution", "WarpedUnet"]

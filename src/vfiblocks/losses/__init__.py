"""What training minimises: one term per file, each a number for a prediction and the truth."""

from vfiblocks.losses.base import Loss
from vfiblocks.losses.census import Census
from vfiblocks.losses.charbonnier import Charbonnier
from vfiblocks.losses.flow import Flow
from vfiblocks.losses.l1 import L1
from vfiblocks.losses.laplacian import Laplacian, laplacian_distance, laplacian_pyramid
from vfiblocks.losses.lpips import LPIPS
from vfiblocks.losses.smoothness import Smoothness
from vfiblocks.losses.vgg import VGG
from vfiblocks.losses.visibility import Visibility
from vfiblocks.losses.warping import Warping

__all__ = [
    "L1",
    "LPIPS",
    "VGG",
    "Census",
    "Charbonnier",
    "Flow",
    "Laplacian",
    "Loss",
    "Smoothness",
    "Visibility",
    "Warping",
    "laplacian_distance",
    "laplacian_pyramid",
]

"""What training minimises: one term per file, each a number for a prediction and the truth."""

from vfiblocks.losses.base import Loss
from vfiblocks.losses.charbonnier import Charbonnier
from vfiblocks.losses.l1 import L1
from vfiblocks.losses.laplacian import Laplacian, laplacian_distance, laplacian_pyramid

__all__ = [
    "L1",
    "Charbonnier",
    "Laplacian",
    "Loss",
    "laplacian_distance",
    "laplacian_pyramid",
]

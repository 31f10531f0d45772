"""Stage 1: features of each picture on its own."""

from vfiblocks.encoders.base import Encoder
from vfiblocks.encoders.contextnet import Contextnet
from vfiblocks.encoders.head import Head
from vfiblocks.encoders.pixels import Pixels
from vfiblocks.encoders.pyramid import Pyramid
from vfiblocks.encoders.timm_pyramid import TimmPyramid
from vfiblocks.encoders.two_stems import TwoStems

__all__ = ["Contextnet", "Encoder", "Head", "Pixels", "Pyramid", "TimmPyramid", "TwoStems"]

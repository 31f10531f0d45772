"""Small modules that the parts are made of."""

from vfiblocks.layers.attention import TemporalAttention
from vfiblocks.layers.channel_norm import ChannelNorm
from vfiblocks.layers.conv import ConvPReLU, conv3x3, conv_prelu, deconv_prelu
from vfiblocks.layers.initialise import initialise_kaiming, initialise_small
from vfiblocks.layers.join import Join
from vfiblocks.layers.patch import PatchEmbed, PatchUnembed
from vfiblocks.layers.residual import ResidualBlock
from vfiblocks.layers.separable import DepthwiseSeparableConv

__all__ = [
    "ChannelNorm",
    "ConvPReLU",
    "DepthwiseSeparableConv",
    "Join",
    "PatchEmbed",
    "PatchUnembed",
    "ResidualBlock",
    "TemporalAttention",
    "conv3x3",
    "conv_prelu",
    "deconv_prelu",
    "initialise_kaiming",
    "initialise_small",
]

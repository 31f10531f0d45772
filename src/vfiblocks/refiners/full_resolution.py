"""The LIFT-15 refiner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.layers import ResidualBlock, initialise_kaiming, initialise_small
from vfiblocks.ops import resize
from vfiblocks.ports import Upstream
from vfiblocks.refiners.base import Refiner
from vfiblocks.registry import REFINERS
from vfiblocks.states import Draft, Motion


@REFINERS.register("full-resolution")
class FullResolution(Refiner):
    """Corrects the enlarged draft with the references' features where they lie (section 6).

    At stride 1 the features enter directly. At a coarser stride they are reduced by a 1x1
    convolution and enlarged first: the 'old version' of section 6.3, the other arm of its A/B.
    In both the features are not aligned to the target (DECISIONS 12).

    Args:
        stride: of the features read.
        reduced: channels per reference after the reduction, at strides above 1.
        channels: width.
        blocks: residual blocks.

    Example:
        >>> import torch
        >>> upstream = Upstream("refiner", encoder="pyramid", taps={1: 32}, draft_stride=4)
        >>> refiner = FullResolution(upstream)
        >>> draft = Draft(torch.rand(1, 3, 8, 12), torch.rand(1, 2, 3, 8, 12))
        >>> taps = {1: torch.rand(1, 2, 32, 32, 48)}
        >>> refiner(torch.rand(1, 2, 3, 32, 48), taps, None, draft).shape
        torch.Size([1, 3, 32, 48])
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        stride: int = 1,
        reduced: int = 32,
        channels: int = 64,
        blocks: int = 2,
    ) -> None:
        super().__init__(upstream)
        if blocks < 0:
            raise upstream.refuse(f"cannot have fewer than no blocks, got blocks={blocks}")
        upstream.draft()
        features = upstream.features(stride=stride)
        self.stride = stride
        self.reduce = nn.Conv2d(features.channels, reduced, 1) if stride > 1 else None
        width = features.channels if stride == 1 else reduced
        self.net = refine_net(3 + 2 * width, channels, blocks)

    def forward(
        self, references: Tensor, taps: Mapping[int, Tensor], motion: Motion, draft: Draft
    ) -> Tensor:
        """Refine; see :class:`Refiner`."""
        size = (references.shape[-2], references.shape[-1])
        features = rearrange(taps[self.stride], "b p c h w -> (b p) c h w")
        if self.reduce is not None:
            features = resize(self.reduce(features), size)
        image = resize(draft.image, size)
        pair = rearrange(features, "(b p) c h w -> b (p c) h w", p=2)
        return image + cast(Tensor, self.net(torch.cat((image, pair), dim=1)))


def refine_net(inputs: int, channels: int, blocks: int) -> nn.Sequential:
    """RefineNet of section 6.4: a residual picture from concatenated inputs, same size.

    >>> sum(p.numel() for p in refine_net(67, 64, 2).parameters())
    206403
    """
    half = channels // 2
    head = nn.Conv2d(half, 3, 3, 1, 1)
    net = nn.Sequential(
        nn.Conv2d(inputs, channels, 3, 1, 1),
        nn.GroupNorm(8, channels),
        nn.ReLU(inplace=True),
        *(ResidualBlock(channels) for _ in range(blocks)),
        nn.Conv2d(channels, half, 3, 1, 1),
        nn.GroupNorm(4, half),
        nn.ReLU(inplace=True),
        head,
    )
    initialise_kaiming(net, slope=0.0)
    initialise_small(head)
    return net

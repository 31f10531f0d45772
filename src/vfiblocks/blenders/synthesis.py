"""A colour for what no reference shows."""

from __future__ import annotations

from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from vfiblocks.layers import Join, conv3x3, initialise_kaiming, initialise_small
from vfiblocks.ops import resize
from vfiblocks.states import Context

RARELY = -4.0
"""Logit at the start: sigmoid(-4) is 0.018, against twice 0.5 for two undecided references."""


class Synthesis(nn.Module):
    """A picture and a logit from two warped references, worked out at a quarter of their size.

    What lies behind two moving things is smooth as far as anyone can tell from here; detail is the
    refiner's. Context enters through a projection that starts at zero.

    Args:
        channels: width.
        context: channels of the context; None without one.

    Example:
        >>> import torch
        >>> net = Synthesis(16, None)
        >>> image, logit = net(torch.rand(1, 2, 3, 16, 24), torch.zeros(1, 2, 1, 16, 24), None)
        >>> image.shape, logit.shape
        (torch.Size([1, 3, 16, 24]), torch.Size([1, 1, 16, 24]))
    """

    multiple = 4
    """Maps must divide by it."""

    def __init__(self, channels: int, context: int | None) -> None:
        super().__init__()
        cells = self.multiple**2
        self.join = Join()
        self.first = conv3x3((2 * 3 + 2) * cells, channels)
        self.second = conv3x3(channels, channels)
        self.head = nn.Conv2d(channels, (3 + 1) * cells, 3, 1, 1)
        initialise_kaiming(self)
        initialise_small(self.head)
        self.inject = None
        if context is not None:
            self.inject = nn.Conv2d(context, channels, 1, bias=False)
            nn.init.zeros_(self.inject.weight)

    def forward(
        self, warped: Tensor, scores: Tensor, context: Context | None
    ) -> tuple[Tensor, Tensor]:
        """Make a colour.

        Args:
            warped: (B, 2, 3, h, w), the references at the target time.
            scores: (B, 2, 1, h, w), how visible the target is in each.
            context: None without one.

        Returns:
            A picture (B, 3, h, w) and its logit (B, 1, h, w).
        """
        seen = (
            rearrange(warped, "b p c h w -> b (p c) h w"),
            rearrange(scores, "b p c h w -> b (p c) h w").to(warped.dtype),
        )
        x = self.first(F.pixel_unshuffle(self.join(*seen), self.multiple))
        if self.inject is not None and context is not None:
            x = x + resize(self.inject(context.features), (x.shape[-2], x.shape[-1]))
        x = F.pixel_shuffle(self.head(self.second(x)), self.multiple)
        image = warped.mean(dim=1) + x[:, :3]
        return image, x[:, 3:] + RARELY

"""Networks that only measure: kept from training."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Frozen:
    """A network that is called and never trained.

    It is no ``nn.Module``, so that a loss that holds one has no parameters to train, and no state
    to save. It stays in ``eval()``, computes in float32 under autocast as well, and follows its
    inputs to their device.

    Args:
        network: takes pictures and returns anything.

    Example:
        >>> frozen = Frozen(nn.Conv2d(3, 1, 1))
        >>> frozen(torch.rand(1, 3, 4, 6)).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval().float().requires_grad_(False)

    def __call__(self, *pictures: Tensor) -> Tensor | list[Tensor]:
        """The network's answer; a gradient goes through to the pictures."""
        device = pictures[0].device
        self.network.to(device)
        with torch.autocast(device.type, enabled=False):
            made: Tensor | list[Tensor] = self.network(*(x.float() for x in pictures))
        return made

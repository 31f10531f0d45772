"""Where a model's frames live, and how they get there."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def device_of(model: nn.Module) -> torch.device | None:
    """Where a model's weights are; None for one without any, which computes wherever frames are."""
    weight = next(model.parameters(), None)
    return None if weight is None else weight.device


def upload(frame: Tensor, device: torch.device | None) -> Tensor:
    """A copy of a frame on a device, contiguous.

    To a GPU it goes from pinned memory and nobody waits for it; work queued behind it does.

    >>> upload(torch.ones(3, 2, 2).expand(1, 3, 2, 2), torch.device("cpu")).shape
    torch.Size([1, 3, 2, 2])
    """
    if device is None or frame.device == device:
        return frame.detach().clone(memory_format=torch.contiguous_format)
    if device.type == "cuda" and frame.device.type == "cpu":
        return frame.detach().contiguous().pin_memory().to(device, non_blocking=True)
    return frame.detach().contiguous().to(device)

"""An exponential average of the weights, which is what is validated and handed out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Follows a model's weights; nothing of the model is copied but its tensors.

    It works on the tensors that the model has in this process, so that a model whose weights are
    shared out over processes has its average shared out as well.

    Args:
        model: whose floating parameters and buffers are averaged.
        keep: how much of the average stays at each step. In the first steps it is less,
            (1 + n) / (10 + n) after n of them, as TensorFlow has it, so that the random start is
            forgotten.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> average = Average(layer, keep=0.5)
        >>> _ = layer.weight.data.fill_(8.0)
        >>> average.update()
        >>> with average.in_place():
        ...     seen = layer.weight.item()
        >>> seen != 8.0, layer.weight.item()
        (True, 8.0)
    """

    def __init__(self, model: nn.Module, *, keep: float) -> None:
        self.model = model
        self.keep = keep
        self.updates = 0
        self._average = {name: value.clone() for name, value in self._current().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the weights as they are now."""
        self.updates += 1
        keep = min(self.keep, (1 + self.updates) / (10 + self.updates))
        current = self._current()
        average = [value.to(current[name].device) for name, value in self._average.items()]
        torch._foreach_lerp_(average, list(current.values()), 1.0 - keep)
        self._average = dict(zip(self._average, average, strict=True))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the model its averaged weights for a while."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the model's weights and the averaged ones."""
        for name, value in self._current().items():
            kept = value.clone()
            value.copy_(self._average[name])
            self._average[name] = kept

    @torch.no_grad()
    def adopt(self, *, updates: int) -> None:
        """Take the model's weights as they are for the average after so many updates."""
        for name, value in self._current().items():
            self._average[name] = value.clone()
        self.updates = updates

    def _current(self) -> dict[str, Tensor]:
        named = (*self.model.named_parameters(), *self.model.named_buffers())
        return {name: tensor.data for name, tensor in named if tensor.is_floating_point()}

"""What every model is seen beside: doing nothing, mixing, and arithmetic without weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lift15.evaluation.prediction import Predictor, Shown, load_predictor
from lift15.making import WEIGHTLESS
from vfiblocks import Window


class Repeat(Predictor):
    """The nearer of the two references; the left one midway.

    Example:
        >>> shown = Shown(torch.stack([torch.zeros(3, 1, 1), torch.ones(3, 1, 1)])[None], None)
        >>> made = Repeat().predict(shown, [Window.even(1, 1, time) for time in (0.5, 0.75)])
        >>> [picture.mean().item() for picture in made]
        [0.0, 1.0]
    """

    name = "repeat"

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.identity = {"spec": self.name, "weights": "", "precision": "float32"}

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        """See :meth:`Predictor.predict`."""
        left, right = shown.frames[:, 0], shown.frames[:, 1]
        return [left if window.time <= 0.5 else right for window in windows]


class Average(Repeat):
    """The two references mixed by time: what a crossfade shows.

    Example:
        >>> shown = Shown(torch.stack([torch.zeros(3, 1, 1), torch.ones(3, 1, 1)])[None], None)
        >>> [picture.mean().item() for picture in Average().predict(shown, [Window.even(1, 1)])]
        [0.5]
    """

    name = "average"

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        """See :meth:`Predictor.predict`."""
        left, right = shown.frames[:, 0], shown.frames[:, 1]
        return [torch.lerp(left, right, window.time) for window in windows]


def baselines(device: torch.device | str = "cpu") -> list[Predictor]:
    """Repeat, average and the model without weights.

    >>> [predictor.name for predictor in baselines()]
    ['repeat', 'average', 'classical']
    """
    return [Repeat(device), Average(device), load_predictor(WEIGHTLESS, device=str(device))]

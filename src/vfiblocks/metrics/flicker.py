"""Errors that change from frame to frame."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.metrics._pictures import LEVELS, pair
from vfiblocks.metrics.base import Metric, Need, Prediction
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth


def flicker(prediction: Tensor, target: Tensor, *, rounded: bool = True) -> Tensor:
    """How much the error of a sequence changes between frames, in levels of 0 to 255.

    The root mean square of ``error(t + 1) - error(t)``, which is that of the difference between
    the changes of the predicted sequence and of the true one. An error that stands still, such as
    a shift in brightness, costs nothing here and everything in PSNR; one that comes and goes costs
    more. A definition of our own: simple, without flow and without weights. Where every other frame
    is a true one, it is the error of the frames in between.

    Args:
        prediction: (..., T, C, H, W), floats; clamped to [0, 1].
        target: the same shape, in [0, 1].
        rounded: see :func:`~vfiblocks.metrics.psnr`.

    Returns:
        (...), 0 where the error is the same throughout.

    Raises:
        InputError: the sequences do not fit each other, or have fewer than two frames.

    Example:
        >>> import torch
        >>> target = torch.full((4, 3, 8, 8), 0.5)
        >>> flicker(target + 0.1, target, rounded=False)
        tensor(0.)
        >>> target[::2] += 0.1
        >>> flicker(torch.full((4, 3, 8, 8), 0.5), target, rounded=False)
        tensor(25.5000)
    """
    prediction, target = pair("flicker", prediction, target, rounded=rounded)
    if prediction.ndim < 4 or prediction.shape[-4] < 2:
        raise InputError(
            f"flicker wants sequences (..., T, C, H, W) of two frames or more, got "
            f"{tuple(prediction.shape)}"
        )
    change = (prediction - target).diff(dim=-4)
    return LEVELS * change.square().mean(dim=(-4, -3, -2, -1)).sqrt()


@METRICS.register("flicker")
class Flicker(Metric):
    """Change of the error from frame to frame; see :func:`flicker`.

    Args:
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({"sequence"})
    better = "lower"
    unit = "levels"

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return flicker(prediction.image, truth.image, rounded=self.rounded)

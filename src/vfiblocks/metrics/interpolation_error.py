"""Interpolation error in 8-bit levels: two measures that go by one name."""

from __future__ import annotations

from torch import Tensor

from vfiblocks.metrics._pictures import LEVELS, check_mask, mean_over, pair
from vfiblocks.metrics.base import Metric, Prediction
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth


def ie_rms(
    prediction: Tensor, target: Tensor, *, rounded: bool = True, mask: Tensor | None = None
) -> Tensor:
    """Root mean square difference over pixels and channels, in levels of 0 to 255.

    The quantity that Middlebury calls interpolation error; ``20 log10(255 / ie_rms)`` is the PSNR.

    Args:
        prediction: (..., C, H, W), floats; clamped to [0, 1].
        target: the same shape, in [0, 1].
        rounded: see :func:`~vfiblocks.metrics.psnr`.
        mask: (..., 1, H, W) bool, the pixels that count.

    Returns:
        (...): NaN where the mask is empty.

    Source: Baker et al., A database and evaluation methodology for optical flow, IJCV 2011.

    Example:
        >>> import torch
        >>> ie_rms(torch.full((3, 4, 4), 0.5), torch.full((3, 4, 4), 0.6), rounded=False)
        tensor(25.5000)
    """
    prediction, target = pair("ie_rms", prediction, target, rounded=rounded)
    if mask is not None:
        check_mask("ie_rms", mask, prediction)
    return LEVELS * mean_over((prediction - target).square(), mask).sqrt()


def ie_mean(
    prediction: Tensor, target: Tensor, *, rounded: bool = True, mask: Tensor | None = None
) -> Tensor:
    """Mean absolute difference over pixels and channels, in levels of 0 to 255.

    What the official code of RIFE, IFRNet and EMA-VFI prints as IE for Middlebury. It is smaller
    than the root mean square wherever errors are unequal.

    Args:
        prediction: as in :func:`ie_rms`.
        target: as in :func:`ie_rms`.
        rounded: as in :func:`ie_rms`.
        mask: as in :func:`ie_rms`.

    Source: RIFE, ``benchmark/MiddleBury_Other.py``.

    Example:
        >>> import torch
        >>> target = torch.zeros(1, 1, 4)
        >>> image = torch.tensor([[[0.0, 0.0, 0.0, 0.4]]])
        >>> ie_mean(image, target), ie_rms(image, target)
        (tensor(25.5000), tensor(51.))
    """
    prediction, target = pair("ie_mean", prediction, target, rounded=rounded)
    if mask is not None:
        check_mask("ie_mean", mask, prediction)
    return LEVELS * mean_over((prediction - target).abs(), mask)


@METRICS.register("ie-rms")
class IeRms(Metric):
    """Middlebury's interpolation error; see :func:`ie_rms`.

    Args:
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    better = "lower"
    unit = "levels"

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return ie_rms(prediction.image, truth.image, rounded=self.rounded)


@METRICS.register("ie-mean")
class IeMean(Metric):
    """The mean absolute error that RIFE's code calls IE; see :func:`ie_mean`.

    Args:
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    better = "lower"
    unit = "levels"

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return ie_mean(prediction.image, truth.image, rounded=self.rounded)

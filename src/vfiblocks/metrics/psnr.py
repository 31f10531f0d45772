"""Peak signal-to-noise ratio."""

from __future__ import annotations

import torch
from torch import Tensor

from vfiblocks.metrics._pictures import check_mask, mean_over, pair
from vfiblocks.metrics.base import Metric, Prediction
from vfiblocks.metrics.luma import luma
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth


def psnr(
    prediction: Tensor,
    target: Tensor,
    *,
    rounded: bool = True,
    epsilon: float = 0.0,
    mask: Tensor | None = None,
) -> Tensor:
    """Peak signal-to-noise ratio per picture, in dB.

    Args:
        prediction: (..., C, H, W), floats; clamped to [0, 1].
        target: the same shape, in [0, 1].
        rounded: round the prediction to 8-bit levels first, as a saved picture is. Published
            protocols differ in this; it matters by 0.02 dB at 36 dB and by 0.2 dB at 45 dB.
        epsilon: added to the mean squared error. CAIN, FLAVR and ST-MFNet have 1e-8, which makes
            80 dB of equal pictures and costs 0.004 dB at 50 dB.
        mask: (..., 1, H, W) bool, the pixels that count; None is all.

    Returns:
        (...): infinite where the pictures are equal and there is no epsilon, NaN where the mask is
        empty.

    Raises:
        InputError: the shapes differ, the pictures are no floats, or the target is outside [0, 1].

    Example:
        >>> psnr(torch.full((1, 3, 4, 4), 0.5), torch.full((1, 3, 4, 4), 0.6), rounded=False)
        tensor([20.0000])
    """
    prediction, target = pair("psnr", prediction, target, rounded=rounded)
    return _decibels(prediction, target, epsilon, mask)


def psnr_y(
    prediction: Tensor, target: Tensor, *, rounded: bool = True, mask: Tensor | None = None
) -> Tensor:
    """PSNR of the BT.601 luma, full range: what RIFE reports for its HD benchmark.

    Colours are rounded, luma is not. It is some dB above the PSNR of RGB, and never comparable.

    Args:
        prediction: (..., 3, H, W), RGB; otherwise as in :func:`psnr`.
        target: the same shape, in [0, 1].
        rounded: see :func:`psnr`.
        mask: see :func:`psnr`.

    Source: RIFE, ``benchmark/HD.py``, with ``skimage.color.rgb2yuv``.

    Example:
        >>> grey = torch.full((3, 4, 4), 0.5)  # an error of grey is no larger in one channel
        >>> torch.isclose(psnr_y(grey, grey + 0.1), psnr(grey, grey + 0.1), atol=1e-4)
        tensor(True)
    """
    prediction, target = pair("psnr_y", prediction, target, rounded=rounded, channels=3)
    return _decibels(luma(prediction), luma(target), 0.0, mask)


def _decibels(prediction: Tensor, target: Tensor, epsilon: float, mask: Tensor | None) -> Tensor:
    if mask is not None:
        check_mask("psnr", mask, prediction)
    error = mean_over((prediction - target).square(), mask)
    return -10.0 * torch.log10(error + epsilon)


@METRICS.register("psnr")
class Psnr(Metric):
    """PSNR over RGB; see :func:`psnr`.

    Args:
        rounded: see :func:`psnr`.
        epsilon: see :func:`psnr`.
    """

    better = "higher"
    unit = "dB"

    def __init__(self, *, rounded: bool = True, epsilon: float = 0.0) -> None:
        super().__init__()
        self.rounded = rounded
        self.epsilon = epsilon

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return psnr(prediction.image, truth.image, rounded=self.rounded, epsilon=self.epsilon)


@METRICS.register("psnr-y")
class PsnrY(Metric):
    """PSNR of the BT.601 luma; see :func:`psnr_y`.

    Args:
        rounded: see :func:`psnr`.
    """

    better = "higher"
    unit = "dB"

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return psnr_y(prediction.image, truth.image, rounded=self.rounded)

"""Structural similarity of pictures, channel by channel."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.metrics._pictures import exact, pair
from vfiblocks.metrics._windows import gaussian_taps, slide, uniform_taps
from vfiblocks.metrics.base import Metric, Prediction
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth

C1, C2 = 0.01**2, 0.03**2
"""Wang et al.'s constants for pictures in [0, 1]."""

Border = Literal["crop", "mirror"]


def ssim(
    prediction: Tensor, target: Tensor, *, rounded: bool = True, border: Border = "crop"
) -> Tensor:
    """SSIM as it was published: a Gaussian window of 11x11, sigma 1.5, the mean over channels.

    It is ``skimage.metrics.structural_similarity`` with ``gaussian_weights=True`` and
    ``use_sample_covariance=False``, TensorFlow's ``tf.image.ssim``, and with a mirrored border
    that of torchmetrics.

    Args:
        prediction: (..., C, H, W), floats; clamped to [0, 1].
        target: the same shape, in [0, 1].
        rounded: see :func:`~vfiblocks.metrics.psnr`.
        border: average where the window fits ("crop"), or everywhere, with the picture mirrored
            about its edge pixels ("mirror").

    Returns:
        (...), 1 where the pictures are equal.

    Raises:
        InputError: the pictures do not fit each other or are smaller than the window.

    Source: Wang et al., Image quality assessment: from error visibility to structural similarity,
    IEEE TIP 2004.

    Example:
        >>> import torch
        >>> ssim(torch.full((3, 16, 16), 0.5), torch.full((3, 16, 16), 0.6), rounded=False)
        tensor(0.9836)
    """
    prediction, target = pair("ssim", prediction, target, rounded=rounded)
    return _similarity("ssim", prediction, target, gaussian_taps(11, 1.5), border, 1.0)


def ssim_uniform(
    prediction: Tensor,
    target: Tensor,
    *,
    rounded: bool = True,
    border: Border = "crop",
    sample_covariance: bool = True,
) -> Tensor:
    """SSIM over plain windows of 7x7: scikit-image's default, which scripts for Xiph use.

    Args:
        prediction: as in :func:`ssim`.
        target: as in :func:`ssim`.
        rounded: as in :func:`ssim`.
        border: as in :func:`ssim`.
        sample_covariance: divide by N - 1, not by N, as scikit-image does unless told otherwise.

    Example:
        >>> import torch
        >>> picture = torch.rand(3, 16, 16)
        >>> ssim_uniform(picture, picture, rounded=False)
        tensor(1.)
    """
    prediction, target = pair("ssim_uniform", prediction, target, rounded=rounded)
    spread = 49 / 48 if sample_covariance else 1.0
    return _similarity("ssim_uniform", prediction, target, uniform_taps(7), border, spread)


def _similarity(
    who: str, x: Tensor, y: Tensor, taps: tuple[float, ...], border: Border, spread: float
) -> Tensor:
    radius = len(taps) // 2
    least = {"crop": len(taps), "mirror": radius + 1}
    if border not in least:
        raise InputError(f"{who} treats borders by 'crop' or 'mirror', got {border!r}")
    if min(x.shape[-2:]) < least[border]:
        raise InputError(
            f"{who} with border '{border}' wants pictures of at least {least[border]} pixels a "
            f"side, got {x.shape[-2]}x{x.shape[-1]}"
        )
    dtype = x.dtype
    if border == "mirror":
        x, y = (_mirrored(picture, radius) for picture in (x, y))
    # Variances do not see a shift, and squares of numbers around zero round finer.
    x, y = exact(x) - 0.5, exact(y) - 0.5
    mean_x, mean_y = slide(x, taps), slide(y, taps)
    variances = slide(x * x + y * y, taps) - mean_x.square() - mean_y.square()
    covariance = slide(x * y, taps) - mean_x * mean_y
    index = similarity(mean_x + 0.5, mean_y + 0.5, spread * variances, spread * covariance)
    return index.mean(dim=(-3, -2, -1)).to(dtype)


def similarity(mean_x: Tensor, mean_y: Tensor, variances: Tensor, covariance: Tensor) -> Tensor:
    """The index itself, from the moments of two windows; ``variances`` is the sum of the two."""
    brightness = (2 * mean_x * mean_y + C1) / (mean_x.square() + mean_y.square() + C1)
    return brightness * (2 * covariance + C2) / (variances + C2)


def _mirrored(x: Tensor, radius: int) -> Tensor:
    folded = x.reshape(-1, 1, *x.shape[-2:])  # padding by reflection takes one leading axis
    padded = F.pad(folded, (radius,) * 4, mode="reflect")
    return padded.view(*x.shape[:-2], *padded.shape[-2:])


@METRICS.register("ssim")
class Ssim(Metric):
    """SSIM with the published Gaussian window; see :func:`ssim`.

    Args:
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    better = "higher"
    unit = ""

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return ssim(prediction.image, truth.image, rounded=self.rounded)


@METRICS.register("ssim-uniform")
class SsimUniform(Metric):
    """SSIM over plain windows, scikit-image's default; see :func:`ssim_uniform`.

    Args:
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    better = "higher"
    unit = ""

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        return ssim_uniform(prediction.image, truth.image, rounded=self.rounded)

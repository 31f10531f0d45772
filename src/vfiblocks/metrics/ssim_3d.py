"""The structural similarity that papers on frame interpolation report."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.metrics._pictures import exact, pair
from vfiblocks.metrics._windows import gaussian_taps, slide
from vfiblocks.metrics.base import Metric, Prediction
from vfiblocks.metrics.ssim import similarity
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth

TAPS = gaussian_taps(11, 1.5)
RADIUS = len(TAPS) // 2


def ssim_3d(prediction: Tensor, target: Tensor, *, rounded: bool = True) -> Tensor:
    """SSIM with a Gaussian window of 11x11x11 in which red, green and blue lie behind each other.

    RIFE, IFRNet, EMA-VFI, UPR-Net, CAIN, FLAVR and ST-MFNet have it, mostly under the name
    ``ssim_matlab``. It is not SSIM: the differences between the colours of a pixel count as
    structure, which any prediction of about the right colour has. Where a picture is coloured it
    comes out higher: FLAVR is listed with 0.975 on Vimeo septuplets, and with 0.960 by SSIM.
    Pictures of [0, 1] and of [0, 255] score alike where the range is told, as in all of them.

    The window is separable. Along the colours, with the outer ones repeated, it is one fixed 3x3
    mix; along rows and columns it slides over a picture whose border repeats. No 3-D convolution.

    Args:
        prediction: (..., 3, H, W), floats, RGB; clamped to [0, 1].
        target: the same shape, in [0, 1].
        rounded: see :func:`~vfiblocks.metrics.psnr`. RIFE and CAIN round, the others do not.

    Returns:
        (...), 1 where the pictures are equal.

    Raises:
        InputError: the pictures do not fit each other, or are smaller than 11 pixels a side, where
            the official code takes smaller windows.

    Source: the official code of RIFE, ``model/pytorch_msssim``.

    Example:
        >>> from vfiblocks.metrics import ssim
        >>> orange = torch.tensor([0.7, 0.4, 0.2]).view(3, 1, 1).expand(3, 32, 32)
        >>> noisy = orange + 0.05 * torch.randn(3, 32, 32)
        >>> ssim(noisy, orange) < 0.5 < 0.9 < ssim_3d(noisy, orange)
        tensor(True)
    """
    x, y = pair("ssim_3d", prediction, target, rounded=rounded, channels=3)
    if min(x.shape[-2:]) < len(TAPS):
        raise InputError(
            f"ssim_3d wants pictures of at least {len(TAPS)} pixels a side, got "
            f"{x.shape[-2]}x{x.shape[-1]}"
        )
    dtype = x.dtype
    x, y = exact(x) - 0.5, exact(y) - 0.5  # variances do not see it, and squares round finer
    mean_x, mean_y = _window(x), _window(y)
    variances = _window(x * x + y * y) - mean_x.square() - mean_y.square()
    covariance = _window(x * y) - mean_x * mean_y
    index = similarity(mean_x + 0.5, mean_y + 0.5, variances, covariance)
    return index.mean(dim=(-3, -2, -1)).to(dtype)


def colour_mix() -> list[list[float]]:
    """What the window does along the colours: row i weighs red, green and blue for colour i.

    >>> [[round(weight, 8) for weight in row] for row in colour_mix()][1]
    [0.36699414, 0.26601172, 0.36699414]
    """
    mix = [[0.0] * 3 for _ in range(3)]
    for row in range(3):
        for shift, tap in enumerate(TAPS, start=-RADIUS):
            mix[row][min(max(row + shift, 0), 2)] += tap
    return mix


def _window(x: Tensor) -> Tensor:
    """The mean over the window around every value of (..., 3, H, W)."""
    colours = x.unbind(dim=-3)
    mixed = torch.stack(
        [sum(w * c for w, c in zip(row, colours, strict=True)) for row in colour_mix()],  # type: ignore[misc]
        dim=-3,
    )
    folded = mixed.reshape(-1, 1, *mixed.shape[-2:])  # padding takes one leading axis
    padded = F.pad(folded, (RADIUS,) * 4, mode="replicate")
    return slide(padded, TAPS).view(x.shape)


@METRICS.register("ssim-3d")
class Ssim3d(Metric):
    """The SSIM that papers on frame interpolation report; see :func:`ssim_3d`.

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
        return ssim_3d(prediction.image, truth.image, rounded=self.rounded)

"""PSNR where the motion of a predicted sequence tears or piles up."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.metrics._pictures import mean_over, pair
from vfiblocks.metrics.base import Metric, Need, Prediction
from vfiblocks.metrics.luma import luma
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth

THRESHOLD = 0.01
"""The official code's, of the largest divergence in the picture."""


def divergence(flow: Tensor) -> Tensor:
    """Divergence du/dx + dv/dy of a flow field, by central differences, one-sided at borders.

    Args:
        flow: (..., 2, H, W), (dx, dy) in pixels.

    Returns:
        (..., 1, H, W), per pixel: 0 for a shift or a turn, 2 s for a zoom of 1 + s.

    Raises:
        InputError: for no flow, or one of a single row or column.

    Example:
        >>> x = torch.arange(4.0).expand(4, 4)
        >>> divergence(torch.stack((0.1 * x, 0.1 * x.T)))[0, 0]
        tensor([0.2000, 0.2000, 0.2000, 0.2000])
    """
    if flow.ndim < 3 or flow.shape[-3] != 2 or min(flow.shape[-2:]) < 2:
        raise InputError(
            f"divergence wants flow (..., 2, H, W) of two pixels a side or more, got "
            f"{tuple(flow.shape)}"
        )
    flow = flow.to(torch.promote_types(flow.dtype, torch.float32))
    dx, dy = flow.unbind(dim=-3)
    (along_x,) = torch.gradient(dx, dim=-1)
    (along_y,) = torch.gradient(dy, dim=-2)
    return (along_x + along_y).unsqueeze(-3)


def psnr_div(prediction: Tensor, target: Tensor, flow: Tensor, *, rounded: bool = True) -> Tensor:
    """PSNR_DIV: PSNR of the luma, over the pixels where predicted motion diverges.

    Those are the pixels where the divergence of the motion from this predicted frame to the next
    exceeds a hundredth of its largest value in the picture, either sign. In frames that were made
    badly motion tears; there the eye looks first.

    The official code takes du/dy + dv/dx where the paper says divergence, and cuts the luma to
    whole levels; here the paper's words rule, so that values differ from the code's.

    Args:
        prediction: (..., 3, H, W), floats, RGB; clamped to [0, 1].
        target: the same shape, in [0, 1].
        flow: (..., 2, H, W), from each predicted frame to the next predicted frame.
        rounded: see :func:`~vfiblocks.metrics.psnr`.

    Returns:
        (...): in dB with BT.709 luma; NaN where the motion diverges nowhere.

    Raises:
        InputError: the shapes do not fit each other.

    Source: Daly, Ramsook and Kokaram, An efficient quality metric for video frame interpolation
    based on motion-field divergence, QoMEX 2025 (arXiv:2510.01361).

    Example:
        >>> target = torch.full((3, 8, 8), 0.5)
        >>> flow = torch.zeros(2, 8, 8)
        >>> psnr_div(target + 0.1, target, flow, rounded=False)
        tensor(nan)
        >>> flow[0, :, 4:] = 3.0
        >>> psnr_div(target + 0.1, target, flow, rounded=False)
        tensor(20.0000)
    """
    prediction, target = pair("psnr_div", prediction, target, rounded=rounded, channels=3)
    if flow.shape != (*prediction.shape[:-3], 2, *prediction.shape[-2:]):
        raise InputError(
            f"psnr_div wants flow (..., 2, H, W) for pictures {tuple(prediction.shape)}, got "
            f"{tuple(flow.shape)}"
        )
    size = divergence(flow).abs()
    mask = size > THRESHOLD * size.amax(dim=(-2, -1), keepdim=True)
    error = luma(prediction, standard=709) - luma(target, standard=709)
    return -10.0 * torch.log10(mean_over(error.square(), mask))


def farneback(frames: Tensor) -> Tensor:
    """Motion from each frame of a sequence to the next, as the authors of PSNR_DIV compute it.

    Args:
        frames: (T, 3, H, W) in [0, 1].

    Returns:
        (T - 1, 2, H, W), (dx, dy) in pixels, on the device of the frames.

    Source: Farneback's method in OpenCV, with the official code's settings.
    """
    import cv2
    import numpy as np

    grey = (luma(frames.clamp(0.0, 1.0).float()) * 255.0).round().byte()[:, 0].cpu().numpy()
    flows = [
        cv2.calcOpticalFlowFarneback(
            first,
            second,
            None,
            pyr_scale=0.5,
            levels=3,
            winsize=15,
            iterations=3,
            poly_n=5,
            poly_sigma=1.2,
            flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN,
        )
        for first, second in pairwise(grey)
    ]
    return torch.from_numpy(np.stack(flows)).movedim(-1, 1).contiguous().to(frames.device)


@METRICS.register("psnr-div")
class PsnrDiv(Metric):
    """PSNR_DIV of a sequence: the mean over its frames but the last; see :func:`psnr_div`.

    Frames whose motion diverges nowhere, and those without any error there, are left out, as in the
    official code; NaN if all are.

    Args:
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({"sequence"})
    better = "higher"
    unit = "dB"

    def __init__(self, *, rounded: bool = True) -> None:
        super().__init__()
        self.rounded = rounded

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        if prediction.image.shape[1] < 2:
            raise InputError(
                "PsnrDiv wants sequences (B, T, 3, H, W) of two frames or more, got "
                f"{tuple(prediction.image.shape)}"
            )
        flow = torch.stack([farneback(clip) for clip in prediction.image])
        values = psnr_div(prediction.image[:, :-1], truth.image[:, :-1], flow, rounded=self.rounded)
        return values.masked_fill(values.isinf(), torch.nan).nanmean(dim=1)

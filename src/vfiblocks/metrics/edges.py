"""PSNR at the edges of the true picture and away from them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.errors import InputError
from vfiblocks.metrics.base import Metric, Prediction
from vfiblocks.metrics.luma import luma
from vfiblocks.metrics.psnr import psnr
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth


def edge_mask(target: Tensor, *, share: float = 0.1) -> Tensor:
    """The pixels where the brightness of a picture changes most.

    The magnitude of the Sobel gradient of the BT.601 luma decides, borders repeated. A share of
    the pixels and no threshold, so that dark and hazy pictures have edges as well.

    Args:
        target: (..., 3, H, W), RGB.
        share: of the pixels of each picture, in (0, 1).

    Returns:
        (..., 1, H, W) bool; more than the share where many are equal, none where all is flat.

    Raises:
        InputError: for a share outside (0, 1), or pictures that are not RGB.

    Example:
        >>> step = torch.zeros(3, 8, 20)
        >>> step[:, :, 10:] = 1.0
        >>> edge_mask(step)[0, 0].nonzero().flatten().tolist()
        [9, 10]
    """
    if not 0 < share < 1:
        raise InputError(f"edge_mask wants a share of the pixels in (0, 1), got {share}")
    y = luma(target.float())
    padded = F.pad(y.reshape(-1, 1, *y.shape[-2:]), (1, 1, 1, 1), mode="replicate")
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    down = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    vertical = across[..., 2:, :] - across[..., :-2, :]
    horizontal = down[..., 2:] - down[..., :-2]
    steepness = torch.hypot(horizontal, vertical).flatten(1)
    least = round(steepness.shape[1] * (1 - share)) + 1  # the k-th smallest is the last to count
    threshold = steepness.kthvalue(min(least, steepness.shape[1]), dim=1, keepdim=True).values
    # A flat picture has gradients of rounding alone, far below those of one 8-bit level.
    return ((steepness >= threshold) & (steepness > 1e-4)).view(y.shape)


class _EdgePsnr(Metric):
    """PSNR of the pixels that a share of edges leaves in or out.

    Args:
        share: see :func:`edge_mask`.
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    better = "higher"
    unit = "dB"

    def __init__(self, *, share: float = 0.1, rounded: bool = True) -> None:
        super().__init__()
        if not 0 < share < 1:
            raise InputError(
                f"{type(self).__name__} wants a share of the pixels in (0, 1), got {share}"
            )
        self.share = share
        self.rounded = rounded

    def counted(self, edges: Tensor) -> Tensor:
        """Which pixels count, given the edges."""
        return edges

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        mask = self.counted(edge_mask(truth.image, share=self.share))
        return psnr(prediction.image, truth.image, rounded=self.rounded, mask=mask)


@METRICS.register("psnr-edges")
class PsnrEdges(_EdgePsnr):
    """PSNR at the steepest tenth of the true picture, where detail is won or lost.

    Args:
        share: see :func:`edge_mask`.
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """


@METRICS.register("psnr-off-edges")
class PsnrOffEdges(_EdgePsnr):
    """PSNR away from the edges: the other nine tenths.

    Args:
        share: see :func:`edge_mask`.
        rounded: see :func:`~vfiblocks.metrics.psnr`.
    """

    def counted(self, edges: Tensor) -> Tensor:
        """All but the edges."""
        return ~edges

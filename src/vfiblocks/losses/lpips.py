"""Perceptual distance that was calibrated on people's judgements."""

from __future__ import annotations

from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.losses.base import Loss
from vfiblocks.perceptual import LPIPS_NETWORKS, Frozen, build_lpips, check_lpips_size
from vfiblocks.registry import LOSSES
from vfiblocks.states import Interpolation, Truth


@LOSSES.register("lpips")
class LPIPS(Loss):
    """LPIPS 0.1, by the package of its authors. Pictures are not clamped.

    The calibration comes with the package. The network beneath does not: its weights are read from
    a file of torchvision's, and never downloaded. Nothing of both is trained or saved.

    Args:
        net: "alex", which its authors' scores are made with, "vgg", which they take for training,
            or "squeeze", the smallest.
        backbone: file with torchvision's weights of the network. None is the file of its usual
            name in torch's hub cache.

    Raises:
        MissingDependency: the package lpips is not installed.
        CheckpointError: the weights are not there, or are no such weights.
        InputError: for another ``net``, or pictures that are too small for it.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric,
    CVPR 2018; the LIFT-15 text, section 7.1.

    Example:
        >>> LPIPS(net="alex", backbone="alexnet.pth")
        Traceback (most recent call last):
        vfiblocks.errors.CheckpointError: loss 'lpips' needs torchvision's weights of alexnet and
        downloads nothing: there is no file alexnet.pth; fetch ... or name a copy with backbone=PATH
    """

    def __init__(self, *, net: str = "alex", backbone: str | None = None) -> None:
        super().__init__()
        if net not in LPIPS_NETWORKS:
            known = ", ".join(LPIPS_NETWORKS)
            raise InputError(f"lpips wants net to be one of {known}, got {net!r}")
        self.net = net
        self.network = Frozen(build_lpips("loss 'lpips'", net, backbone))

    def measure(self, result: Interpolation, truth: Truth) -> Tensor:
        """See :class:`Loss`."""
        height, width = truth.image.shape[-2:]
        check_lpips_size("lpips", self.net, (height, width))
        distance = self.network(*(2 * x.float() - 1 for x in (result.image, truth.image)))
        assert isinstance(distance, Tensor)
        return distance.mean()

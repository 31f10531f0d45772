"""Learned perceptual distance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from vfiblocks.metrics._pictures import pair
from vfiblocks.metrics.base import METRICS, Metric, Prediction
from vfiblocks.perceptual import Backbone, load_lpips
from vfiblocks.states import Truth


class Lpips(Metric):
    """LPIPS version 0.1; a subclass names the backbone. Scores of different ones do not compare.

    Args:
        weights: file of the backbone's ImageNet weights; None looks into the cache of torch.hub.
            Nothing is downloaded. ``facts`` says which file it was, and whether by its hash it is
            the one that everybody uses.
        rounded: see :func:`~vfiblocks.metrics.psnr`.

    Raises:
        MissingDependency: without the ``lpips`` package.
        CheckpointError: the weights are missing, broken, or of another network.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric,
    CVPR 2018.
    """

    better = "lower"
    unit = ""
    net: ClassVar[Backbone]

    def __init__(self, *, weights: str | Path | None = None, rounded: bool = True) -> None:
        super().__init__()
        self.network, backbone = load_lpips(self.net, weights=weights)
        self._facts = {"backbone": str(backbone), "version": "0.1"}
        self.rounded = rounded

    @property
    def facts(self) -> Mapping[str, str]:
        """Which backbone file was read."""
        return self._facts

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        image, target = pair(
            type(self).__name__, prediction.image, truth.image, rounded=self.rounded, channels=3
        )
        # In full precision whatever surrounds it: half precision would change the score.
        with torch.autocast(image.device.type, enabled=False):
            found: Tensor = self.network(image.float(), target.float(), normalize=True)
        return found.flatten()


@METRICS.register("lpips-alex")
class LpipsAlex(Lpips):
    """LPIPS on AlexNet, what most papers report; see :class:`Lpips` for the options."""

    net = "alex"


@METRICS.register("lpips-squeeze")
class LpipsSqueeze(Lpips):
    """LPIPS on SqueezeNet, what CAIN reports; see :class:`Lpips` for the options."""

    net = "squeeze"


@METRICS.register("lpips-vgg")
class LpipsVgg(Lpips):
    """LPIPS on VGG-16, the one to train with; see :class:`Lpips` for the options."""

    net = "vgg"

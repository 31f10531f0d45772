"""Learned perceptual distance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from vfiblocks.errors import CheckpointError
from vfiblocks.metrics._pictures import pair
from vfiblocks.metrics.base import Metric, Prediction
from vfiblocks.perceptual import (
    FILES,
    LPIPS_NETWORKS,
    PUBLISHED,
    Frozen,
    build_lpips,
    check_lpips_size,
    identify,
    weights_file,
)
from vfiblocks.registry import METRICS
from vfiblocks.states import Truth


class Lpips(Metric):
    """LPIPS version 0.1; a subclass names the network. Scores of different ones do not compare.

    Args:
        backbone: file with torchvision's weights of the network. None is the file of its usual name
            in torch's hub cache, which must hold what torchvision publishes under it. Nothing is
            downloaded. ``facts`` says which file it was, and whether by its hash it is the one that
            everybody uses.
        rounded: see :func:`~vfiblocks.metrics.psnr`.

    Raises:
        MissingDependency: without the ``lpips`` package.
        CheckpointError: the weights are missing, broken, or of another network.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric,
    CVPR 2018.
    """

    better = "lower"
    unit = ""
    net: ClassVar[str]

    def __init__(self, *, backbone: str | Path | None = None, rounded: bool = True) -> None:
        super().__init__()
        who = f"metric 'lpips-{self.net}'"
        self.network = Frozen(build_lpips(who, self.net, backbone))
        beneath = LPIPS_NETWORKS[self.net][0]
        file = identify(beneath, weights_file(beneath, backbone))
        if backbone is None and not file.published:
            raise CheckpointError(
                f"{who} found other weights in {file.path} than its name says (sha256 "
                f"{file.sha256[:8]}...); fetch {PUBLISHED}{FILES[beneath]} again, or name a file "
                "with backbone=PATH if you mean other weights"
            )
        self._facts = {"backbone": str(file), "version": "0.1"}
        self.rounded = rounded

    @property
    def facts(self) -> Mapping[str, str]:
        """Which backbone file was read."""
        return self._facts

    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """See :class:`Metric`."""
        who = f"metric 'lpips-{self.net}'"
        image, target = pair(who, prediction.image, truth.image, rounded=self.rounded, channels=3)
        check_lpips_size(who, self.net, (image.shape[-2], image.shape[-1]))
        distance = self.network(*(2 * x.float() - 1 for x in (image, target)))
        assert isinstance(distance, Tensor)
        return distance.flatten()


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

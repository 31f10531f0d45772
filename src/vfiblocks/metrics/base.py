"""What every metric is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from vfiblocks.errors import InputError
from vfiblocks.ops import crop_to, resize, resize_flow
from vfiblocks.states import Interpolation, Truth

Need: TypeAlias = Literal["motion", "true motion", "sequence"]
"""What a metric may need beyond two pictures: the model's motion, the true one, whole clips."""

WANTED = {False: "(B, C, H, W)", True: "(B, T, C, H, W)"}


class Prediction(NamedTuple):
    """What is judged.

    Attributes:
        image: (B, 3, H, W), or (B, T, 3, H, W) for metrics of sequences.
        flow: (B, 2, 2, H, W), motion from the target to each reference in pixels of the picture;
            None unless the metric needs "motion".
    """

    image: Tensor
    flow: Tensor | None = None


class Metric(nn.Module, ABC):
    """One number per picture, or per clip, that says how near a prediction is to the truth.

    A subclass says what it needs, which way is better and in what unit, and defines
    :meth:`measure`; options are taken by keyword. Averages are for the caller: what is averaged,
    and in which order, is part of a protocol.

    Attributes:
        needs: beyond the two pictures.
        better: which way.
        unit: of the values, "" for a pure number.

    Example:
        >>> from vfiblocks import METRICS
        >>> metric = METRICS.get("psnr")()
        >>> metric(torch.full((2, 3, 8, 8), 0.5), torch.full((2, 3, 8, 8), 0.6)).shape
        torch.Size([2])
        >>> metric.better, metric.unit
        ('higher', 'dB')
    """

    needs: ClassVar[frozenset[Need]] = frozenset()
    better: ClassVar[Literal["higher", "lower"]]
    unit: ClassVar[str]

    @property
    def facts(self) -> Mapping[str, str]:
        """What a table of scores should say about this metric beyond its name; mostly nothing."""
        return {}

    @torch.no_grad()
    def forward(self, result: Tensor | Interpolation, target: Tensor | Truth) -> Tensor:
        """Check, then measure; without gradients.

        Args:
            result: the picture (B, C, H, W), or what a model returned; (B, T, C, H, W) for metrics
                that need a "sequence". Clamped to [0, 1].
            target: the true picture of the same shape in [0, 1], or a :class:`Truth`.

        Returns:
            (B,), in at least float32. NaN where there is nothing to measure, such as no hidden
            pixel or no known motion.

        Raises:
            InputError: the pictures do not fit each other, or what the metric needs is not there.
        """
        truth = target if isinstance(target, Truth) else Truth(target)
        who = type(self).__name__
        image = result if isinstance(result, Tensor) else result.image
        sequence = "sequence" in self.needs
        if image.ndim != 4 + sequence or image.shape != truth.image.shape:
            raise InputError(
                f"{who} compares {WANTED[sequence]} with the truth of the same shape, got "
                f"{tuple(image.shape)} and {tuple(truth.image.shape)}"
            )
        if image.device != truth.image.device:
            raise InputError(
                f"{who} got the prediction on {image.device} and the truth on "
                f"{truth.image.device}; bring them to one device"
            )
        if "true motion" in self.needs and truth.flow is None:
            raise InputError(f"{who} needs the true motion, and this truth has none")
        flow = None
        if "motion" in self.needs:
            if isinstance(result, Tensor):
                raise InputError(
                    f"{who} needs the model's motion, got a picture alone; give it what the model "
                    "returned"
                )
            flow = full_motion(result)[0]
        return self.measure(Prediction(image, flow), truth)

    @abstractmethod
    def measure(self, prediction: Prediction, truth: Truth) -> Tensor:
        """The values (B,); the arguments are those of :meth:`forward`, checked."""


def full_motion(result: Interpolation) -> tuple[Tensor, Tensor]:
    """A model's motion for every pixel of its picture, without the padding.

    Args:
        result: what a model returned.

    Returns:
        Flow (B, 2, 2, H, W) in pixels of the picture, and logits (B, 2, 1, H, W).

    Example:
        >>> from vfiblocks import build_model
        >>> flow, logits = full_motion(build_model("lift15-tiny")(torch.rand(1, 14, 3, 30, 50)))
        >>> flow.shape, logits.shape
        (torch.Size([1, 2, 2, 30, 50]), torch.Size([1, 2, 1, 30, 50]))
    """
    size = tuple(result.image.shape[-2:])
    padded = tuple(result.references.shape[-2:])
    flow = resize_flow(result.motion.flow.float(), (padded[0], padded[1]))
    logits = resize(result.motion.logits.float(), (padded[0], padded[1]))
    return crop_to(flow, (size[0], size[1])), crop_to(logits, (size[0], size[1]))

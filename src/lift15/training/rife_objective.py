"""What RIFE minimises: two reconstructions, and the distance between student and teacher."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lift15.training.rife_teacher import RIFETeacher
from vfiblocks import Interpolation, Interpolator
from vfiblocks.losses import Laplacian
from vfiblocks.ops import backward_warp, blend, crop_to

MARGIN = 0.01
"""By how much the teacher has to be better at a pixel before the student follows it there."""

MIDPOINT_WEIGHT, ANY_TIME_WEIGHT = 0.01, 0.005
"""Of the distillation. For RIFE-m the official code names 0.005 and 0.002 and no choice."""


class RIFELoss(NamedTuple):
    """The terms, as they are before weighing; all scalars.

    Attributes:
        total: student + teacher + weight * distillation, what is minimised.
        student: Laplacian distance of the model's picture.
        teacher: Laplacian distance of the teacher's blend.
        distillation: see :func:`distillation_loss`, pixels.
    """

    total: Tensor
    student: Tensor
    teacher: Tensor
    distillation: Tensor


class RIFEObjective(nn.Module):
    """RIFE's training loss for a model whose flow is ``ifnet``; holds the teacher.

    Its parameters are the teacher's and are trained along with the model's. The student's picture
    is clamped to [0, 1] before it is compared, in RIFE's way and unlike the general losses.

    Args:
        model: the student; it is looked at, not kept.
        teacher_channels: see :class:`RIFETeacher`.
        distillation_weight: None is RIFE's own, 0.01 for a model of midpoints and 0.005 for one of
            arbitrary time.

    Raises:
        AssemblyError: the model has another flow estimator.

    Source: Huang et al., ECCV 2022, sections 3.3 and 3.4; the official ``model/RIFE.py``.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("rife", flow={"channels": (8, 8, 8)}).train()
        >>> objective = RIFEObjective(model, teacher_channels=8)
        >>> loss = objective(model(torch.rand(1, 2, 3, 64, 64)), torch.rand(1, 3, 64, 64))
        >>> loss.total.backward()
        >>> sorted(loss._asdict())
        ['distillation', 'student', 'teacher', 'total']
    """

    def __init__(
        self,
        model: Interpolator,
        *,
        teacher_channels: int = 90,
        distillation_weight: float | None = None,
    ) -> None:
        super().__init__()
        self.teacher = RIFETeacher(model, channels=teacher_channels)
        self.laplacian = Laplacian()
        if distillation_weight is None:
            distillation_weight = ANY_TIME_WEIGHT if self.teacher.any_time else MIDPOINT_WEIGHT
        self.distillation_weight = distillation_weight

    def forward(
        self, result: Interpolation, target: Tensor, *, time: float | None = None
    ) -> RIFELoss:
        """Measure; arguments and errors are those of :meth:`RIFETeacher.forward`.

        Crops have to be larger than 32 pixels a side, for the five levels of the pyramid.
        """
        taught = self.teacher(result, target, time=time)
        clamped = result._replace(image=result.image.clamp(0.0, 1.0))
        student = self.laplacian(clamped, target)
        teacher = self.laplacian(taught, target)
        distillation = distillation_loss(result, taught, target)
        total = student + teacher + self.distillation_weight * distillation
        return RIFELoss(total, student, teacher, distillation)


def distillation_loss(result: Interpolation, taught: Interpolation, target: Tensor) -> Tensor:
    """How far the student's motion is from the teacher's, where the teacher's is better.

    At each of the student's estimates, coarse to fine, the distance counts at the pixels where its
    blend is off by over 0.01 more than the teacher's. Only the student's motion gets a gradient:
    the teacher is followed, never drawn, and where it is followed is no matter of degree.

    Args:
        result: the student's.
        taught: the teacher's.
        target: (B, 3, H, W) in [0, 1]; pixels of the padding do not count.

    Returns:
        Sum over the estimates of the mean over pixels, a scalar. The distance is the root mean
        square over the four components of flow, in pixels.
    """
    height, width = target.shape[-2:]
    reachable = _error(taught.image, target)
    aim = taught.motion.flow.detach()
    distances = []
    for motion in (*result.motion.coarser, result.motion):
        with torch.no_grad():
            picture = blend(backward_warp(result.references, motion.flow), motion.logits)
            worse = _error(crop_to(picture, (height, width)), target) > reachable + MARGIN
        gap = crop_to(aim - motion.flow, (height, width))
        # Not the root of a mean of squares: its gradient is NaN where the gap is nothing, which a
        # block that starts at zero makes happen, and which masking by multiplication lets through.
        # The norm is the same number, and its gradient there is zero.
        distance = torch.linalg.vector_norm(
            gap, dim=(1, 2), dtype=torch.promote_types(gap.dtype, torch.float32)
        ) / math.sqrt(gap.shape[1] * gap.shape[2])
        distances.append((distance * worse).mean())
    return torch.stack(distances).sum()


def _error(picture: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error over the colours, (B, H, W), without a gradient."""
    return (picture.detach() - target).abs().mean(dim=1)

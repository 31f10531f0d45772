"""The blend of several motions, chosen among pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vfiblocks.blenders.base import Blender
from vfiblocks.blenders.synthesis import Synthesis
from vfiblocks.blenders.warping import draft_stride, warp_references
from vfiblocks.ports import Upstream
from vfiblocks.registry import BLENDERS
from vfiblocks.states import Context, Draft, Motion


@BLENDERS.register("multi-field")
class MultiField(Blender):
    """Every motion's warped references, weighted by softmax over all of them.

    A motion with hypotheses in ``others`` gives two candidates for each. Weights are the
    visibilities sigmoid(l) over their sum, for any number of them; for a single motion that is the
    ``visibility`` blend. A synthesised colour may be one candidate more, for what no reference
    shows; it starts with two percent of the weight. ``Draft.warped`` is what the first motion
    gives.

    Args:
        stride: of the draft; 1 warps the full-resolution pictures, None is the motion's own grid.
        synthesis: width of the network that makes a colour from the warped references and the
            context, if there is one; 0 leaves it out.

    Source: several fields, AMT (Li et al., CVPR 2023); here with one softmax instead of a
    convolution.

    Example:
        >>> blender = MultiField(Upstream("blender", motion_stride=1))
        >>> pictures = torch.tensor([0.2, 0.6]).view(1, 2, 1, 1, 1).expand(1, 2, 3, 4, 6)
        >>> still = torch.zeros(1, 2, 2, 4, 6)
        >>> unsure = Motion(still, torch.zeros(1, 2, 1, 4, 6))
        >>> hidden = Motion(still, torch.full((1, 2, 1, 4, 6), -40.0))
        >>> draft = blender(pictures, unsure._replace(others=(hidden,)), None, 0.5)
        >>> draft.image.unique(), draft.warped.shape
        (tensor([0.4000]), torch.Size([1, 2, 3, 4, 6]))
    """

    def __init__(self, upstream: Upstream, *, stride: int | None = 1, synthesis: int = 0) -> None:
        super().__init__(upstream)
        self.stride = draft_stride(upstream, stride)
        self.multiple = 1
        self.synthesis = None
        if synthesis < 0:
            raise upstream.refuse(f"needs a width of 0 or more, got synthesis={synthesis}")
        if synthesis:
            context = upstream.context()
            self.synthesis = Synthesis(synthesis, context.channels if context else None)
            self.multiple = self.stride * self.synthesis.multiple

    def forward(
        self, references: Tensor, motion: Motion, context: Context | None, time: float
    ) -> Draft:
        """Blend; see :class:`Blender`."""
        first, logits = warp_references(references, motion, self.stride)
        pictures, scores = [first], [F.logsigmoid(logits)]
        for other in motion.others:
            warped, logits = warp_references(references, other, self.stride)
            pictures.append(warped)
            scores.append(F.logsigmoid(logits))
        if self.synthesis is not None:
            made, logit = self.synthesis(first, scores[0], context)
            pictures.append(made.unsqueeze(1))
            scores.append(F.logsigmoid(logit.unsqueeze(1)))
        return Draft(_mixture(pictures, scores), first)


def _mixture(pictures: list[Tensor], scores: list[Tensor]) -> Tensor:
    """Softmax over the second axis of all (B, P, 3, h, w) with their (B, P, 1, h, w) together.

    In the precision of the scores, which is that of the motion; the result in the pictures'.
    """
    shares = torch.cat([score.to(scores[0]) for score in scores], dim=1).softmax(dim=1)
    total = (torch.cat([p.to(shares) for p in pictures], dim=1) * shares).sum(dim=1)
    return total.to(pictures[0].dtype)

"""The step every warping blender begins with."""

from __future__ import annotations

from torch import Tensor

from vfiblocks.ops import backward_warp, resize, resize_flow, shrink
from vfiblocks.ports import Upstream
from vfiblocks.states import Motion


def draft_stride(upstream: Upstream, stride: int | None) -> int:
    """The draft's grid: the motion's own if none is asked for, and never a coarser one.

    Raises:
        AssemblyError: for a grid coarser than the motion's, which would throw motion away.
    """
    motion = upstream.motion()
    if stride is not None and not 1 <= stride <= motion:
        raise upstream.refuse(
            f"drafts at stride {stride}, but motion comes at stride {motion}; "
            f"choose a stride from 1 to {motion}, or None for the motion's own"
        )
    return motion if stride is None else stride


def warp_references(references: Tensor, motion: Motion, stride: int) -> tuple[Tensor, Tensor]:
    """References at ``stride`` brought to the target time, and the logits on that grid.

    Pictures are shrunk by area averaging: plain bilinear reads 2x2 of every 4x4 pixels
    (DECISIONS 26).

    Returns:
        warped (B, 2, 3, h, w) and logits (B, 2, 1, h, w).

    Example:
        >>> import torch
        >>> motion = Motion(torch.zeros(1, 2, 2, 4, 6), torch.zeros(1, 2, 1, 4, 6))
        >>> warped, logits = warp_references(torch.rand(1, 2, 3, 16, 24), motion, 4)
        >>> warped.shape, logits.shape
        (torch.Size([1, 2, 3, 4, 6]), torch.Size([1, 2, 1, 4, 6]))
    """
    pictures = shrink(references, stride)
    flow, logits = motion.flow, motion.logits
    size = (pictures.shape[-2], pictures.shape[-1])
    if tuple(flow.shape[-2:]) != size:
        flow, logits = resize_flow(flow, size), resize(logits, size)
    return backward_warp(pictures, flow), logits

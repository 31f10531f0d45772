"""The LIFT-15 flow cascade."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.layers import ResidualBlock, conv3x3, initialise_kaiming, initialise_small
from vfiblocks.ops import resize, resize_flow
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion

# Per reference: two of flow, one of visibility; two references.
OUTPUTS = 6


@FLOWS.register("context-cascade")
class ContextCascade(FlowEstimator):
    """Two scales, both seeing the context; the finer corrects the coarser (LIFT-15 section 4).

    Logits stay logits until they are used; the sigmoid comes once, in the blender (DECISIONS 9).

    Args:
        coarse_stride: of the first estimate.
        coarse_channels: width there.
        coarse_blocks: residual blocks there.
        fine_stride: of the correction, and of the motion that comes out.
        fine_channels: width there.
        fine_blocks: residual blocks there.

    Example:
        >>> import torch
        >>> upstream = Upstream("flow", encoder="pyramid", taps={4: 128, 8: 192})
        >>> taps = {4: torch.rand(1, 2, 128, 8, 12), 8: torch.rand(1, 2, 192, 4, 6)}
        >>> motion = ContextCascade(upstream)(torch.rand(1, 2, 3, 32, 48), taps, None, 0.5)
        >>> motion.flow.shape, motion.logits.shape, motion.coarser[0].flow.shape[-2:]
        (torch.Size([1, 2, 2, 8, 12]), torch.Size([1, 2, 1, 8, 12]), torch.Size([4, 6]))
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        coarse_stride: int = 8,
        coarse_channels: int = 256,
        coarse_blocks: int = 3,
        fine_stride: int = 4,
        fine_channels: int = 128,
        fine_blocks: int = 2,
    ) -> None:
        super().__init__(upstream)
        if not 0 < fine_stride < coarse_stride:
            raise upstream.refuse(
                f"refines from coarse to fine, got coarse_stride={coarse_stride} and "
                f"fine_stride={fine_stride}"
            )
        if min(coarse_blocks, fine_blocks) < 0:
            raise upstream.refuse(
                f"cannot have fewer than no blocks, got coarse_blocks={coarse_blocks} and "
                f"fine_blocks={fine_blocks}"
            )
        self.stride, self.coarse_stride = fine_stride, coarse_stride
        coarse = upstream.features(stride=coarse_stride)
        fine = upstream.features(stride=fine_stride)
        context = upstream.context()
        shared = 1 + (context.channels if context else 0)  # time, and context where there is any
        self.coarse = _estimator(2 * coarse.channels + shared, coarse_channels, coarse_blocks)
        self.fine = _estimator(2 * fine.channels + OUTPUTS + shared, fine_channels, fine_blocks)

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`."""
        coarse_inputs = self._inputs(taps[self.coarse_stride], context, (), time)
        coarse = _motion(self.coarse(coarse_inputs))
        size = taps[self.stride].shape[-2:]
        flow = resize_flow(coarse.flow, (size[0], size[1]))
        logits = resize(coarse.logits, (size[0], size[1]))
        so_far = (rearrange(flow, "b p c h w -> b (p c) h w"), logits.flatten(1, 2))
        fine_inputs = self._inputs(taps[self.stride], context, so_far, time)
        change = _motion(self.fine(fine_inputs))
        return Motion(flow + change.flow, logits + change.logits, coarser=(coarse,))

    @staticmethod
    def _inputs(
        tap: Tensor, context: Context | None, so_far: tuple[Tensor, ...], time: float
    ) -> Tensor:
        """Concatenate in the order of sections 4.3 and 4.4."""
        pieces = [rearrange(tap, "b p c h w -> b (p c) h w")]
        if context is not None:
            pieces.append(resize(context.features, (tap.shape[-2], tap.shape[-1])))
        pieces += [piece.to(tap.dtype) for piece in so_far]
        pieces.append(torch.full_like(pieces[0][:, :1], time))
        return torch.cat(pieces, dim=1)


def _estimator(inputs: int, channels: int, blocks: int) -> nn.Sequential:
    head = nn.Conv2d(channels, OUTPUTS, 3, 1, 1)
    estimator = nn.Sequential(
        conv3x3(inputs, channels), *(ResidualBlock(channels) for _ in range(blocks)), head
    )
    initialise_kaiming(estimator)
    initialise_small(head)
    return estimator


def _motion(outputs: Tensor) -> Motion:
    """Channels are flow left, flow right, logit left, logit right.

    In float32 at least, whatever the estimator computes in: the two scales are added up, and in
    bfloat16 a sum of 10 pixels is rounded to 1/16 of a pixel.
    """
    outputs = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    return Motion(
        rearrange(outputs[:, :4], "b (p c) h w -> b p c h w", p=2),
        rearrange(outputs[:, 4:], "b (p c) h w -> b p c h w", p=2),
    )

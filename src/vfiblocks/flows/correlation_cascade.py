"""Motion from coarse to fine by comparing what it has aligned so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from torch import Tensor, nn

from vfiblocks.flows.base import FlowEstimator
from vfiblocks.flows.correlation_step import CorrelationStep, Reached, check_steps
from vfiblocks.ports import Upstream
from vfiblocks.registry import FLOWS
from vfiblocks.states import Context, Motion


@FLOWS.register("correlation-cascade")
class CorrelationCascade(FlowEstimator):
    """Four scales, each of which warps the references' features by the motion so far.

    A step sees both references' features brought to the target, their local correlation, the motion
    so far, the features of the step before, and the time; it gives a bounded change of the motion,
    a change of the visibility logits, and features. There is no norm, so that a pixel depends on
    its surroundings alone. The last step may give several motions, for blends of more than one.

    Context enters every step through a projection that starts at zero: at first a model with
    context is exactly its own two-frame model, and every tensor of that one has its counterpart.

    Changes of flow are scaled by the distance in time to each reference, 2t and 2(1 - t), so that
    at the midpoint nothing is scaled and next to a reference its flow vanishes.

    Args:
        strides: of the steps, coarsest first; motion comes out at the last.
        channels: width of each step.
        blocks: residual blocks of each step.
        radii: of each step's correlation, in cells; 0 leaves it out there.
        fields: motions that come out, the first as usual and the others in ``Motion.others``.
        bound: by how many cells one step may move each half of the motion. With the default steps
            together reach 120 pixels to either reference.
        context: let context in, if the assembly has one.

    Source: coarse to fine with features carried along, IFRNet (Kong et al., CVPR 2022);
    correlation of warped features, PWC-Net (Sun et al., CVPR 2018); several fields, AMT (Li et al.,
    CVPR 2023).

    Example:
        >>> import torch
        >>> widths = {2: 8, 4: 12, 8: 16, 16: 24}
        >>> upstream = Upstream("flow", encoder="pyramid", taps=widths)
        >>> taps = {s: torch.rand(1, 2, c, 32 // s, 48 // s) for s, c in widths.items()}
        >>> flow = CorrelationCascade(upstream, channels=(24, 16, 12, 8), fields=3)
        >>> motion = flow(torch.rand(1, 2, 3, 32, 48), taps, None, 0.5)
        >>> motion.flow.shape, len(motion.coarser), len(motion.others)
        (torch.Size([1, 2, 2, 16, 24]), 3, 2)
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        strides: tuple[int, ...] = (16, 8, 4, 2),
        channels: tuple[int, ...] = (192, 144, 96, 48),
        blocks: tuple[int, ...] = (6, 4, 4, 4),
        radii: tuple[int, ...] = (4, 4, 2, 2),
        fields: int = 1,
        bound: float = 4.0,
        context: bool = True,
    ) -> None:
        super().__init__(upstream)
        check_steps(upstream, strides, channels, blocks, radii)
        if fields < 1 or bound <= 0:
            raise upstream.refuse(
                f"gives at least one field and moves by more than nothing, got fields={fields} and "
                f"bound={bound}"
            )
        self.strides, self.stride = strides, strides[-1]
        signal = upstream.context() if context else None
        self.steps = nn.ModuleList(
            CorrelationStep(
                upstream.features(stride=stride).channels,
                channels=channels[depth],
                blocks=blocks[depth],
                before=channels[depth - 1] if depth else None,
                radius=radii[depth],
                fields=fields if depth == len(strides) - 1 else 1,
                context=signal.channels if signal else None,
                bound=bound,
            )
            for depth, stride in enumerate(strides)
        )

    def forward(
        self,
        references: Tensor,
        taps: Mapping[int, Tensor],
        context: Context | None,
        time: float,
    ) -> Motion:
        """Estimate motion; see :class:`FlowEstimator`."""
        features = None if context is None else context.features
        reached: Reached | None = None
        estimates: list[Motion] = []
        steps = cast("Sequence[CorrelationStep]", self.steps)
        for step, stride in zip(steps, self.strides, strict=True):
            reached = step(taps[stride], reached, features, time)
            estimates.append(reached.motion)
        return estimates[-1]._replace(coarser=tuple(estimates[:-1]))

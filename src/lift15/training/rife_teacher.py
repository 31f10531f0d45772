"""RIFE's privileged teacher: one more block, which may look at the answer."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from vfiblocks import Interpolation, Interpolator
from vfiblocks.errors import AssemblyError, InputError
from vfiblocks.flows import IFNet
from vfiblocks.flows.if_block import FLOW, MOTION, PICTURES, IFBlock, as_motion
from vfiblocks.losses.base import check_target
from vfiblocks.ops import backward_warp, blend, crop_to, pad_to_multiple
from vfiblocks.states import Draft

TRUTH = 3  # channels of the true middle frame


class RIFETeacher(nn.Module):
    """Corrects the student's last motion by what the true middle frame tells.

    It is a block like the student's, at full resolution. Besides what the student's last block
    sees it sees the true frame. Nothing is detached here: RIFE trains the student through the
    teacher as well.

    Args:
        model: the student; its flow estimator is ``ifnet``, its other parts do not matter.
        channels: width of the block, 90 in RIFE.

    Attributes:
        block: takes the tensors that an official file calls ``block_tea``:
            ``teacher.block.load_state_dict(convert_keys(state).teacher)``.

    Raises:
        AssemblyError: the model has another flow estimator.

    Source: Huang et al., ECCV 2022, section 3.3.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("rife", flow={"channels": (8, 8, 8)})
        >>> result = model(torch.rand(1, 2, 3, 50, 70))
        >>> taught = RIFETeacher(model, channels=8)(result, torch.rand(1, 3, 50, 70))
        >>> taught.image.shape, taught.motion.flow.shape
        (torch.Size([1, 3, 50, 70]), torch.Size([1, 2, 2, 64, 96]))
    """

    def __init__(self, model: Interpolator, *, channels: int = 90) -> None:
        super().__init__()
        if not isinstance(model.flow, IFNet):
            raise AssemblyError(
                "RIFE's teacher corrects the motion of flow 'ifnet', but this model's flow is "
                f"'{model.spec.flow.name}'; build_model('rife') has it, and any model takes it "
                "with flow='ifnet'"
            )
        self.multiple = model.multiple
        self.any_time = model.flow.any_time
        self.block = IFBlock(
            2 * PICTURES + self.any_time + MOTION + TRUTH,
            channels,
            first_stride=model.spec.flow.options["first_stride"],  # type: ignore[arg-type]
        )

    def forward(
        self, result: Interpolation, target: Tensor, *, time: float | None = None
    ) -> Interpolation:
        """What the model would have made of the teacher's motion, without refinement.

        Args:
            result: what the model returned, with gradients.
            target: (B, 3, H, W) in [0, 1], the true frame, of the size of ``result.image``; it is
                padded as the model pads.
            time: what the model was told; has to be said where it knows more than the midpoint.

        Returns:
            ``image`` (B, 3, H, W), a blend and so within [0, 1]; ``draft`` and ``motion`` at the
            padded size.

        Raises:
            InputError: ``target`` does not fit, ``result`` is another model's, the time is missing
                or not one that the model can be asked for.
        """
        check_target(type(self).__name__, result, target)
        truth = pad_to_multiple(target, self.multiple)
        references, motion = result.references, result.motion
        if not references.shape[-2:] == motion.flow.shape[-2:] == truth.shape[-2:]:
            raise InputError(
                f"the teacher's model pads {tuple(target.shape[-2:])} to "
                f"{tuple(truth.shape[-2:])} and estimates motion there, but the result has "
                f"references of {tuple(references.shape[-2:])} and motion of "
                f"{tuple(motion.flow.shape[-2:])}; it was made by another model"
            )
        mask = motion.logits[:, 0]  # its pair is (m, -m)
        flow = rearrange(motion.flow, "b p c h w -> b (p c) h w")
        seen = (
            rearrange(references, "b p c h w -> b (p c) h w"),
            *self._time_plane(references, time),
            rearrange(backward_warp(references, motion.flow), "b p c h w -> b (p c) h w"),
            mask,
            truth,
        )
        more = self.block(torch.cat(seen, dim=1), flow, scale=1)
        better = as_motion(flow + more[:, :FLOW], mask + more[:, FLOW:])
        warped = backward_warp(references, better.flow)
        image = blend(warped, better.logits)
        height, width = target.shape[-2:]
        return Interpolation(
            crop_to(image, (height, width)), Draft(image, warped), better, None, references
        )

    def _time_plane(self, references: Tensor, time: float | None) -> tuple[Tensor, ...]:
        if not self.any_time:
            if time not in (None, 0.5):
                raise InputError(
                    f"the teacher's model knows the midpoint only, but time {time} was given"
                )
            return ()
        if time is None or not 0 < time < 1:
            raise InputError(
                "the teacher of a model with arbitrary time has to be told the time that the "
                f"model was told, in (0, 1), got {time}; time=window.time"
            )
        return (torch.full_like(references[:, 0, :1], time),)

"""What a refiner promises."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from vfiblocks.spec import Part
from vfiblocks.states import Draft, Motion
from vfiblocks.testing.case import Case, picture_size, random_motion, random_taps
from vfiblocks.testing.trial import Inputs, Outputs, Trial, require

GRIDS = ((4, 4), (4, 1), (1, 1))
"""Strides of motion and draft to try."""


def check_refiner(part: str | Part) -> None:
    """Hold a refiner to its contract, for every grid of motion and draft that it accepts.

    Raises:
        AssertionError: the first promise it breaks, or that it accepts none of the usual grids.

    Example:
        >>> check_refiner(Part("full-resolution", channels=8, blocks=1))
    """
    case = Case("refiner", part)
    accepted = [_check(case, *grids) for grids in GRIDS]
    require(any(accepted), f"{case.who} accepts no strides of motion and draft among {GRIDS}")


def _check(case: Case, motion_stride: int, draft_stride: int) -> bool:
    """Check with this on offer; whether it was accepted."""
    upstream = case.upstream(motion_stride=motion_stride, draft_stride=draft_stride)
    refiner = case.build_unless_refused(upstream)
    if refiner is None:
        return False
    strides = tuple(sorted(upstream.needs.taps))
    size = picture_size(math.lcm(motion_stride, draft_stride, refiner.multiple, *strides))
    grid = (size[0] // draft_stride, size[1] // draft_stride)
    Trial(
        case.who,
        partial(case.build, upstream),
        inputs=(
            *random_motion(size, motion_stride),
            torch.rand(2, 3, *grid),
            torch.rand(2, 2, 3, *grid),
            *random_taps(size, strides),
        ),
        call=partial(_call, strides),
        shapes={"image": (3, *size)},
    ).run()
    case.check_assembly(motion_stride=motion_stride, draft_stride=draft_stride)
    return True


def _call(strides: tuple[int, ...], refiner: Any, inputs: Inputs) -> Outputs:
    references, flow, logits, image, warped, *rest = inputs
    taps = dict(zip(strides, rest, strict=True))
    return {"image": refiner(references, taps, Motion(flow, logits), Draft(image, warped))}

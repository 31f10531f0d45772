"""What a blender promises."""

from __future__ import annotations

import math
from functools import partial
from itertools import product
from typing import Any

from vfiblocks.ports import Signal
from vfiblocks.spec import Part
from vfiblocks.states import Context, Draft, Motion
from vfiblocks.testing.case import CONTEXT, Case, picture_size, random_context, random_motion
from vfiblocks.testing.trial import Inputs, Outputs, Trial, require


def check_blender(part: str | Part) -> None:
    """Hold a blender to its contract, on every motion grid it accepts, with context and without.

    Raises:
        AssertionError: the first promise it breaks, or that it accepts motion neither at stride 4
            nor at stride 1.

    Example:
        >>> check_blender(Part("average", stride=1))
    """
    case = Case("blender", part)
    accepted = [_check(case, *offer) for offer in product((4, 1), (CONTEXT, None))]
    require(any(accepted), f"{case.who} accepts motion neither at stride 4 nor at stride 1")


def _check(case: Case, motion_stride: int, context: Signal | None) -> bool:
    """Check with this on offer; whether it was accepted."""
    upstream = case.upstream(context=context, motion_stride=motion_stride)
    blender = case.build_unless_refused(upstream)
    if blender is None:
        return False
    size = picture_size(math.lcm(CONTEXT.stride, motion_stride, blender.stride))
    grid = (size[0] // blender.stride, size[1] // blender.stride)
    reads_context = upstream.needs.context and context is not None
    extra = (random_context(size),) if reads_context else ()
    Trial(
        case.who,
        partial(case.build, upstream),
        inputs=(*random_motion(size, motion_stride), *extra),
        call=_call,
        shapes={"image": (3, *grid), "warped": (2, 3, *grid)},
    ).run()
    case.check_assembly(aggregator=reads_context, motion_stride=motion_stride)
    return True


def _call(blender: Any, inputs: Inputs) -> Outputs:
    references, flow, logits, *extra = inputs
    context = Context(extra[0], extra[0].new_ones(len(references), 1)) if extra else None
    draft: Draft = blender(references, Motion(flow, logits), context, 0.5)
    return draft._asdict()

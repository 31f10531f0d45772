"""What a flow estimator promises."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from vfiblocks.ports import Signal
from vfiblocks.spec import Part
from vfiblocks.states import Context, Motion
from vfiblocks.testing.case import CONTEXT, Case, picture_size, random_context, random_taps
from vfiblocks.testing.trial import Inputs, Outputs, Trial, require


def check_flow(part: str | Part) -> None:
    """Hold a flow estimator to its contract, with a context and, if it reads one, without.

    Beyond what every part promises: coarser estimates are motion as well.

    Raises:
        AssertionError: the first promise it breaks.

    Example:
        >>> check_flow(Part("ifnet", channels=(8, 8, 8)))
    """
    case = Case("flow", part)
    takes: Signal | None = case.cls.takes
    if _check(case, takes or CONTEXT) and takes is None:
        _check(case, None)


def _check(case: Case, context: Signal | None) -> bool:
    """Check with this context on offer; whether it was read."""
    upstream = case.upstream(context=context)
    flow = case.build(upstream)
    strides = tuple(sorted(upstream.needs.taps))
    size = picture_size(math.lcm((context or CONTEXT).stride, flow.stride, flow.multiple, *strides))
    grid = (size[0] // flow.stride, size[1] // flow.stride)
    reads_context = upstream.needs.context and context is not None
    extra = (random_context(size, context),) if context and reads_context else ()
    Trial(
        case.who,
        partial(case.build, upstream),
        inputs=(torch.rand(2, 2, 3, *size), *random_taps(size, strides), *extra),
        call=partial(_call, case.who, strides),
        shapes={"flow": (2, 2, *grid), "logits": (2, 1, *grid)},
        traceable=flow.traceable,
    ).run()
    case.check_assembly(
        encoder=bool(strides) or reads_context, aggregator=reads_context, context=case.cls.takes
    )
    return reads_context


def _call(who: str, strides: tuple[int, ...], flow: Any, inputs: Inputs) -> Outputs:
    references, *rest = inputs
    taps = dict(zip(strides, rest, strict=False))
    extra = rest[len(strides) :]
    context = Context(extra[0], extra[0].new_ones(len(references), 1)) if extra else None
    motion: Motion = flow(references, taps, context, 0.5)
    for coarser in motion.coarser:
        vectors, logits = tuple(coarser.flow.shape), tuple(coarser.logits.shape)
        require(
            vectors[1:3] == (2, 2) and logits[1:3] == (2, 1) and vectors[3:] == logits[3:],
            f"{who}: coarser estimates must be (B, 2, 2, h, w) and (B, 2, 1, h, w), got "
            f"{vectors} and {logits}",
        )
    return {"flow": motion.flow, "logits": motion.logits}

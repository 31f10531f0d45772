"""What an aggregator promises."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from vfiblocks.aggregators.base import is_split, shares_context
from vfiblocks.spec import Part
from vfiblocks.states import Context
from vfiblocks.testing.case import WINDOW, Case, picture_size
from vfiblocks.testing.stand_ins import TAPS
from vfiblocks.testing.trial import (
    TOLERANCE,
    Inputs,
    Outputs,
    Trial,
    require,
    require_equal,
)
from vfiblocks.window import Window


def check_aggregator(part: str | Part) -> None:
    """Hold an aggregator to its contract.

    Beyond what every part promises: weights are at least 0 and sum to 1; a missing frame has weight
    0 and is as if it were not in the window, whatever stands in its place; frames permuted along
    with their positions change nothing; any number of frames is taken.

    Raises:
        AssertionError: the first promise it breaks.

    Example:
        >>> check_aggregator("mean")
    """
    case = Case("aggregator", part)
    upstream = case.upstream()
    aggregator = case.build(upstream)
    stride, signal = upstream.needs.clip, aggregator.signal
    if stride is None:
        raise AssertionError(f"{case.who} must ask upstream.clip(stride=...) for what it reads")
    height, width = picture_size(math.lcm(stride, aggregator.multiple))
    clip = torch.rand(2, len(WINDOW), TAPS[stride], height // stride, width // stride)
    trial = Trial(
        case.who,
        partial(case.build, upstream),
        inputs=(clip,),
        call=_call,
        shapes={
            "features": (signal.channels, height // signal.stride, width // signal.stride),
            "weights": (len(WINDOW),),
        },
    )
    trial.run()
    with torch.no_grad():
        _check_weights(trial)
        _check_missing(trial)
        _check_order(trial)
        _check_stream(trial)
    case.check_assembly(aggregator=True)


def _call(aggregator: Any, inputs: Inputs) -> Outputs:
    context: Context = aggregator(inputs[0], WINDOW, None)
    return context._asdict()


def _check_weights(trial: Trial) -> None:
    weights = _call(trial.build(), trial.inputs)["weights"]
    total = weights.sum(1)
    require(bool((weights >= 0).all()), f"{trial.who}: weights must not be negative")
    require(
        bool(((total - 1).abs() < TOLERANCE).all()),
        f"{trial.who}: weights must sum to 1 per sample, got {total.tolist()}",
    )


def _check_missing(trial: Trial) -> None:
    """Samples that miss different frames, against windows that never had them."""
    aggregator: Any = trial.build()
    clip = trial.inputs[0]
    valid = torch.tensor([[False, True, True, True, False], [True, False, True, True, True]])
    context = aggregator(clip, WINDOW, valid)
    require(
        bool((context.weights[~valid] == 0).all()),
        f"{trial.who}: missing frames must have weight 0, got {context.weights.tolist()}",
    )
    absurd = torch.where(valid[:, :, None, None, None], clip, 1e9 * torch.randn_like(clip))
    require_equal(
        trial.who,
        "what stands in for a missing frame must not matter",
        aggregator(absurd, WINDOW, valid)._asdict(),
        context._asdict(),
    )
    for sample, present in enumerate(valid):
        kept = present.nonzero().flatten().tolist()
        shorter = Window(tuple(WINDOW.positions[i] for i in kept), WINDOW.target)
        found = aggregator(clip[sample : sample + 1, kept], shorter, None)
        expected = Context(context.features[sample : sample + 1], context.weights[sample, kept])
        require_equal(
            trial.who,
            f"missing frames must be as if absent (kept {kept} of {len(WINDOW)})",
            {"features": found.features, "weights": found.weights[0]},
            expected._asdict(),
        )


def _check_order(trial: Trial) -> None:
    aggregator: Any = trial.build()
    clip = trial.inputs[0]
    context = aggregator(clip, WINDOW, None)
    order = [3, 0, 4, 2, 1]
    shuffled = Window(tuple(WINDOW.positions[i] for i in order), WINDOW.target)
    require_equal(
        trial.who,
        "frames permuted along with their positions must change nothing",
        aggregator(clip[:, order], shuffled, None)._asdict(),
        {"features": context.features, "weights": context.weights[:, order]},
    )


def _check_stream(trial: Trial) -> None:
    """What lets a stream keep a frame's share, and share the context between targets."""
    aggregator: Any = trial.build()
    clip = trial.inputs[0]
    expected = aggregator(clip, WINDOW, None)._asdict()
    if is_split(aggregator):
        states = torch.stack([aggregator.prepare(frame) for frame in clip.unbind(1)], dim=1)
        require_equal(
            trial.who,
            "frames prepared one by one and aggregated must give what forward gives",
            aggregator.aggregate(states, WINDOW, None)._asdict(),
            expected,
        )
    if not shares_context(aggregator):
        return
    later = Window(WINDOW.positions, WINDOW.target + 0.25)
    require_equal(
        trial.who,
        "the context must not depend on the target, or uses_target must be True",
        aggregator(clip, later, None)._asdict(),
        expected,
    )

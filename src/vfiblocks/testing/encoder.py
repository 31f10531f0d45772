"""What an encoder promises."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from vfiblocks.ports import Upstream
from vfiblocks.spec import Part
from vfiblocks.testing.case import Case, picture_size
from vfiblocks.testing.trial import Inputs, Outputs, Trial, require, require_equal


def check_encoder(part: str | Part) -> None:
    """Hold an encoder to its contract.

    Beyond what every part promises: ``typical_strides`` are those of the defaults; a tap is the
    same whichever others are asked for; pruning keeps what is read, and only that.

    Raises:
        AssertionError: the first promise it breaks.

    Example:
        >>> check_encoder(Part("pyramid", channels=(8, 8, 16)))
    """
    case = Case("encoder", part)
    taps = dict(case.build(Upstream(case.who)).taps)
    require(
        bool(taps) and all(s >= 1 and c >= 1 for s, c in taps.items()),
        f"{case.who}: taps must map strides to channels, got {taps}",
    )
    require(
        bool(case.part.options) or set(case.cls.typical_strides) == set(taps),
        f"{case.who}: typical_strides {case.cls.typical_strides} must be those of its defaults, "
        f"{tuple(taps)}",
    )
    height, width = picture_size(max(taps))
    trial = Trial(
        case.who,
        partial(case.build, Upstream(case.who)),
        inputs=(torch.rand(2, 3, height, width),),
        call=partial(_call, set(taps)),
        shapes={f"tap {s}": (c, height // s, width // s) for s, c in taps.items()},
    )
    trial.run()
    _check_single_taps(trial, taps)
    case.check_assembly(aggregator=True)


def _call(strides: set[int], encoder: Any, inputs: Inputs) -> Outputs:
    return {f"tap {stride}": tap for stride, tap in encoder(inputs[0], strides).items()}


def _check_single_taps(trial: Trial, taps: Mapping[int, int]) -> None:
    """Each tap alone, before and after everything else is pruned, is what it was among others."""
    encoder: Any = trial.build()
    with torch.no_grad():
        together = trial.call(encoder, trial.inputs)
    for stride in taps:
        name = f"tap {stride}"
        with torch.no_grad():
            alone = _call({stride}, encoder, trial.inputs)
        require(
            set(alone) == {name},
            f"{trial.who}, asked for stride {stride}, must give that one, got {sorted(alone)}",
        )
        what = f"a tap must be the same when stride {stride} alone is asked for"
        require_equal(trial.who, what, alone, {name: together[name]})

        pruned: Any = trial.build()
        pruned.load_state_dict(encoder.state_dict())
        pruned.prune({stride})
        require(
            stride in pruned.taps,
            f"{trial.who}: prune({{{stride}}}) must keep that tap, but leaves {dict(pruned.taps)}",
        )
        left = _call({stride}, pruned, trial.inputs)
        what = f"a tap must be the same after prune({{{stride}}})"
        require_equal(trial.who, what, left, {name: together[name]})
        if left[name].requires_grad:
            left[name].sum().backward()  # type: ignore[no-untyped-call]
        idle = [name for name, p in pruned.named_parameters() if p.grad is None]
        require(
            not idle,
            f"{trial.who}: prune({{{stride}}}) must drop what it does not read: {', '.join(idle)}",
        )

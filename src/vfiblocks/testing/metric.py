"""What a metric promises."""

from __future__ import annotations

import torch

from vfiblocks.registry import METRICS
from vfiblocks.spec import Part
from vfiblocks.states import Interpolation, Truth
from vfiblocks.testing.judged import Judge, answer, truth
from vfiblocks.testing.trial import TOLERANCE, require


def check_metric(part: str | Part) -> None:
    """Hold a metric to its contract.

    It has a docstring and keyword-only options with plain defaults. It gives one number per sample
    in float32, the same each time and whatever else is in the batch, and less noise is better in
    the direction that it says.

    Raises:
        AssertionError: the first promise it breaks.

    Example:
        >>> check_metric("psnr")
    """
    judge = Judge(METRICS, part)
    metric = judge.build()
    require(
        metric.better in ("higher", "lower"),
        f"{judge.who}: better must be 'higher' or 'lower', got {metric.better!r}",
    )
    require(isinstance(metric.unit, str), f"{judge.who}: unit must be text, got {metric.unit!r}")
    true = truth(frames=3 if "sequence" in metric.needs else None)
    true = true._replace(known=torch.ones(2, dtype=torch.bool))
    near, far = (answer(true, noise) for noise in (0.02, 0.2))
    good, bad = metric(near, true), metric(far, true)
    for values in (good, bad):
        require(
            values.shape == (2,) and values.dtype == torch.float32,
            f"{judge.who} must give float32 (B,), got {values.dtype} {tuple(values.shape)}",
        )
        require(bool(values.isfinite().all()), f"{judge.who} must be finite, got {values.tolist()}")
    require(
        bool(((good > bad) if metric.better == "higher" else (good < bad)).all()),
        f"{judge.who}: {metric.better} must be better, got {good.tolist()} with little noise and "
        f"{bad.tolist()} with much",
    )
    require(
        torch.equal(metric(near, true), good), f"{judge.who} must give the same for the same input"
    )
    second = metric(_second(near), _second_truth(true))
    require(
        bool((second - good[1:]).abs() <= TOLERANCE * good[1:].abs().clamp_min(1.0)),
        f"{judge.who}: a sample alone must be as in its batch, got {second.tolist()} and "
        f"{good[1:].tolist()}",
    )


def _second_truth(true: Truth) -> Truth:
    assert true.flow is not None and true.visible is not None and true.known is not None  # noqa: PT018
    return Truth(true.image[1:], true.flow[1:], true.visible[1:], true.known[1:])


def _second(made: Interpolation) -> Interpolation:
    motion = made.motion._replace(
        flow=made.motion.flow[1:], logits=made.motion.logits[1:], coarser=()
    )
    return made._replace(image=made.image[1:], motion=motion, references=made.references[1:])

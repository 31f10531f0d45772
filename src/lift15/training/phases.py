"""Which phase a step belongs to, and what the learning rate is there.

Everything is a function of the step, so that nothing has to be saved for a run to be resumed.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lift15.training.plan import Phase, SchedulePlan
from vfiblocks.errors import TrainingError


@dataclass(frozen=True)
class Stretch:
    """A phase with the steps it takes: from ``start`` up to, but not including, ``stop``."""

    phase: Phase
    start: int
    stop: int


class Schedule:
    """A schedule plan with its number of steps known.

    Args:
        plan: what the run's plan says.
        per_epoch: steps that one pass over the training data takes; None for data without an end.

    Attributes:
        steps: in all.
        stretches: the phases, in order, without a gap.

    Raises:
        TrainingError: epochs are asked for of data without an end, or there are fewer steps than
            phases.

    Example:
        >>> plan = SchedulePlan(
        ...     epochs=50, phases=(Phase(length=10), Phase(length=20), Phase(length=20, lr=0.1)))
        >>> schedule = Schedule(plan, per_epoch=30)
        >>> schedule.steps, [(s.start, s.stop) for s in schedule.stretches]
        (1500, [(0, 300), (300, 900), (900, 1500)])
        >>> schedule.factor(899), schedule.factor(900)
        (1.0, 0.1)
    """

    def __init__(self, plan: SchedulePlan, *, per_epoch: int | None = None) -> None:
        if not plan.steps and per_epoch is None:
            raise TrainingError(
                "these data have no end, so that epochs cannot be counted; give schedule.steps"
            )
        self.plan = plan
        self.steps = plan.steps or max(1, math.ceil(plan.epochs * (per_epoch or 0)))
        self.stretches = _stretches(plan.phases, self.steps)
        self._starts = [stretch.start for stretch in self.stretches]

    def at(self, step: int) -> Stretch:
        """The stretch that a step lies in; the last one for steps beyond the end."""
        return self.stretches[bisect.bisect_right(self._starts, step) - 1]

    def factor(self, step: int) -> float:
        """What the learning rate is multiplied by at a step, counted from 0.

        The first step of a warm-up is not 0: it would be lost.
        """
        rise = min(1.0, (step + 1) / (self.plan.warmup + 1))
        return rise * self._decayed(step) * self.at(step).phase.lr

    def _decayed(self, step: int) -> float:
        if self.plan.decay == "constant":
            return 1.0
        done = (step - self.plan.warmup) / max(1, self.steps - 1 - self.plan.warmup)
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, done))))
        return self.plan.final + (1.0 - self.plan.final) * cosine


def _stretches(phases: Sequence[Phase], steps: int) -> tuple[Stretch, ...]:
    total, passed, start, found = sum(phase.length for phase in phases), 0.0, 0, []
    for phase in phases:
        passed += phase.length
        stop = round(steps * passed / total)
        if stop <= start:
            raise TrainingError(
                f"phase {phase.name!r} gets no step: {steps} steps are shared out over "
                f"{len(phases)} phases; give schedule.steps more, or leave phases out"
            )
        found.append(Stretch(phase, start, stop))
        start = stop
    return tuple(found)

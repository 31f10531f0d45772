"""Telling a run that has gone wrong from one that has a bad moment."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from typing import Any

from vfiblocks.errors import TrainingError

MEMORY = 200
"""Losses that the running median is taken over."""

LEAST = 20
"""Losses there have to be before a median says anything."""

OVERFLOWS = 100
"""Steps in a row that float16's scaler may leave out; it starts high and halves its scale at each,
so that even 2**16 is used up after 16."""


class Diverged(TrainingError):
    """A run that would not come back; the last good state is kept."""


class Gauge:
    """Looks at the loss of every step.

    Args:
        factor: how many times the running median of the losses before a loss is too high.
        steps: for how many steps in a row it has to be; 0 never says so.

    Example:
        >>> gauge = Gauge(factor=10, steps=2)
        >>> [gauge.add(loss) for loss in (*[0.1] * 20, 5.0, 0.1, 5.0)]  # alone, and again alone
        [None, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
         None, None, None, None, None, None, None, None]
        >>> gauge.add(6.0)
        'was over 10 times its running median (0.1) for 2 steps in a row, last 6'
    """

    def __init__(self, *, factor: float, steps: int) -> None:
        self.factor = factor
        self.steps = steps
        self._losses: deque[float] = deque(maxlen=MEMORY)
        self._high = 0

    @property
    def suspicious(self) -> bool:
        """Whether the last losses were too high: a state saved now might be a bad one."""
        return self._high > 0

    def add(self, loss: float) -> str | None:
        """Take note of a finite loss; what is wrong with it, in words, or None.

        Losses that are too high are not remembered: they must not become what is usual.
        """
        if len(self._losses) < LEAST or loss <= self.factor * statistics.median(self._losses):
            self._losses.append(loss)
            self._high = 0
            return None
        self._high += 1
        if not self.steps or self._high < self.steps:
            return None
        return (
            f"was over {self.factor:g} times its running median "
            f"({statistics.median(self._losses):.4g}) for {self._high} steps in a row, "
            f"last {loss:.4g}"
        )

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"losses": list(self._losses), "high": self._high}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._losses = deque(state["losses"], maxlen=MEMORY)
        self._high = int(state["high"])


def diverged(step: int, what: str, names: Sequence[str], *, kept: str) -> Diverged:
    """The error that ends a run.

    >>> str(diverged(7, "the loss term l1 is nan", ["a", "b"], kept="run/last.ckpt"))
    'diverged at step 7: the loss term l1 is nan; batch: a, b; the last good state is run/last.ckpt'
    """
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return Diverged(
        f"diverged at step {step}: {what}; batch: {shown}; the last good state is {kept}"
    )

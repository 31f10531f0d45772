"""What came of a run, in one line."""

from __future__ import annotations

import math
from collections.abc import Callable

import lightning.pytorch as pl

from lift15.training.watching.base import Watcher
from lift15.training.watching.journal import Journal
from lift15.training.watching.metrics_file import Metrics, read_metrics


def summarise(metrics: Metrics) -> str:
    """The end of a run, with where it began beside it; what was not recorded is left out.

    Example:
        >>> summarise({
        ...     "loss/total": {1: 0.4, 1000: 0.05}, "speed/hours": {1: 0.001, 1000: 0.5},
        ...     "validation/psnr": {500: 30.2, 1000: 29.9},
        ...     "speed/samples_per_second": {1: 2.0, 1000: 8.0}, "speed/waiting": {1: 0.5}})
        '1000 steps in 30 min: loss 0.05 (first 0.4), validation 29.90 dB (best 30.20 at step 500),
         8 samples/s, waiting for data 50 %'
    """
    steps = max((max(values) for values in metrics.values()), default=0)
    facts = []
    if losses := metrics.get("loss/total"):
        values = list(losses.values())
        facts.append(f"loss {values[-1]:.4g} (first {values[0]:.4g})")
    if scores := metrics.get("validation/psnr"):
        best = max(scores, key=lambda step: scores[step])
        last_step = max(scores)
        whether = "" if best == last_step else f" (best {scores[best]:.2f} at step {best})"
        facts.append(f"validation {scores[last_step]:.2f} dB{whether}")
    if gains := metrics.get("validation/gain"):
        facts.append(f"{gains[max(gains)]:+.2f} dB beside the mean of the references")
    if speeds := metrics.get("speed/samples_per_second"):
        facts.append(f"{_middle(speeds):.3g} samples/s")
    if waits := metrics.get("speed/waiting"):
        facts.append(f"waiting for data {100 * _middle(waits):.0f} %")
    hours = metrics.get("speed/hours", {})
    spent = f" in {_duration(3600 * max(hours.values()))}" if hours else ""
    return f"{steps} steps{spent}: " + (", ".join(facts) or "nothing recorded")


class SummaryWatch(Watcher):
    """Says in one line what came of the run, when training ends or is interrupted.

    Args:
        journal: see :class:`Watcher`.
        say: what is called with the line.
    """

    def __init__(self, journal: Journal, *, say: Callable[[str], None]) -> None:
        super().__init__(journal, every=1)
        self.say = say

    def is_due(self, step: int) -> bool:
        """Only at the end."""
        return False

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say it; the other watchers come first and have recorded the last steps."""
        self._say()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Say how far it came."""
        self._say()

    def _say(self) -> None:
        if self.journal.is_open:
            self.say(summarise(read_metrics(self.journal.folder)))


def _middle(values: dict[int, float]) -> float:
    """The median of what was recorded: the first steps are no measure of speed."""
    ordered = sorted(value for value in values.values() if math.isfinite(value))
    return ordered[len(ordered) // 2] if ordered else math.nan


def _duration(seconds: float) -> str:
    """Seconds, minutes or hours, in whole numbers.

    >>> _duration(42), _duration(1800), _duration(7500)
    ('42 s', '30 min', '2 h 05 min')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"

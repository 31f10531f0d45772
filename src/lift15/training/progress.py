"""How far a run is, and how long it will still take."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import lightning.pytorch as pl

from lift15.training.module import Training

LINE_EVERY = 60.0
"""Seconds between two lines where nobody watches a bar."""

RECENT = 51
"""Steps whose median time tells how long the rest will take: a save or a compilation among them
does not count."""


class Bar(Protocol):
    """What shows progress on a terminal."""

    def __call__(self, done: int, total: int, text: str) -> None:
        """Show so many steps of so many, and a remark."""
        ...


class Progress(pl.Callback):
    """Moves a bar, or says a line every minute.

    Args:
        bar: on a terminal; None without one.
        say: takes a line, where there is no bar.
    """

    def __init__(self, *, bar: Bar | None, say: Callable[[str], None]) -> None:
        self.bar = bar
        self.say = say
        self._times: deque[float] = deque(maxlen=RECENT)
        self._since = self._said = 0.0
        self._score = ""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self._since = self._said = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Show where the run is."""
        assert isinstance(pl_module, Training)
        if not trainer.is_global_zero or pl_module.last is None:
            return
        now = time.monotonic()
        taken = (now - self._since) * pl_module.plan.run.accumulate
        self._times.append(taken)
        self._since = now
        step, steps = trainer.global_step, pl_module.schedule.steps
        if self.bar is None and now - self._said < LINE_EVERY and step < steps:
            return
        loss = float(pl_module.last[2].total)
        text = f"loss {loss:.4f}{self._score}"
        if self.bar is not None:
            self.bar(step, steps, text)
            return
        self._said = now
        each = statistics.median(self._times)
        left = duration((steps - step) * each)
        self.say(f"step {step} of {steps}: {text}, {each:.2g} s per step, {left} left")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember the score; the time it took is no training time."""
        assert isinstance(pl_module, Training)
        self._since = time.monotonic()
        if summary := pl_module.scores.summary():
            self._score = f", validation {summary['psnr']:.2f} dB ({summary['gain']:+.2f})"


def duration(seconds: float) -> str:
    """A length of time as people say it.

    >>> duration(42), duration(600), duration(5400), duration(3 * 86400)
    ('42 s', '10 min', '1 h 30 min', '72 h 0 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

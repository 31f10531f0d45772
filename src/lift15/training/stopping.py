"""Ending a run between two steps: when it is done, when somebody asks, when its time is up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import lightning.pytorch as pl

from lift15.training.module import Training

ASKED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)
"""Ctrl-C, what a cluster sends before it takes a machine away, and what it may be told to send
some time before that."""


class Stopper(pl.Callback):
    """Has a run stop after the step that is being made, so that its state can be saved.

    Asked a second time by Ctrl-C it stops at once; the state saved last is what remains.

    Args:
        minutes: after which to stop; 0 for none.
    """

    def __init__(self, *, minutes: float = 0.0) -> None:
        self.minutes = minutes
        self._begun = time.monotonic()
        self._module: Training | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen, in the place of Lightning's own handlers, which would not wait for a step.

        Processes that load data are started later and take these handlers over: a Ctrl-C in a
        terminal reaches them as well, and must not kill them before the last step is made.
        """
        assert isinstance(pl_module, Training)
        self._module = pl_module
        if threading.current_thread() is threading.main_thread():
            for number in ASKED:
                signal.signal(number, self._ask)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Look at the clock."""
        if self.minutes and time.monotonic() - self._begun > 60 * self.minutes:
            assert self._module is not None
            self._module.stop = self._module.stop or "time"

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Stop, with a last validation if the run is done and without one if it is not."""
        assert isinstance(pl_module, Training)
        if trainer.global_step >= pl_module.schedule.steps:
            trainer.should_stop = True
        elif pl_module.stopping:
            pl_module.stop = pl_module.stop or "interrupted"
            trainer.should_stop = True
            trainer.limit_val_batches = 0

    def _ask(self, number: int, frame: FrameType | None) -> None:
        assert self._module is not None
        if self._module.stop == "interrupted" and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._module.stop = "interrupted"


@contextmanager
def own_signals() -> Iterator[None]:
    """Whatever is done to signals inside, afterwards they are what they were."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ASKED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

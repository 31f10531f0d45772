"""What the watchers of a run have in common."""

from __future__ import annotations

from typing import Any, Protocol

import lightning.pytorch as pl

from lift15.data.batch import Batch
from lift15.training.averaging import Average
from lift15.training.objective import Measured, Objective
from lift15.training.watching.journal import Journal
from vfiblocks import Interpolation, Interpolator


class Watched(Protocol):
    """What watchers read of the module that is trained.

    Attributes:
        model: the network itself.
        objective: what is minimised; its ``weights`` say how much each term counts at the moment.
        last: the batch of the last training step, what the model made of it, and what the
            objective found; detached. None before the first step.
        average: of the network's weights, to draw and validate with; None without one.
    """

    model: Interpolator
    objective: Objective
    last: tuple[Batch, Interpolation, Measured] | None
    average: Average | None


class Watcher(pl.Callback):
    """A callback that writes into the journal of its run, every so many steps.

    A subclass gathers what it wants in Lightning's hooks and defines :meth:`record`. Steps are
    those of the optimiser: with gradients accumulated over four batches, one step is four batches.

    Args:
        journal: shared by the watchers of a run; opened when training begins or goes on, in the
            first process only.
        every: steps between two records. The first step is recorded as well, and so is the last.
    """

    def __init__(self, journal: Journal, *, every: int) -> None:
        self.journal = journal
        self.every = every
        self._recorded = -1

    def gather(self, trainer: pl.Trainer, module: Any, batch: Batch) -> None:
        """Take note of a batch that has just been trained on; does nothing of its own."""

    def record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        """Write down what was gathered since the last time; does nothing of its own."""

    def is_due(self, step: int) -> bool:
        """Whether a step is one to record."""
        return step % self.every == 0 or step == 1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the journal where the run begins or goes on."""
        self._recorded = trainer.global_step
        if trainer.is_global_zero:
            self.journal.open(step=trainer.global_step)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Gather, and record if it is time."""
        self.gather(trainer, pl_module, batch)
        step = trainer.global_step
        if step != self._recorded and self.is_due(step):
            self._record(trainer, pl_module, step)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Record what came after the last record, if the run is done.

        One that is interrupted has it in its checkpoint, and will record it when it goes on, just
        as if it had not been interrupted.
        """
        step = trainer.global_step
        if step != self._recorded and step >= trainer.max_steps:
            self._record(trainer, pl_module, step)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Close the journal, also after an error or an interruption."""
        self.journal.close()

    def _record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        self._recorded = step
        self.record(trainer, module, step)

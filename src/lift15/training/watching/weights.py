"""How much each frame contributes."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch

from lift15.data.batch import Batch
from lift15.training.watching.alpha_map import alpha_name, draw_alphas, frame_ranks
from lift15.training.watching.base import Watcher
from lift15.training.watching.journal import Journal, write_image
from lift15.training.watching.means import Means
from lift15.training.watching.metrics_file import read_metrics


class AlphaWatch(Watcher):
    """Records the aggregator's weight of every frame, averaged over samples that have the frame.

    ``alphas/left-1`` is the reference before the target, ``alphas/left-2`` the frame before that,
    ``alphas/right-1`` the reference after it. ``alphas.png`` in the run folder shows them all over
    the steps of the run. A model without an aggregator has nothing to record.

    Args:
        journal: see :class:`Watcher`.
        every: likewise.
        draw_every: steps between two pictures.
    """

    def __init__(self, journal: Journal, *, every: int, draw_every: int) -> None:
        super().__init__(journal, every=every)
        self.draw_every = draw_every
        self._drawn = -1
        self._means = Means()

    def gather(self, trainer: pl.Trainer, module: Any, batch: Batch) -> None:
        """See :class:`Watcher`."""
        if module.last is None or module.last[1].context is None:
            return
        batch, weights = module.last[0], module.last[1].context.weights.float()
        valid = batch.valid.to(weights.device)
        there = valid.sum(dim=0).float()
        mean = torch.where(valid, weights, 0.0).sum(dim=0) / there.clamp_min(1.0)
        self._means.add([alpha_name(rank) for rank in frame_ranks(batch.window)], mean, there)

    def record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        """See :class:`Watcher`."""
        means = self._means.take()
        if means:
            self.journal.numbers(step, means)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Gather, record and draw what it is time for."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if trainer.global_step and trainer.global_step % self.draw_every == 0:
            self._draw(trainer.global_step)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Record and draw what came last."""
        super().on_train_end(trainer, pl_module)
        self._draw(trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return self._means.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._means.load_state_dict(state_dict)

    def _draw(self, step: int) -> None:
        if not self.journal.is_open or self._drawn == step:
            return
        self._drawn = step
        with self.journal.aside():
            picture = draw_alphas(read_metrics(self.journal.folder))
            if picture is not None:
                write_image(self.journal.folder / "alphas.png", picture)
                self.journal.show(step, "alphas", picture)

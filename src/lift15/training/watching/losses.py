"""What is minimised, term by term, and what is validated."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch

from lift15.data.batch import Batch
from lift15.training.watching.base import Watcher
from lift15.training.watching.journal import Journal
from lift15.training.watching.means import Means

VALIDATION = "validation/"


class LossWatch(Watcher):
    """Records the total and every term, averaged over the batches since the last record.

    ``loss/total`` is what is minimised, ``loss/<term>`` what a term contributes to it, and
    ``raw/<term>`` the term before it is weighed. Parts of a term, such as ``rife/student``, have
    no weight of their own. In a run of several processes the numbers are the first one's.
    """

    def __init__(self, journal: Journal, *, every: int) -> None:
        super().__init__(journal, every=every)
        self._means = Means()
        self._objective: Any = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keep the objective of this step: after it, the module may have come to the next phase."""
        self._objective = pl_module.objective

    def gather(self, trainer: pl.Trainer, module: Any, batch: Batch) -> None:
        """See :class:`Watcher`."""
        if module.last is None:
            return
        measured, weights = module.last[2], self._objective.weights
        total = measured.total.detach().float()
        raw = {name: value.detach().float() for name, value in measured.terms.items()}
        values = {"loss/total": total}
        values |= {f"loss/{name}": weights[name] * raw[name] for name in raw if name in weights}
        values |= {f"raw/{name}": value for name, value in raw.items()}
        self._means.add(tuple(values), torch.stack(list(values.values())))

    def record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        """See :class:`Watcher`."""
        self.journal.numbers(step, self._means.take())

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return self._means.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._means.load_state_dict(state_dict)


class ValidationWatch(Watcher):
    """Records what the module logs as ``validation/<name>``, at each validation."""

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over the numbers; those of the check before training are left alone."""
        if not trainer.sanity_checking:
            values = {
                name: float(value)
                for name, value in trainer.callback_metrics.items()
                if name.startswith(VALIDATION)
            }
            self.journal.numbers(trainer.global_step, values)

"""The same few samples, drawn again and again while the model learns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields, replace
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor, nn

from lift15.data.batch import Batch
from lift15.training.watching.base import Watcher
from lift15.training.watching.journal import Journal
from lift15.training.watching.sheet import draw_sample
from vfiblocks import Interpolation


class PictureWatch(Watcher):
    """Draws samples with all that a model says of them, before training and every so many steps.

    The model draws with its averaged weights if the module keeps an average. Training is not
    disturbed: no random number is drawn and every part is left in the mode it was in.

    Args:
        journal: see :class:`Watcher`. The first sample after 500 steps becomes
            ``pictures/sample-0/step-00000500.jpg``.
        every: steps between two pictures of a sample.
        samples: gives the batches to draw from, in a fixed order; None takes the validation data
            of the trainer.
        count: how many samples, the first ones.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        every: int,
        samples: Callable[[], Iterable[Batch]] | None = None,
        count: int = 4,
    ) -> None:
        super().__init__(journal, every=every)
        self.count = count
        self._samples = samples
        self._batches: list[Batch] | None = None
        self._validated = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw what an untrained model makes; a run that goes on has drawn that before."""
        super().on_train_start(trainer, pl_module)
        if trainer.global_step == 0:
            self.record(trainer, pl_module, 0)

    def is_due(self, step: int) -> bool:
        """See :class:`Watcher`; the first step looks like the picture before it."""
        return step % self.every == 0

    def record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        """Draw all samples. Every process reaches this; the first one draws."""
        if not self.journal.is_open or isinstance(trainer.strategy, FSDPStrategy):
            return  # no process has whole weights to call the model with outside of validation
        if self._batches is None:
            source = self._samples() if self._samples is not None else validation_batches(trainer)
            self._batches = first_samples(source, self.count)
        number = 0
        for batch in self._batches:
            moved = batch.to(module.device)
            with self.journal.aside():
                with evaluating(module):
                    result = module.model.forward(moved.inputs(), moved.window, moved.valid)
                number = self._draw(step, result, moved, number)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """With weights shared out over processes, draw what validation made instead."""
        if isinstance(trainer.strategy, FSDPStrategy) and self.journal.is_open:
            self._validated = 0 if batch_idx == 0 else self._validated
            if self._validated < self.count:
                self._validated = self._draw(trainer.global_step, outputs, batch, self._validated)

    def _draw(self, step: int, result: Interpolation, batch: Batch, number: int) -> int:
        """Draw samples of a batch from the given number on; the number of the next."""
        for index in range(min(len(batch), self.count - number)):
            picture = draw_sample(result, batch, index=index, title=f"step {step}")
            self.journal.picture(step, f"sample-{number + index}", picture)
        return number + min(len(batch), self.count - number)


def first_samples(batches: Iterable[Batch], count: int) -> list[Batch]:
    """The first samples of some batches, as batches of their own.

    Args:
        batches: in a fixed order.
        count: how many samples; fewer if there are no more.
    """
    found: list[Batch] = []
    for batch in batches:
        if count <= 0:
            break
        found.append(_head(batch, count))
        count -= len(found[-1])
    return found


def validation_batches(trainer: pl.Trainer) -> Iterator[Batch]:
    """The trainer's validation data, loaded anew; nothing if it has none."""
    loaders = trainer.val_dataloaders
    if loaders is None and getattr(trainer, "datamodule", None) is not None:
        loaders = trainer.datamodule.val_dataloader()  # type: ignore[attr-defined]
    for loader in loaders if isinstance(loaders, list | tuple) else [loaders]:
        if loader is not None:
            yield from loader


@contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """Averaged weights, ``eval()`` and no gradients for a while; then all as it was before."""
    parts: list[nn.Module] = list(module.modules())
    modes = [part.training for part in parts]
    average = module.average
    with torch.no_grad(), nullcontext() if average is None else average.in_place():
        module.eval()
        try:
            yield
        finally:
            for part, training in zip(parts, modes, strict=True):
                part.training = training


def _head(batch: Batch, count: int) -> Batch:
    """The first samples of a batch."""
    cut: dict[str, Any] = {"names": batch.names[:count]}
    for field in fields(batch):
        value = getattr(batch, field.name)
        if isinstance(value, Tensor):
            cut[field.name] = value[:count]
    return replace(batch, **cut)

"""What is kept of a run while it goes on: states, the weights for use, the manifest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl

from lift15.training.atomic import give_name
from lift15.training.module import Training
from lift15.training.run_folder import RunFolder
from lift15.training.sharding import Weights
from lift15.training.state import collect, network, write_state
from vfiblocks import ModelSpec, dry_run, save


class Averaging(pl.Callback):
    """Has the module's averaged weights follow training, and be what is validated.

    It comes first among the callbacks, so that the others see averaged weights during validation
    only.
    """

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Follow, once per step of the optimizer."""
        average = _module(pl_module).average
        if average is not None and trainer.global_step > average.updates:
            average.update()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Averaged weights in."""
        if (average := _module(pl_module).average) is not None:
            average.swap()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """And out."""
        if (average := _module(pl_module).average) is not None:
            Weights.of(trainer).forget()
            average.swap()


class Keeper(pl.Callback):
    """Saves ``last`` every so many steps and minutes, and ``best`` when validation says so.

    A state is never saved while the losses look bad: the last good one must survive a run that
    diverges. Where a step is followed by validation, it is saved after that, so that a run resumed
    there has not missed it.

    Args:
        run: where to.
        spec: of the model.
    """

    def __init__(self, run: RunFolder, spec: ModelSpec) -> None:
        self.run = run
        self.spec = spec
        self.best: dict[str, float] = {}
        self.seconds = 0.0
        self.saved = -1
        self._since = self._saved_at = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clocks."""
        self._since = self._saved_at = time.monotonic()
        self.saved = trainer.global_step if trainer.global_step else -1
        if self.saved >= 0:
            _module(pl_module).kept = str(self.run.last)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Ask for a save when the minutes are over; all processes then agree on it."""
        module, minutes = _module(pl_module), _module(pl_module).plan.run.save_minutes
        module.asks_to_save = bool(minutes) and time.monotonic() - self._saved_at > 60 * minutes

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Save if it is time and no validation follows."""
        module = _module(pl_module)
        if not validates_after(trainer, module) and self._is_due(trainer, module):
            self.save_last(trainer, module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the best, and the last if it is time."""
        module = _module(pl_module)
        score = module.scores.summary()
        better = bool(score) and score["psnr"] > self.best.get("psnr", float("-inf"))
        if better:
            self.best = {**score, "step": float(trainer.global_step)}
        if better or self._is_due(trainer, module):
            self.save_last(trainer, module, best=better)

    def save_last(self, trainer: pl.Trainer, module: Training, *, best: bool = False) -> None:
        """Save where the run is; every process calls, the first one writes.

        Raises:
            TrainingError: it cannot be written.
        """
        step = trainer.global_step
        state = collect(trainer, module)
        if trainer.is_global_zero:
            write_state(self.run.last, state)
            if best:
                give_name(self.run.last, self.run.best)
            if best or not self.best:
                weights = state.get("average") or network(state["state_dict"])
                save_for_use(self.run, self.spec, weights, self._facts(step, module))
            self.run.note(
                step=step,
                steps=module.schedule.steps,
                best=self.best,
                seconds=round(self.elapsed(), 1),
            )
        self.saved, self._saved_at = step, time.monotonic()
        module.kept = str(self.run.last)

    def elapsed(self) -> float:
        """Seconds trained so far, of all sessions."""
        return self.seconds + time.monotonic() - self._since

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"best": self.best, "seconds": self.elapsed()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.best, self.seconds = dict(state_dict["best"]), float(state_dict["seconds"])

    def _is_due(self, trainer: pl.Trainer, module: Training) -> bool:
        step, run = trainer.global_step, module.plan.run
        if step == self.saved or _amid_a_step(trainer, module):
            return False
        if step >= module.schedule.steps:
            return True
        if module.gauge.suspicious:
            return False
        return step % run.save_every == 0 or module.saving or module.stopping

    def _facts(self, step: int, module: Training) -> Mapping[str, str]:
        data = module.plan.data
        score = {f"validation {k}": f"{v:.4f}" for k, v in self.best.items() if k != "step"}
        return {
            "trained": f"{step} of {module.schedule.steps} steps, plan {module.plan.fingerprint}",
            "data": "; ".join(data.train),
            "weights": "averaged" if module.average is not None else "as trained",
            **score,
        }


def save_for_use(
    run: RunFolder, spec: ModelSpec, weights: Mapping[str, Any], facts: Mapping[str, str]
) -> None:
    """Write the weights with their spec, for :func:`vfiblocks.load` and `vfi interpolate`."""
    model = dry_run(spec)
    model.load_state_dict(dict(weights), assign=True)
    save(model, run.model, facts=facts)


def validates_after(trainer: pl.Trainer, module: Training) -> bool:
    """Whether validation follows the step just made."""
    step, every = trainer.global_step, module.plan.run.validate_every
    if not trainer.enable_validation or _amid_a_step(trainer, module):
        return False
    return step >= module.schedule.steps or bool(every and step % every == 0)


def _amid_a_step(trainer: pl.Trainer, module: Training) -> bool:
    """Whether gradients are being gathered for a step that is not made yet."""
    done = trainer.fit_loop.epoch_loop.batch_progress.current.ready
    return done % module.plan.run.accumulate != 0


def _module(module: pl.LightningModule) -> Training:
    assert isinstance(module, Training)
    return module

"""One training step and one validation step, in Lightning's terms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn, cast

import lightning.pytorch as pl
import torch
import torch.distributed
from torch import Tensor

from lift15.data.batch import Batch
from lift15.training.averaging import Average
from lift15.training.chance import reseed
from lift15.training.divergence import OVERFLOWS, Gauge, diverged
from lift15.training.groups import Groups, named_parameters
from lift15.training.objective import Measured, build_objective
from lift15.training.phases import Schedule
from lift15.training.plan import TrainPlan
from lift15.training.scores import Scores
from vfiblocks import Interpolation, Interpolator

NOTHING_KEPT = "none, nothing had been saved yet"


class Training(pl.LightningModule):
    """A model with what it is trained by.

    Args:
        model: what is trained.
        plan: how.
        schedule: for how long.
        filled: names of the parameters that were filled from a file.

    Attributes:
        model: the network itself.
        objective: what is minimised.
        groups: which parameters share a learning rate.
        last: the batch of the last training step, what the model made of it, and what the
            objective found; detached. None before the first step.
        scores: of the validation going on, or of the last one.
        gauge: looks at the losses.
        average: of the network's weights, once training begins; None without one.
        stop: why training is to stop after this step; None to go on.
        asks_to_save: whether this process wants the state saved after this step.
        stopping: whether any process wants to stop; all agree on it.
        saving: whether any process wants to save; likewise.
        kept: the file with the last good state, for messages.
    """

    def __init__(
        self,
        model: Interpolator,
        plan: TrainPlan,
        schedule: Schedule,
        *,
        filled: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__()
        self.plan = plan
        self.schedule = schedule
        self.model = model
        self.objective = build_objective(plan.loss, model)
        self.groups = Groups(named_parameters(model, self.objective), schedule, filled=filled)
        self.average: Average | None = None
        self.last: tuple[Batch, Interpolation, Measured] | None = None
        self.scores = Scores()
        self.gauge = Gauge(factor=plan.run.diverged_factor, steps=plan.run.diverged_steps)
        self.stop: str | None = None
        self.asks_to_save = False
        self.stopping = self.saving = False
        self.kept = NOTHING_KEPT
        self._loss: Tensor | None = None
        self._seen: list[Measured] = []
        self._names: list[str] = []
        self._overflows = 0

    def on_fit_start(self) -> None:
        """Begin an average with the weights as they are; one that is restored comes later."""
        keep = self.plan.run.ema
        self.average = Average(self.model, keep=keep) if keep else None

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW over the parameters in their groups."""
        plan = self.plan.optimizer
        named = named_parameters(self.model, self.objective)
        return torch.optim.AdamW(
            self.groups.options(named, plan), lr=plan.lr, betas=plan.betas, eps=plan.eps
        )

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rates, and what stands still, of the step that begins."""
        step = self.global_step
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.plan.optimizer.lr * self.groups.rate(group["key"], step)
        if self.trainer.world_size == 1:
            # Saves work and memory. Several processes agreed on what has gradients at the start.
            frozen = self.groups.frozen(step)
            for name, parameter in self.model.named_parameters():
                if name in self.groups.filled:
                    parameter.requires_grad_(name not in frozen)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """What is minimised, for one batch."""
        run = self.plan.run
        reseed(run.seed, self.global_step, batch_idx % run.accumulate, self.global_rank)
        result = self.model(batch.inputs(), batch.window, batch.valid)
        # Losses are fine differences: they are taken in float32 whatever the model computes in.
        with torch.autocast(self.device.type, enabled=False):
            result = in_float32(result)
            objective = self.objective.at(min(1.0, self.global_step / self.schedule.steps))
            measured = objective(result, batch.truth(), batch.window)
        self.last = (batch, _detached(result), _detached(measured))
        self._seen.append(self.last[2])
        self._names.extend(batch.names)
        loss = measured.total.detach() / run.accumulate
        self._loss = loss if self._loss is None else self._loss + loss
        return cast(Tensor, measured.total)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Drop the gradients of what stands still; where it has none, nothing happens."""
        for name in self.groups.frozen(self.global_step):
            self.model.get_parameter(name).grad = None

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip, and look at loss and gradient before they reach the weights."""
        norm = self._clip()
        assert self._loss is not None
        wishes = [float(self.stop is not None), float(self.asks_to_save)]
        facts = torch.stack((self._loss.to(norm.dtype), norm, *norm.new_tensor(wishes)))
        if (processes := self.trainer.world_size) > 1:
            facts = cast(Tensor, self.trainer.strategy.reduce(facts, reduce_op="sum"))
        loss, size, stops, saves = facts.tolist()
        loss, size = loss / processes, size / processes
        self.stopping, self.saving = stops > 0, saves > 0
        seen, names = self._seen, self._names
        self._loss, self._seen, self._names = None, [], []
        self._look(loss, size, seen, names)

    def validation_step(  # type: ignore[override]  # handed to callbacks, nobody else
        self, batch: Batch, batch_idx: int
    ) -> Interpolation:
        """Compare the model's pictures, and the mean of the references, with the truth."""
        result = self.model.forward(batch.inputs(), batch.window, batch.valid)
        result = in_float32(result)
        self.scores.add(batch, result)
        return result

    def on_validation_epoch_start(self) -> None:
        """Begin anew."""
        self.scores = Scores()

    def on_validation_epoch_end(self) -> None:
        """Put the scores of all processes together; every one then knows the same numbers."""
        self.scores.gather(self.trainer.world_size)
        for name, value in self.scores.summary().items():
            self.log(f"validation/{name}", value, rank_zero_only=False)

    def _look(self, loss: float, size: float, seen: list[Measured], names: list[str]) -> None:
        """Raise if this step, or a run of steps up to it, shows that nothing good will come.

        All processes have the same loss and size, so that all of them come to the same end.
        """
        if not math.isfinite(loss):
            self._give_up(_bad_term(seen), names)
        if not math.isfinite(size):
            self._overflows += 1
            if self.plan.run.precision != "float16" or self._overflows >= OVERFLOWS:
                where = ", ".join(self._bad_gradients()[:3])
                what = f"the gradient of {where} is not finite, though the loss is {loss:.4g}"
                self._give_up(what, names)
            return  # the scaler leaves this step out and halves its scale
        self._overflows = 0
        if (wrong := self.gauge.add(loss)) is not None:
            self._give_up(f"the loss {wrong}", names)

    def _give_up(self, what: str | None, names: list[str]) -> NoReturn:
        """Say what was found, in whichever process, and where."""
        found = [(what, names)]
        if (processes := self.trainer.world_size) > 1:
            found = [(None, [])] * processes
            torch.distributed.all_gather_object(found, (what, names))
        culprit = next((each for each in found if each[0] is not None), ("unknown", names))
        raise diverged(self.global_step, str(culprit[0]), culprit[1], kept=self.kept)

    def _bad_gradients(self) -> list[str]:
        named = named_parameters(self.model, self.objective)
        return [n for n, p in named.items() if p.grad is not None and not p.grad.isfinite().all()]

    def _clip(self) -> Tensor:
        """Norm of the whole gradient before clipping."""
        limit = self.plan.optimizer.clip or float("inf")
        shared = getattr(self.trainer.model, "clip_grad_norm_", None)
        if shared is not None:  # FSDP: each process holds a part of every gradient
            return cast(Tensor, shared(limit))
        parameters = [p for p in self.parameters() if p.grad is not None]
        return torch.nn.utils.clip_grad_norm_(parameters, limit)


def in_float32(result: Interpolation) -> Interpolation:
    """A result with every floating tensor in float32 at least.

    >>> from vfiblocks import build_model
    >>> model = build_model("lift15-tiny").to(torch.bfloat16)
    >>> half = model(torch.rand(1, 14, 3, 32, 32).bfloat16())
    >>> half.image.dtype, in_float32(half).motion.coarser[0].flow.dtype
    (torch.bfloat16, torch.float32)
    """
    return cast(Interpolation, _each(result, _widened))


def _bad_term(seen: list[Measured]) -> str | None:
    """Which term was no number, and what it was instead; None if all were."""
    for measured in seen:
        if (term := measured.first_bad()) is not None:
            value = {**measured.terms, "total": measured.total}[term]
            return f"the loss term {term} is {float(value):g}"
    return None


def _widened(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _detached(state: Any) -> Any:
    return _each(state, Tensor.detach)


def _each(state: Any, change: Any) -> Any:
    """The same nest of named tuples, tuples and mappings with every tensor changed."""
    if isinstance(state, Tensor):
        return change(state)
    if isinstance(state, tuple) and hasattr(state, "_make"):
        return type(state)._make(_each(value, change) for value in state)
    if isinstance(state, tuple):
        return tuple(_each(value, change) for value in state)
    if isinstance(state, Mapping):
        return {key: _each(value, change) for key, value in state.items()}
    return state

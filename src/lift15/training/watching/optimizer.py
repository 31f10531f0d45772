"""What the optimiser is given: learning rates and gradients."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from lift15.training.watching.base import Watcher
from lift15.training.watching.journal import Journal
from lift15.training.watching.means import Means

UNNAMED = "all"
"""How the rate is recorded of parameters that no phase speaks of."""

OBJECTIVE = "objective"
"""Where the gradients are recorded of parameters beside the model's, such as RIFE's teacher."""


class OptimizerWatch(Watcher):
    """Records learning rates, and gradient norms as they are before they are clipped.

    ``rate/<key>`` is the learning rate that the recorded step was made with, by the ``key`` of the
    parameter groups. ``gradient/norm`` is the norm over all parameters, averaged since the last
    record, ``gradient/largest`` the largest meanwhile, and ``gradient/<stage>`` that of one stage
    of the model: a stage that learns nothing shows there first.
    """

    def __init__(self, journal: Journal, *, every: int) -> None:
        super().__init__(journal, every=every)
        self._means = Means()
        self._largest: Tensor | None = None
        self._rates: dict[str, float] = {}

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Measure; Lightning has undone the scaling of half precision here, and clips later."""
        self._rates = {
            f"rate/{group.get('key') or UNNAMED}": float(group["lr"])
            for group in optimizer.param_groups
        }
        norms = stage_norms(pl_module)
        names = tuple(f"gradient/{stage}" for stage in norms)
        parts = torch.stack(list(norms.values()))
        if isinstance(trainer.strategy, FSDPStrategy):  # each process has a part of every gradient
            parts = trainer.strategy.reduce(parts.square(), reduce_op="sum").sqrt()
        whole = torch.linalg.vector_norm(parts)
        self._means.add(("gradient/norm", *names), torch.cat((whole[None], parts)))
        before = whole if self._largest is None else self._largest.to(whole.device)
        self._largest = before.maximum(whole)

    def record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        """See :class:`Watcher`."""
        values = self._means.take()
        if self._largest is not None:
            values["gradient/largest"] = float(self._largest)
            self._largest = None
        self.journal.numbers(step, values | self._rates)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"means": self._means.state_dict(), "largest": self._largest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._means.load_state_dict(state_dict["means"])
        self._largest = state_dict["largest"]


def stage_norms(module: Any) -> dict[str, Tensor]:
    """The norm of the gradient of each stage that has parameters, and of what is beside the model.

    Args:
        module: a Lightning module with the network as its ``model``.
    """
    gradients: dict[str, list[Tensor]] = {}
    for name, parameter in module.named_parameters():
        words = [word for word in name.split(".") if word != "_fsdp_wrapped_module"]
        stage = words[1] if words[0] == "model" else OBJECTIVE
        kept = gradients.setdefault(stage, [])
        if parameter.grad is not None:
            kept.append(parameter.grad)
    nothing = torch.zeros((), device=module.device)
    return {
        stage: get_total_norm(kept).detach().float() if kept else nothing
        for stage, kept in gradients.items()
    }

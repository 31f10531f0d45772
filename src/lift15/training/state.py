"""Everything that a run goes on from, as one nest of plain values and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from lift15.training.atomic import write_whole
from lift15.training.module import Training
from lift15.training.sharding import Weights
from vfiblocks.errors import CheckpointError

FORMAT = 1
NETWORK = "model."
"""What names of the network's tensors begin with among those of the module."""


def collect(trainer: pl.Trainer, module: Training) -> dict[str, Any]:
    """The state as it is; called in every process, whole in the first.

    ``state_dict`` and ``optimizer_states`` have the names that Lightning gives them.
    """
    weights = Weights.of(trainer)
    state: dict[str, Any] = {
        "format": FORMAT,
        "step": trainer.global_step,
        "state_dict": _trained(weights.model(module), module),
        "optimizer_states": [weights.optimizer(module, each) for each in trainer.optimizers],
        "scaler": trainer.precision_plugin.state_dict(),
        "gauge": module.gauge.state_dict(),
        "watchers": {
            each.state_key: found
            for each in trainer.callbacks  # type: ignore[attr-defined]
            if (found := each.state_dict())
        },
    }
    if module.average is not None:
        with module.average.in_place():
            # copies, where the weights are the model's own and about to be put back
            averaged = {n: t.clone() for n, t in network(weights.model(module)).items()}
        state["average"] = averaged
        state["updates"] = module.average.updates
    return state


def network(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the network alone, by its own names."""
    return {n.removeprefix(NETWORK): t for n, t in state.items() if n.startswith(NETWORK)}


def restore(state: Mapping[str, Any], trainer: pl.Trainer, module: Training) -> None:
    """Put a state back, once Lightning has set everything up; called in every process."""
    weights = Weights.of(trainer)
    if module.average is not None:
        averaged = {NETWORK + name: tensor for name, tensor in state["average"].items()}
        weights.load_model(module, {**state["state_dict"], **averaged})
        module.average.adopt(updates=int(state["updates"]))
    weights.load_model(module, state["state_dict"])
    for optimizer, kept in zip(trainer.optimizers, state["optimizer_states"], strict=True):
        weights.load_optimizer(module, optimizer, kept)
    if state["scaler"]:
        trainer.precision_plugin.load_state_dict(state["scaler"])
    module.gauge.load_state_dict(state["gauge"])
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if callback.state_key in state["watchers"]:
            callback.load_state_dict(state["watchers"][callback.state_key])


def count_from(trainer: pl.Trainer, step: int, *, accumulate: int) -> None:
    """Have a trainer that has not begun count on from a step.

    Where a run goes on is a step between two batches, and all that Lightning needs to know of it is
    the numbers. Its own way of resuming in the middle of an epoch differs between versions.
    """
    loop = trainer.fit_loop.epoch_loop
    steps = loop.automatic_optimization.optim_progress.optimizer.step.total
    steps.ready = steps.completed = step
    batches: Any = loop.batch_progress.total
    batches.ready = batches.started = batches.processed = batches.completed = step * accumulate
    loop._batches_that_stepped = step


def write_state(path: Path, state: Mapping[str, Any]) -> Path:
    """Write a state, whole or not at all.

    Raises:
        TrainingError: it cannot be written; an earlier file is as it was.
    """
    return write_whole(path, lambda file: torch.save(dict(state), file))


def read_state(path: Path) -> dict[str, Any]:
    """Read a state; nothing in the file is run.

    Raises:
        CheckpointError: it is not there, damaged, or something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    except (RuntimeError, UnpicklingError, EOFError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path} is damaged or no state of a run: {reason}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is no state of a run that this version can read (format {FORMAT})"
        )
    return state


def _trained(state: Mapping[str, Tensor], module: Training) -> dict[str, Tensor]:
    """Without the weights of networks that only judge, which are files of their own."""
    still = {name for name, p in module.objective.named_parameters() if not p.requires_grad}
    return {n: t for n, t in state.items() if n.removeprefix("objective.") not in still}

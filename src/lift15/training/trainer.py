"""Lightning's trainer for a plan, and a model made ready for it."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import lightning.pytorch as pl
import torch

from lift15.training.module import Training
from lift15.training.plan import RunPlan, TrainPlan
from lift15.training.saving_memory import compute_again
from vfiblocks.errors import TrainingError

PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
"""What Lightning calls them."""


def make_ready(module: Training, run: RunPlan) -> None:
    """Have the model computed in the way that the plan asks for; its weights stay what they are."""
    compute_again(module.model, run.checkpointing)
    if run.channels_last:
        module.model.to(memory_format=torch.channels_last)
    if run.compile:
        module.model.compile()


def make_trainer(plan: TrainPlan, callbacks: Sequence[pl.Callback], *, steps: int) -> pl.Trainer:
    """Lightning's trainer for a plan.

    Args:
        plan: of the run.
        callbacks: in the order in which they are called.
        steps: after which it ends.
    """
    run, every = plan.run, plan.run.validate_every or steps
    device, precision = device_of(run), PRECISIONS[run.precision]
    computing: dict[str, Any] = {"strategy": _strategy(run, device), "precision": precision}
    plugins = _plugins()
    if run.strategy == "fsdp":
        from lift15.training.fsdp import shared_out

        strategy, plugin = shared_out(precision)
        computing, plugins = {"strategy": strategy}, [*plugins, plugin]
    return pl.Trainer(
        accelerator=device,
        devices=run.devices,
        num_nodes=run.nodes,
        max_steps=steps,
        accumulate_grad_batches=run.accumulate,
        val_check_interval=every * run.accumulate,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        plugins=plugins,
        **computing,
    )


def device_of(run: RunPlan) -> str:
    """Kind of device: "cpu", "cuda", ...

    Raises:
        TrainingError: it is not there, or not so often.
    """
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if run.device == "cpu" or (run.device == "auto" and not there):
        return "cpu"
    if run.device not in ("auto", "cuda"):
        raise TrainingError(f"run.device is auto, cpu or cuda, got {run.device!r}")
    if run.devices > there:
        raise TrainingError(
            f"run.devices={run.devices}, but this machine has {there} GPUs that torch can use"
        )
    return "cuda"


def check_machine(run: RunPlan) -> None:
    """Refuse what the device at hand cannot do.

    Raises:
        TrainingError: naming what the plan has to say instead.
    """
    if device_of(run) == "cpu":
        if run.precision == "float16":
            raise TrainingError(
                "float16 trains on a GPU only; on a CPU, run.precision is float32 or bfloat16"
            )
        if run.strategy == "fsdp":
            raise TrainingError(
                "fsdp shares the weights out over GPUs; on a CPU, run.strategy is ddp"
            )


def _strategy(run: RunPlan, device: str) -> Any:
    from lightning.pytorch.strategies import DDPStrategy

    if run.devices * run.nodes == 1 and run.strategy == "auto":
        return "auto"
    return DDPStrategy(
        timeout=timedelta(minutes=run.timeout_minutes),
        process_group_backend="gloo" if device == "cpu" else None,
    )


def _plugins() -> list[Any]:
    """No requeueing by Lightning: it would save and resume in its own way."""
    from lightning.fabric.plugins.environments import SLURMEnvironment

    return [SLURMEnvironment(auto_requeue=False)] if SLURMEnvironment.detect() else []


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what Lightning says to people who write their own loops."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)

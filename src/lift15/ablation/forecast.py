"""What an ablation would be: its variants with their sizes, and how long it would take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lift15.ablation.grid import Arm
from lift15.ablation.plan import AblationPlan
from lift15.ablation.runner import SIZE, ledger_of
from vfiblocks.ledger import amount

STEPS = 2
"""That are made and measured; the faster one counts, for the first one finds its memory."""


@dataclass(frozen=True)
class Forecast:
    """One variant before it is trained.

    Attributes:
        name: of the variant.
        title: a few words.
        frames: how many it reads.
        parameters: how many.
        macs: multiply-accumulates by size of the frames.
        steps: of one run.
        seconds: of one run, without validation; None if not measured.
        notes: what was adapted, and what starting found.
    """

    name: str
    title: str
    frames: int
    parameters: int
    macs: Mapping[tuple[int, int], int | None]
    steps: int
    seconds: float | None
    notes: tuple[str, ...]


def forecast(arm: Arm, *, measure: bool = True) -> Forecast:
    """Do all that a run does before it trains, make two steps of each phase, and keep nothing.

    Args:
        arm: of the ablation.
        measure: make steps; without, data are opened and counted only.

    Raises:
        VfiError: whatever is wrong with the plan or its data.
    """
    from lift15.training.fit import prepare  # imports Lightning
    from lift15.training.saving_memory import compute_again

    notes: list[str] = []
    module, feed = prepare(arm.plan, say=notes.append)
    crop = arm.plan.data.augmentation.crop
    sizes = [(crop[0], crop[1]), SIZE] if crop else [SIZE]
    ledgers = {size: ledger_of(arm.spec, size) for size in sizes}
    seconds = None
    if measure:
        seconds = 0.0
        compute_again(module.model, arm.plan.run.checkpointing)
        known: list[tuple[Any, float]] = []
        for stretch in feed.schedule.stretches:
            kind = (stretch.phase.batch, dict(stretch.phase.data))
            each = next((taken for other, taken in known if other == kind), None)
            if each is None:
                each = _seconds_per_step(module, feed, stretch)
                known.append((kind, each))
            seconds += each * (stretch.stop - stretch.start)
    return Forecast(
        arm.name,
        arm.title,
        len(arm.spec.window) if arm.spec.aggregator is not None else 2,
        ledgers[SIZE].parameters,
        {size: ledger.macs for size, ledger in ledgers.items()},
        feed.schedule.steps,
        seconds,
        (*arm.notes, *notes),
    )


def table(
    plan: AblationPlan, forecasts: list[Forecast], *, jobs: int
) -> tuple[tuple[str, ...], list[tuple[str, ...]], list[str]]:
    """Headings, rows and remarks."""
    sizes = list(dict.fromkeys(size for each in forecasts for size in each.macs))
    head = (
        "variant",
        "what",
        "frames",
        "parameters",
        *(f"MACs at {height}x{width}" for height, width in sizes),
        "steps",
        "time per run",
    )
    rows = [
        (
            each.name,
            each.title,
            str(each.frames),
            f"{each.parameters:,}",
            *(amount(each.macs.get(size)) for size in sizes),
            f"{each.steps:,}",
            _time(each.seconds),
        )
        for each in forecasts
    ]
    runs = len(forecasts) * len(plan.seeds)
    remarks = [
        f"{runs} runs: {len(forecasts)} variants, seeds {', '.join(map(str, plan.seeds))}; "
        f"{jobs} at a time",
        f"compared with: {plan.reference}",
        "evaluations: " + ", ".join(plan.evaluations),
    ]
    known = [each.seconds for each in forecasts if each.seconds is not None]
    if len(known) == len(forecasts):
        total = sum(known) * len(plan.seeds) / jobs
        remarks.append(f"training takes about {_time(total)} in all, without validation")
    else:
        remarks.append("time is not measured; leave out --no-measure")
    remarks += [f"{each.name}: {note}" for each in forecasts for note in each.notes]
    return head, rows, remarks


def _seconds_per_step(module: Any, feed: Any, stretch: Any) -> float:
    from lift15.training.module import Training
    from lift15.training.trainer import make_ready, make_trainer, quiet

    plan = module.plan
    alone = replace(plan, run=replace(plan.run, devices=1, nodes=1, strategy="auto"))
    clock = _clock()
    with quiet():
        trainer = make_trainer(alone, [clock], steps=STEPS)
        trainer.limit_val_batches = 0
        fresh = Training(module.model, alone, feed.schedule, filled=module.groups.filled)
        make_ready(fresh, replace(alone.run, checkpointing=()))
        trainer.fit(fresh, _Head(feed, stretch))
    taken: list[float] = clock.steps
    return min(taken)


class _Head:
    """The first batches of a phase; made beforehand, so that drawing them is not measured."""

    def __init__(self, feed: Any, stretch: Any) -> None:
        batches = iter(feed.training(step=stretch.start, rank=0, world=1))
        self._batches = [next(batches) for _ in range(STEPS * feed.plan.run.accumulate)]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)


def _clock() -> Any:
    import lightning.pytorch as pl
    import torch

    def now() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()

    class Clock(pl.Callback):
        """Seconds of each step, the wait for its data left out."""

        def __init__(self) -> None:
            self.steps: list[float] = []
            self._since: float | None = None

        def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
            self._since = now() if self._since is None else self._since

        def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
            if trainer.global_step > len(self.steps) and self._since is not None:
                self.steps.append(now() - self._since)
                self._since = None

    return Clock()


def _time(seconds: float | None) -> str:
    from lift15.training.progress import duration

    return "not measured" if seconds is None else duration(seconds)

"""What a run would be: its data, its size, and the time of a few steps."""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import lightning.pytorch as pl
import torch

from lift15.data import Batch
from lift15.training.feed import Feed
from lift15.training.fit import prepare
from lift15.training.memory import estimate_memory
from lift15.training.module import Training
from lift15.training.phases import Stretch
from lift15.training.plan import TrainPlan
from lift15.training.processes import Place
from lift15.training.progress import duration
from lift15.training.saving_memory import compute_again
from lift15.training.trainer import make_ready, make_trainer, quiet

STEPS = 2
"""That are made and measured; the faster one counts, for the first one finds its memory."""

GB = 1e9


def rehearse(plan: TrainPlan) -> list[tuple[str, str]]:
    """Do all that a run does before it trains, make two steps, and keep nothing.

    Returns:
        What was found, in words, under what it is called.

    Raises:
        VfiError: whatever is wrong with the plan or its data.
    """
    notes: list[str] = []
    module, feed = prepare(plan, say=notes.append)
    place = Place.of(os.environ, plan.run)
    found = [*_data(feed), *_model(module), *_steps(feed), *(("start", n) for n in notes)]
    stretches = _different(feed)
    for stretch in stretches:
        found.append(_memory(module, feed, stretch, place.world))
    seconds = [_seconds_per_step(plan, feed, stretch, module, place.world) for stretch in stretches]
    total = 0.0
    for stretch in feed.schedule.stretches:
        alike = next(s for s in stretches if _kind(s) == _kind(stretch))
        total += seconds[stretches.index(alike)] * (stretch.stop - stretch.start)
    for stretch, each in zip(stretches, seconds, strict=True):
        found.append((f"time, {_called(stretch)}", f"{each:.3g} s per step"))
    found.append(("time in all", f"about {duration(total)}, without validation"))
    if place.world > 1:
        found.append(
            ("processes", f"{place.world}; measured was one of them, without the exchange")
        )
    return found


def _data(feed: Feed) -> list[tuple[str, str]]:
    lists, data = feed.lists(), feed.data
    lines = [
        (side, f"{each['name']}: {len(each['clips'])} clips")
        for side, word in (("training data", "train"), ("validation data", "validation"))
        for each in lists[word]["sources"]
    ]
    lines.append(
        ("windows", f"{data.samples_per_epoch} to train, {len(data.validation)} to validate")
    )
    lines += [("left out", str(problem)) for problem in data.problems]
    return lines + [("note", note) for note in data.notes]


def _model(module: Training) -> list[tuple[str, str]]:
    model = module.model
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    frozen = module.groups.frozen(0)
    count = sum(model.get_parameter(name).numel() for name in frozen)
    spec = model.spec
    lines = [
        ("model", f"{spec.description or 'unnamed'}; spec {spec.fingerprint}"),
        ("parameters", f"{trained:,}" + (f", {count:,} frozen at first" if count else "")),
    ]
    extra = sum(p.numel() for p in module.objective.parameters() if p.requires_grad)
    return lines + ([("of the objective", f"{extra:,}")] if extra else [])


def _steps(feed: Feed) -> list[tuple[str, str]]:
    run, schedule = feed.plan.run, feed.schedule
    samples = sum(
        (s.stop - s.start) * feed.batch_size(s) * run.accumulate for s in schedule.stretches
    )
    passes = samples / feed.data.samples_per_epoch
    lines = [("steps", f"{schedule.steps}, {samples} samples, {passes:.3g} passes over the data")]
    if len(schedule.stretches) > 1:
        lines += [
            (f"phase {s.phase.name!r}", f"steps {s.start + 1} to {s.stop}")
            for s in schedule.stretches
        ]
    return lines


def _memory(module: Training, feed: Feed, stretch: Stretch, world: int) -> tuple[str, str]:
    augmentation = feed.of(stretch).plan.augmentation
    name = f"memory, {_called(stretch)}"
    if not augmentation.crop:
        return name, "not known beforehand: whole pictures are trained on"
    run = module.plan.run
    compute_again(module.model, run.checkpointing)
    height, width = augmentation.crop
    frames = feed.of(stretch).plan.layout.frames
    estimate = estimate_memory(
        module.model,
        module.objective,
        batch=math.ceil(feed.batch_size(stretch) / world),
        size=(height, width),
        frames=max(frames) if frames else None,
        precision=run.precision,
        averaged=run.ema > 0,
    )
    return name, (
        f"about {estimate.total / GB:.2f} GB per process: {estimate.weights / GB:.2f} for weights "
        f"and optimizer, {estimate.activations / GB:.2f} for a batch"
    )


def _seconds_per_step(
    plan: TrainPlan, feed: Feed, stretch: Stretch, module: Training, world: int
) -> float:
    """Make steps of a phase, in one process and with its share of the data."""
    alone = replace(plan, run=replace(plan.run, devices=1, nodes=1, strategy="auto"))
    clock = _Clock()
    with quiet():
        trainer = make_trainer(alone, [clock], steps=STEPS)
        trainer.limit_val_batches = 0
        fresh = Training(module.model, alone, feed.schedule, filled=module.groups.filled)
        make_ready(fresh, replace(alone.run, checkpointing=()))
        trainer.fit(fresh, _Head(feed, stretch, world))
    return min(clock.steps)


class _Head:
    """The first batches of a phase; made once, so that drawing them is not measured."""

    def __init__(self, feed: Feed, stretch: Stretch, world: int) -> None:
        wanted = STEPS * feed.plan.run.accumulate
        batches = feed.training(step=stretch.start, rank=0, world=world)
        head = list(itertools.islice(batches, wanted))
        self._batches = list(itertools.islice(itertools.cycle(head), wanted))  # of a short phase

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)


def _different(feed: Feed) -> list[Stretch]:
    """The phases that take another time or memory than those before."""
    found: list[Stretch] = []
    for stretch in feed.schedule.stretches:
        if all(_kind(stretch) != _kind(known) for known in found):
            found.append(stretch)
    return found


def _kind(stretch: Stretch) -> tuple[int, dict[str, Any]]:
    return stretch.phase.batch, dict(stretch.phase.data)


def _called(stretch: Stretch) -> str:
    return f"phase {stretch.phase.name!r}"


class _Clock(pl.Callback):
    """Seconds of each step, the wait for its data left out."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self._since: float | None = None

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        if self._since is None:
            self._since = _now()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step > len(self.steps) and self._since is not None:
            self.steps.append(_now() - self._since)
            self._since = None


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()

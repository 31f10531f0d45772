"""The data of a run: what every phase learns from, and what is validated on."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

import torch

from lift15.data import Batch, Data, arrange, data_lists, open_data, train_loader, validation_loader
from lift15.training.phases import Schedule, Stretch
from lift15.training.plan import Phase, TrainPlan, phase_data
from vfiblocks import Interpolator

MOST_WORKERS = 8


class Feed:
    """Opened sources, and the batches of the whole run in order.

    Args:
        plan: of the run.
        model: whose window and times decide which frames are read.

    Attributes:
        data: as the run's own data plan has it; phases may differ.
        schedule: with its number of steps known.

    Raises:
        DataError: there is nothing to learn from.
    """

    def __init__(self, plan: TrainPlan, model: Interpolator) -> None:
        self.plan = plan
        self._window = model.window
        self._any_time = model.flow.any_time
        self.data = open_data(plan.data, window=self._window, any_time=self._any_time)
        per_step = plan.run.batch * plan.run.accumulate
        self.schedule = Schedule(
            plan.schedule, per_epoch=math.ceil(self.data.samples_per_epoch / per_step)
        )
        self._phases = [self._open(stretch.phase) for stretch in self.schedule.stretches]

    def lists(self) -> dict[str, Any]:
        """What is learned from and validated on, by name, with hashes; plain data."""
        return data_lists(self.data)

    def batch_size(self, stretch: Stretch) -> int:
        """Samples of all processes together."""
        return stretch.phase.batch or self.plan.run.batch

    def training(self, *, step: int, rank: int = 0, world: int = 1) -> TrainingBatches:
        """Batches from a step on to the end of the run, for one process."""
        return TrainingBatches(self, step, rank, world)

    def validation(self, *, rank: int = 0, world: int = 1) -> ValidationBatches | None:
        """Batches to validate on, for one process; None if there is nothing."""
        windows = len(self.data.validation)
        if self.plan.run.validate_at_most:
            windows = min(windows, self.plan.run.validate_at_most)
        return ValidationBatches(self, windows, rank, world) if windows else None

    def of(self, stretch: Stretch) -> Data:
        """What a phase learns from."""
        return self._phases[self.schedule.stretches.index(stretch)]

    def _open(self, phase: Phase) -> Data:
        plan = phase_data(self.plan, phase)
        if plan == self.plan.data:
            return self.data
        if (plan.train, plan.validation) != (self.plan.data.train, self.plan.data.validation):
            return open_data(plan, window=self._window, any_time=self._any_time)
        return arrange(
            plan,
            train=[part.source for part in self.data.items.chosen],
            validation=[part.source for part in self.data.kept] if plan.validation else [],
            window=self._window,
            any_time=self._any_time,
        )


class TrainingBatches:
    """The rest of a run's batches, phase after phase; the same whenever it begins."""

    def __init__(self, feed: Feed, step: int, rank: int, world: int) -> None:
        self._feed, self._step, self._rank, self._world = feed, step, rank, world

    def __len__(self) -> int:
        return (self._feed.schedule.steps - self._step) * self._feed.plan.run.accumulate

    def __iter__(self) -> Iterator[Batch]:
        run = self._feed.plan.run
        for stretch in self._feed.schedule.stretches:
            start = max(stretch.start, self._step)
            if start >= stretch.stop:
                continue
            yield from train_loader(
                self._feed.of(stretch),
                batch=self._feed.batch_size(stretch),
                seed=run.seed,
                start=start * run.accumulate,
                total=stretch.stop * run.accumulate,
                rank=self._rank,
                world=self._world,
                workers=workers(run.workers, processes=run.devices),
                pin=torch.cuda.is_available() and run.device != "cpu",
            )


class ValidationBatches:
    """One process's share of what is validated on, as many batches as every other process has.

    Who has fewer repeats its last one: processes that share a model out have to call it equally
    often. Scores are counted by name, so that a picture seen twice counts once.
    """

    def __init__(self, feed: Feed, windows: int, rank: int, world: int) -> None:
        run = feed.plan.run
        self._length = math.ceil(math.ceil(windows / world) / run.validate_batch)
        self._batches = validation_loader(
            feed.data,
            batch=run.validate_batch,
            rank=rank % min(world, windows),
            world=min(world, windows),
            workers=min(2, workers(run.workers, processes=run.devices)),
            pin=torch.cuda.is_available() and run.device != "cpu",
            at_most=windows,
        )

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Batch]:
        given, last = 0, None
        for last in self._batches:
            given += 1
            yield last
        while last is not None and given < self._length:
            given += 1
            yield last


def workers(wanted: int, *, processes: int) -> int:
    """How many processes load data for each that trains.

    >>> workers(3, processes=8)
    3
    """
    if wanted >= 0:
        return wanted
    # what the scheduler of a cluster gives, where the system says so
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else (os.cpu_count() or 1)
    return max(0, min(MOST_WORKERS, processors // processes - 1))

"""A training run from beginning to end."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from lift15.data.sampler import check_share_of_batch
from lift15.training.feed import Feed
from lift15.training.keeping import Averaging, Keeper
from lift15.training.module import Training
from lift15.training.plan import TrainPlan
from lift15.training.processes import Place, start_and_watch
from lift15.training.progress import Bar, Progress
from lift15.training.run_folder import RunFolder
from lift15.training.start import start_model
from lift15.training.state import count_from, read_state, restore
from lift15.training.stopping import Stopper, own_signals
from lift15.training.trainer import check_machine, make_ready, make_trainer, quiet
from lift15.training.watching import watchers
from vfiblocks.errors import DataError, TrainingError, VfiError

LOST = re.compile(r"Connection closed by peer|Connection reset|NCCL|Broken pipe|timed out", re.I)
"""How torch speaks of other processes that are gone."""

LOADER = "DataLoader worker"
"""How torch speaks of a process that loads data and died. It interrupts whatever is going on."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        state: "finished", "interrupted" or "out of time".
        step: how many steps are done.
        steps: how many there are.
        best: scores of the best validation; empty without one.
        folder: where it all lies.
    """

    state: str
    step: int
    steps: int
    best: dict[str, float]
    folder: Path


def train(
    plan: TrainPlan,
    folder: str | Path,
    *,
    command: Sequence[str] = (),
    bar: Bar | None = None,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Train, or go on where a run of the same plan in this folder was left.

    A run that is killed and goes on ends with the weights that it would have had: on a CPU bit by
    bit (``tests/training/test_kill.py``).

    Args:
        plan: what to do.
        folder: of the run; made, or gone on with.
        command: how the run was started, for the manifest.
        bar: shows progress on a terminal.
        say: takes remarks, a line each.

    Raises:
        TrainingError: the plan cannot be carried out, the folder holds another run, the disk is
            full, or the run diverged.
        VfiError: what models, data and losses say.
        MissingDependency: lightning is not installed.
    """
    place = Place.of(os.environ, plan.run)
    run = RunFolder(folder)
    module, feed = prepare(plan, say=say)
    if place.rank:
        return train_here(run, module, feed, bar=bar, say=say)
    run.make()
    with run.alone():
        run.begin(plan, module.model.spec, feed.lists(), command=command)
        if (found := _finished(run)) is not None:
            return found
        if place.world > 1 and not place.started:
            return _in_processes(run, place.world)
        return train_here(run, module, feed, bar=bar, say=say)


def prepare(plan: TrainPlan, *, say: Callable[[str], None] = print) -> tuple[Training, Feed]:
    """Build the model, open the data: whatever is wrong with a plan is found here.

    Args:
        plan: of the run.
        say: takes remarks about what was filled from files, and about the data.
    """
    check_machine(plan.run)
    start = start_model(plan.model, seed=plan.run.seed)
    feed = Feed(plan, start.model)
    for stretch in feed.schedule.stretches:
        check_share_of_batch(feed.batch_size(stretch), 0, plan.run.devices * plan.run.nodes)
    module = Training(start.model, plan, feed.schedule, filled=start.filled)
    for note in start.notes:
        say(note)
    return module, feed


def train_here(
    run: RunFolder,
    module: Training,
    feed: Feed,
    *,
    bar: Bar | None = None,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Train in this process, one of those that the plan asks for."""
    plan = module.plan
    place = Place.of(os.environ, plan.run)
    state = read_state(run.last) if run.last.exists() else None
    step = int(state["step"]) if state else 0
    keeper = Keeper(run, module.model.spec)
    remarks: list[str] = []
    callbacks = [
        Averaging(),
        _Restorer(state),
        *watchers(
            run.path,
            every=plan.run.log_every,
            draw_every=plan.run.validate_every or feed.schedule.steps,
            count=plan.run.pictures,
            tensorboard=plan.run.tensorboard,
            say=remarks.append,
        ),
        Stopper(minutes=plan.run.minutes),
        Progress(bar=bar, say=say),
        keeper,
    ]
    make_ready(module, plan.run)
    with quiet(), own_signals():
        trainer = make_trainer(plan, callbacks, steps=feed.schedule.steps)
        count_from(trainer, step, accumulate=plan.run.accumulate)
        try:
            trainer.fit(
                module,
                feed.training(step=step, rank=place.rank, world=place.world),
                feed.validation(rank=place.rank, world=place.world),
            )
        except BaseException as error:
            described = _in_words(error, place)
            if module.stop is None or not isinstance(described, DataError):
                _note_end(run, place, described)
                if described is error:
                    raise
                raise described from error
            # Asked to stop, as all its group was, a process that loads data was gone before the
            # step was made: what was saved last is what there is.
    for remark in remarks:
        say(remark)
    ended = _state(trainer, module)
    if place.rank == 0:
        run.note(state=ended, step=max(keeper.saved, 0), steps=feed.schedule.steps)
    return Outcome(ended, max(keeper.saved, 0), feed.schedule.steps, keeper.best, run.path)


class _Restorer(pl.Callback):
    """Puts the state of an earlier session back, before anything looks at it."""

    def __init__(self, state: dict[str, Any] | None) -> None:
        self.state = state

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Training)
        if self.state is not None:
            restore(self.state, trainer, pl_module)
            self.state = None


def _state(trainer: pl.Trainer, module: Training) -> str:
    if trainer.global_step >= module.schedule.steps:
        return "finished"
    return "out of time" if module.stop == "time" else "interrupted"


def _finished(run: RunFolder) -> Outcome | None:
    """What a run that needs nothing more has come to."""
    if not run.last.exists():
        return None
    manifest = run.manifest()
    if not manifest.get("steps") or manifest.get("step", 0) < manifest["steps"]:
        return None
    run.note(state="finished")
    return Outcome(
        "finished", manifest["step"], manifest["steps"], manifest.get("best", {}), run.path
    )


def _in_processes(run: RunFolder, count: int) -> Outcome:
    """Have other processes do the work; what they have written down."""
    try:
        failed = start_and_watch(run.path, count)
    except TrainingError as error:
        run.note(state="interrupted", reason=str(error))
        raise
    manifest = run.manifest()
    if failed:
        raise TrainingError(manifest["reason"] or "a process failed; its message stands above")
    return Outcome(
        manifest["state"],
        manifest.get("step", 0),
        manifest.get("steps", 0),
        manifest.get("best", {}),
        run.path,
    )


def _note_end(run: RunFolder, place: Place, error: BaseException) -> None:
    from lift15.training.divergence import Diverged

    if place.rank:
        return
    state = "diverged" if isinstance(error, Diverged) else "interrupted"
    with contextlib.suppress(TrainingError):  # a full disk must not hide what happened
        run.note(state=state, reason=str(error) if isinstance(error, VfiError) else repr(error))


def _in_words(error: BaseException, place: Place) -> BaseException:
    """Errors that are no bug of ours, put in words; the others as they are."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return TrainingError(
            f"the GPU has no memory left ({str(error).partition('.')[0]}); smaller crops or "
            "run.batch with more run.accumulate, run.checkpointing=['encoder'], or "
            "run.precision='bfloat16' need less"
        )
    if isinstance(error, RuntimeError) and LOADER in str(error):
        return DataError(
            f"a process that loads data died ({str(error).strip().splitlines()[0]}); most often "
            "memory ran out: fewer run.workers or a smaller run.batch need less"
        )
    if place.world > 1 and isinstance(error, RuntimeError) and LOST.search(str(error)):
        return TrainingError(
            f"process {place.rank} of {place.world} lost the others: "
            f"{str(error).strip().splitlines()[0]}"
        )
    return error

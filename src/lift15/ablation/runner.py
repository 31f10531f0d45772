"""Carry an ablation out: every run that is not done yet, several at a time, and go on after kills.

Nothing here is needed to go on: the folder alone says what is done. Whoever runs the same command
again does what is left.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

from lift15.ablation.evaluating import Exam, describe_exam, make_exams
from lift15.ablation.folder import AblationFolder, RunState, run_name
from lift15.ablation.grid import Arm, make_arms
from lift15.ablation.plan import AblationPlan
from lift15.ablation.processes import (
    Job,
    Launch,
    Process,
    Slot,
    WorkerProcess,
    log_path,
    share_out,
    visible_gpus,
)
from lift15.ablation.work import exam_hash
from lift15.data import data_lists, open_data
from vfiblocks import ModelSpec, describe, dry_run
from vfiblocks.ledger import Ledger

PATIENCE = 120.0
"""Seconds that jobs are given to save what they have after Ctrl-C."""

INTERRUPTED = 130
"""Exit code of a job that was asked to stop, and has saved what it has."""

SIZE = (256, 448)
"""Height and width for which costs are stated beside those of the training crop."""

Bar = Callable[[int, int, str], None]


@dataclass(frozen=True)
class How:
    """How an ablation is carried out; nothing here changes a result.

    Attributes:
        jobs: at a time; 0 is one per GPU, or one without.
        shard: which part of how many of the runs this process cares for.
        retry: try again what has diverged.
        launch: starts a job; None starts processes.
        say: takes remarks.
        bar: shows how many runs are done, of how many, and what is going on.
        poll: seconds between two looks at the jobs.
    """

    jobs: int = 0
    shard: tuple[int, int] = (0, 1)
    retry: bool = False
    launch: Launch | None = None
    say: Callable[[str], None] = print
    bar: Bar | None = None
    poll: float = 0.5


@dataclass(frozen=True)
class Outcome:
    """What an ablation has come to.

    Attributes:
        states: of all runs, seed after seed.
        problems: of the pieces of work besides the runs, in sentences.
        left: runs of this process's share that have ended before they were done, such as those
            whose minutes were over.
    """

    states: tuple[RunState, ...]
    problems: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether every run has all its scores."""
        return all(state.state == "finished" for state in self.states) and not self.problems

    @property
    def unfinished(self) -> tuple[RunState, ...]:
        """The runs that have not."""
        return tuple(state for state in self.states if state.state != "finished")


def begin(folder: AblationFolder, plan: AblationPlan, *, command: Sequence[str]) -> None:
    """Write down what is going to happen, and find out whatever would keep it from happening.

    Raises:
        VfiError: a variant cannot be made, an evaluation's data are not there, or the folder holds
            another ablation.
    """
    with tempfile.TemporaryDirectory() as scratch:  # so that a mistake leaves nothing behind
        arms = make_arms(plan, Path(scratch))
        exams = make_exams(plan, arms)
        described = {name: describe_exam(exam) for name, exam in exams.items()}
        most = max(arms.values(), key=lambda arm: len(arm.spec.window))
        any_time = dry_run(most.spec).flow.any_time
        data = open_data(most.plan.data, window=most.spec.window, any_time=any_time)
    arms = folder.begin(plan, command=command)
    lists = data_lists(data)
    folder.record(
        seeds=list(plan.seeds),
        variants={name: describe_arm(arm) for name, arm in arms.items()},
        evaluations=described,
        data={
            side: [{"name": each["name"], "hash": each["hash"]} for each in lists[side]["sources"]]
            for side in ("train", "validation")
        },
    )


def carry_out(folder: AblationFolder, how: How) -> Outcome:
    """Do what is left of an ablation that has begun.

    Raises:
        KeyboardInterrupt: it was interrupted; runs have saved their states.
        TrainingError: a run needs more GPUs than there are.
    """
    plan, arms = folder.plan(), folder.arms()
    exams = make_exams(plan, arms)
    slots = slots_of(plan, how.jobs)
    launch = how.launch or _launcher(folder)
    queue = _Queue(folder, launch, slots, how)
    runs = [(name, seed) for seed in plan.seeds for name in plan.variants]
    mine = runs[how.shard[0] :: how.shard[1]]

    def needs(name: str, seed: int) -> bool:
        return _is_open(folder.state(name, seed), exams, retry=how.retry)

    with _terminated_like_interrupted():
        if how.shard[0] == 0:
            job = Job("baselines", ("baselines",))
            queue.add(job, lambda: not _has_baselines(folder, exams))
        for name, seed in mine:
            job = Job(run_name(name, seed), ("run", name, str(seed)))
            queue.add(job, partial(needs, name, seed))
        queue.work()
        if how.shard[0] == 0 and plan.cost.rounds and _costs_missing(folder, arms):
            queue.add(Job("costs", ("costs",)))
            queue.work()
        states = tuple(folder.state(name, seed) for name, seed in runs)
        if any(state.state == "finished" for state in states) and plan.strips:
            queue.add(Job("pictures", ("pictures",)))
            queue.work()
    folder.record()
    bad = ("finished", "failed", "diverged")
    left = [run_name(*run) for run in mine if folder.state(*run).state not in bad]
    return Outcome(states, tuple(queue.problems), tuple(left))


def describe_arm(arm: Arm) -> dict[str, Any]:
    """What is needed to train the same again, and what it costs, as plain data."""
    crop = arm.plan.data.augmentation.crop
    sizes = [SIZE] if not crop else [(crop[0], crop[1]), SIZE]
    ledgers = {size: ledger_of(arm.spec, size) for size in sizes}
    return {
        "title": arm.title,
        "changes": list(arm.changes),
        "notes": list(arm.notes),
        "spec": arm.spec.to_dict(),
        "fingerprint": arm.spec.fingerprint,
        "plan": arm.plan.to_toml(),
        "plan_fingerprint": arm.plan.fingerprint,
        "parameters": ledgers[SIZE].parameters,
        "macs": {f"{size[0]}x{size[1]}": ledger.macs for size, ledger in ledgers.items()},
        "frames": len(arm.spec.window) if arm.spec.aggregator is not None else 2,
    }


@cache
def ledger_of(spec: ModelSpec, size: tuple[int, int]) -> Ledger:
    """See :func:`vfiblocks.describe`; counted once, as it takes a second."""
    return describe(spec, size=size)


class _Queue:
    """Jobs that wait, and those that are going on in the slots."""

    def __init__(self, folder: AblationFolder, launch: Launch, slots: list[Slot], how: How) -> None:
        self._folder, self._launch, self._how = folder, launch, how
        self._waiting: list[tuple[Job, Callable[[], bool]]] = []
        self._free = list(slots)
        self._running: dict[str, tuple[Job, Slot, Process]] = {}
        self._held: set[str] = set()
        self._done = self._total = 0
        self.problems: list[str] = []

    def add(self, job: Job, is_needed: Callable[[], bool] = lambda: True) -> None:
        """Have a job done, if it is needed, and still is when its turn comes."""
        if is_needed():
            self._waiting.append((job, is_needed))
            self._total += 1

    def work(self) -> None:
        """Until nothing is left; a failure of one job stops no other."""
        try:
            while self._waiting or self._running:
                while self._free and (job := self._next()) is not None:
                    self._start(job, self._free.pop(0))
                self._show()
                if not self._collect() and (self._waiting or self._running):
                    time.sleep(self._how.poll)
        except BaseException:
            self._stop()
            raise

    def _next(self) -> Job | None:
        """The first job that no other process works on: one left over from a kill, perhaps."""
        for entry in list(self._waiting):
            job, is_needed = entry
            if self._folder.is_held(job.name):
                if job.name not in self._held:
                    self._held.add(job.name)
                    self._how.say(f"{job.name}: another process works on it")
                continue
            self._waiting.remove(entry)
            if is_needed():
                return job
            self._done += 1
        return None

    def _start(self, job: Job, slot: Slot) -> None:
        self._how.say(f"{job.name}: begun" + (f" on GPU {slot.devices}" if slot.devices else ""))
        self._running[job.name] = (job, slot, self._launch(self._folder.path, job, slot))

    def _collect(self) -> bool:
        """Take note of jobs that have ended."""
        ended = []
        for name, (job, slot, process) in self._running.items():
            if (code := process.poll()) is not None:
                ended.append(name)
                self._free.append(slot)
                self._note_end(job, code)
        for name in ended:
            del self._running[name]
            self._done += 1
        if ended:
            self._folder.record()
        return bool(ended)

    def _note_end(self, job: Job, code: int) -> None:
        if job.arguments[0] != "run":
            if code:
                self.problems.append(f"{job.name}: {self._reason(job, code)}")
                self._how.say(self.problems[-1])
            else:
                self._how.say(f"{job.name}: done")
            return
        variant, seed = job.arguments[1], int(job.arguments[2])
        state = self._folder.state(variant, seed)
        spoke = state.state in ("failed", "diverged")
        if code not in (0, INTERRUPTED, -signal.SIGINT, -signal.SIGTERM) and not spoke:
            state = replace(state, state="failed", reason=self._reason(job, code))
            self._folder.note(state)
        self._how.say(f"{job.name}: {state.state}" + (f", {state.reason}" if state.reason else ""))

    def _reason(self, job: Job, code: int) -> str:
        path = log_path(self._folder.path, job)
        if code < 0:
            hint = ", perhaps for want of memory" if code == -signal.SIGKILL else ""
            return f"killed by {signal.Signals(-code).name}{hint}; see {path}"
        lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
        said = next((line for line in reversed(lines) if line.strip()), f"exit code {code}")
        return f"{said.strip().removeprefix('vfi: ')} (see {path})"

    def _show(self) -> None:
        if self._how.bar is not None:
            self._how.bar(self._done, self._total, ", ".join(self._running))

    def _stop(self) -> None:
        """Have the jobs save what they have; a second Ctrl-C ends them at once."""
        processes = [process for _, _, process in self._running.values()]
        try:
            for process in processes:
                process.interrupt()
            deadline = time.monotonic() + PATIENCE
            while any(process.poll() is None for process in processes):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.1)
        finally:
            for process in processes:
                process.kill()
            self._running.clear()
            self._folder.record()


def slots_of(plan: AblationPlan, jobs: int) -> list[Slot]:
    """Shares of this machine for so many runs at a time; see :func:`share_out`."""
    run = plan.training().run
    gpus = [] if run.device == "cpu" else visible_gpus(os.environ)
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else (os.cpu_count() or 1)
    return share_out(jobs, gpus=gpus, per_job=run.devices, processors=processors)


def _launcher(folder: AblationFolder) -> Launch:
    sessions = folder.facts().get("sessions", [])
    command = sessions[-1]["command"] if sessions else []

    def launch(path: Path, job: Job, slot: Slot) -> Process:
        return WorkerProcess(path, job, slot, command=command)

    return launch


def _is_open(state: RunState, exams: Mapping[str, Exam], *, retry: bool) -> bool:
    """Whether something is left to do for a run."""
    if state.state == "diverged":
        return retry
    if state.state != "finished":
        return True
    return any(state.evaluated.get(name) != exam_hash(exam) for name, exam in exams.items())


def _has_baselines(folder: AblationFolder, exams: Mapping[str, Exam]) -> bool:
    done = folder.facts().get("baselines", {})
    return all(done.get(name) == exam_hash(exam) for name, exam in exams.items())


def _costs_missing(folder: AblationFolder, arms: Mapping[str, Arm]) -> bool:
    from lift15.ablation.cost import read_costs

    known = {cost.variant for cost in read_costs(folder.costs)}
    return any(name not in known for name in arms)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """What a cluster sends before it takes a machine away is taken like Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

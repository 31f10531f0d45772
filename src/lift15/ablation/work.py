"""The pieces of work of an ablation, each done by one process: train, measure, draw."""

from __future__ import annotations

import hashlib
import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lift15.ablation.evaluating import (
    Exam,
    make_exams,
    measure_baselines,
    measure_run,
)
from lift15.ablation.folder import AblationFolder, RunState, run_name
from lift15.ablation.grid import Arm
from lift15.ablation.plan import AblationPlan
from lift15.ablation.processes import WORKERS
from lift15.training.plan import TrainPlan
from lift15.training.run_folder import RunFolder
from vfiblocks import ModelSpec, dry_run, save
from vfiblocks.errors import TrainingError, VfiError

FINAL = "final.safetensors"

PATIENCE = 1.0
"""Seconds to wait for a run that another process holds: it may only look whether it is held."""

Say = Callable[[str], None]


def train_run(arm: Arm, seed: int, run: RunFolder, *, command: Sequence[str], say: Say) -> str:
    """Train a run, or go on with it; what state it ended in, as ``vfi train`` calls it."""
    from lift15.training.fit import train  # imports Lightning

    plan = with_workers(arm.seeded(seed), os.environ)
    return train(plan, run.path, command=command, say=say).state


def with_workers(plan: TrainPlan, environment: Mapping[str, str]) -> TrainPlan:
    """The plan with its share of the machine for loading data, where it leaves that open.

    >>> with_workers(TrainPlan(), {WORKERS: "3"}).run.workers
    3
    """
    if plan.run.workers >= 0 or WORKERS not in environment:
        return plan
    return replace(plan, run=replace(plan.run, workers=int(environment[WORKERS])))


def final_weights(run: RunFolder, which: str) -> Path:
    """A checkpoint to evaluate a finished run with.

    Args:
        run: whose.
        which: "best" by validation, or "last", averaged where the run averages.

    Raises:
        TrainingError: the run has not saved any.
    """
    if which == "best":
        return run.model
    from lift15.training.state import network, read_state  # imports Lightning

    path = run.path / FINAL
    if not run.last.exists():
        raise TrainingError(f"{run.path} has no checkpoints/last.ckpt to evaluate")
    if path.exists() and path.stat().st_mtime >= run.last.stat().st_mtime:
        return path
    state = read_state(run.last)
    model = dry_run(ModelSpec.from_file(run.path / "spec.json"))
    model.load_state_dict(state.get("average") or network(state["state_dict"]), assign=True)
    return save(model, path, facts={"trained": f"{state['step']} steps, the last weights"})


@dataclass(frozen=True)
class Tools:
    """What a piece of work is done with; tests put others in their place.

    Attributes:
        train: see :func:`train_run`.
        weights: see :func:`final_weights`.
        measure: see :func:`~lift15.ablation.evaluating.measure_run`.
        baselines: see :func:`~lift15.ablation.evaluating.measure_baselines`.
        exams: see :func:`~lift15.ablation.evaluating.make_exams`.
    """

    train: Callable[..., str] = train_run
    weights: Callable[[RunFolder, str], Path] = final_weights
    measure: Callable[..., Any] = measure_run
    baselines: Callable[..., None] = measure_baselines
    exams: Callable[..., dict[str, Exam]] = make_exams


USUAL = Tools()


def do_run(
    folder: AblationFolder,
    variant: str,
    seed: int,
    *,
    command: Sequence[str] = (),
    say: Say = print,
    tools: Tools = USUAL,
) -> RunState:
    """Train and evaluate one run, from where it was left; its state is on the disk at every step.

    What goes wrong with it is its state and no exception, so that other runs go on.

    Raises:
        KeyboardInterrupt: it was interrupted while it was evaluated; what is measured is kept.
        TrainingError: another process works on it.
    """
    with folder.alone(run_name(variant, seed), patience=PATIENCE) as free:
        if not free:
            raise TrainingError(
                f"run '{run_name(variant, seed)}' is being worked on by another process"
            )
        state = replace(folder.state(variant, seed), state="interrupted", reason="")
        folder.note(state)
        try:
            state = _carry_out(folder, state, command=command, say=say, tools=tools)
        except VfiError as error:
            run = folder.run(variant, seed)
            begun = (run.path / "manifest.json").exists()
            diverged = begun and run.manifest().get("state") == "diverged"
            state = replace(
                folder.state(variant, seed),
                state="diverged" if diverged else "failed",
                reason=" ".join(str(error).split()),
            )
        except Exception as error:
            say(traceback.format_exc())
            state = replace(
                folder.state(variant, seed),
                state="failed",
                reason=f"{type(error).__name__}: {' '.join(str(error).split())}",
            )
        folder.note(state)
    return state


def do_baselines(folder: AblationFolder, *, say: Say = print, tools: Tools = USUAL) -> None:
    """Measure the baselines, and find out about the items, on every evaluation.

    Raises:
        VfiError: they cannot be measured.
    """
    plan, arms = folder.plan(), folder.arms()
    with folder.alone("baselines", patience=PATIENCE) as free:
        if not free:
            raise TrainingError("the baselines are being measured by another process")
        for exam in tools.exams(plan, arms).values():
            if folder.facts().get("baselines", {}).get(exam.name) == exam_hash(exam):
                continue
            say(f"baselines under {exam.name}")
            tools.baselines(exam, folder, device=device_of(plan))
            done = folder.facts().get("baselines", {})
            folder.record(baselines={**done, exam.name: exam_hash(exam)})


def exam_hash(exam: Exam) -> str:
    """What decides whether an evaluation has been done."""
    text = json.dumps([exam.protocol.fingerprint, exam.limit, exam.controls])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def device_of(plan: AblationPlan) -> str:
    """Where measurements are made: where training is."""
    return "cpu" if plan.training().run.device == "cpu" else "auto"


def _carry_out(
    folder: AblationFolder, state: RunState, *, command: Sequence[str], say: Say, tools: Tools
) -> RunState:
    plan, arms = folder.plan(), folder.arms()
    run = folder.run(state.variant, state.seed)
    ended = tools.train(arms[state.variant], state.seed, run, command=command, say=say)
    if ended != "finished":
        reason = "its minutes are over" if ended == "out of time" else ""
        return replace(state, state="interrupted", reason=reason)
    state = replace(state, state="evaluating")
    folder.note(state)
    weights = tools.weights(run, plan.weights)
    for name, exam in tools.exams(plan, arms).items():
        done = exam_hash(exam)
        if state.evaluated.get(name) == done:
            continue
        say(f"evaluating under {name}")
        output = folder.results(name, state.name)
        tools.measure(exam, weights, output, name=state.name, device=device_of(plan))
        state = replace(state, evaluated={**state.evaluated, name: done})
        folder.note(state)
    return replace(state, state="finished", reason="")

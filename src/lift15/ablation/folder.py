"""Where an ablation lives: its plan, the state of every run, what was measured."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lift15.ablation.grid import Arm, make_arms
from lift15.ablation.plan import AblationPlan, read_ablation
from lift15.ablation.results import State
from lift15.training.atomic import write_json, write_text
from lift15.training.plan import FREE
from lift15.training.run_folder import RunFolder, git_state, machine, versions
from lift15.training.tables import differences, to_table, to_toml
from vfiblocks.errors import TrainingError

FORMAT = 1

PATIENCE = 30.0
"""Seconds to wait for another process that writes a few lines."""

DECISIVE = ("weights",)
"""Fields of the plan, beside variants and evaluations, that must stay as results depend on them."""


@dataclass(frozen=True)
class RunState:
    """How far one run is; written by whoever works on it.

    Attributes:
        variant: whose.
        seed: of the run.
        state: see :data:`lift15.ablation.results.State`.
        reason: of a bad state, in a sentence.
        evaluated: evaluations that are done: name -> hash of the protocol.
    """

    variant: str
    seed: int
    state: State = "waiting"
    reason: str = ""
    evaluated: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is filed under."""
        return run_name(self.variant, self.seed)


def run_name(variant: str, seed: int) -> str:
    """What a run is filed under.

    >>> run_name("fifteen", 0)
    'fifteen-0'
    """
    return f"{variant}-{seed}"


class AblationFolder:
    """The folder of one ablation.

    ``plan.toml`` is the resolved plan and ``ablation.json`` all that is needed to reproduce it,
    with the state of each run. ``runs/VARIANT-SEED`` are run folders of ``vfi train``,
    ``evaluations/NAME/VARIANT-SEED`` are results of ``vfi evaluate``, ``logs/`` is what the
    processes said.

    Args:
        path: of the folder.

    Example:
        >>> folder = AblationFolder(getfixture("tmp_path") / "context")
        >>> folder.exists, folder.run("three", 0).path.name
        (False, 'three-0')
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.specs = self.path / "specs"
        self.logs = self.path / "logs"
        self.costs = self.path / "cost.json"
        self.pictures = self.path / "pictures"
        self._states = self.path / "states"

    @property
    def exists(self) -> bool:
        """Whether an ablation has begun here."""
        return (self.path / "plan.toml").exists()

    def plan(self) -> AblationPlan:
        """The plan of the ablation that has begun here.

        Raises:
            TrainingError: there is none.
        """
        try:
            text = (self.path / "plan.toml").read_text("utf-8")
        except OSError as error:
            raise TrainingError(
                f"{self.path} is no folder of an ablation: it has no plan.toml ({error.strerror})"
            ) from error
        try:
            return read_ablation(text)
        except TrainingError as error:
            raise TrainingError(f"{self.path / 'plan.toml'}: {error}") from error

    def arms(self) -> dict[str, Arm]:
        """The variants of the plan."""
        return make_arms(self.plan(), self.specs)

    def run(self, variant: str, seed: int) -> RunFolder:
        """The folder of one training."""
        return RunFolder(self.path / "runs" / run_name(variant, seed))

    def results(self, evaluation: str, name: str = "") -> Path:
        """Where the scores of a run, or of ``baselines``, under one evaluation are."""
        return self.path / "evaluations" / evaluation / name

    def state(self, variant: str, seed: int) -> RunState:
        """How far a run is."""
        path = self._states / f"{run_name(variant, seed)}.json"
        if not path.exists():
            return RunState(variant, seed)
        try:
            return RunState(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(f"cannot read {path}: {error}; remove it to begin anew") from error

    def note(self, state: RunState) -> None:
        """Write down how far a run is."""
        self._states.mkdir(parents=True, exist_ok=True)
        write_json(self._states / f"{state.name}.json", asdict(state))

    @contextlib.contextmanager
    def alone(self, name: str, *, patience: float = 0.0) -> Iterator[bool]:
        """Hold what only one process may work on at a time.

        Args:
            name: of a run, or of another piece of work.
            patience: seconds to wait for whoever holds it, who may only look whether it is held.

        Yields:
            False if another process holds it. The system lets go of it when a process dies.
        """
        self._states.mkdir(parents=True, exist_ok=True)
        with (self._states / f"{name}.lock").open("a") as handle:
            deadline = time.monotonic() + patience
            while not (free := _locked(handle.fileno())) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield free

    @contextlib.contextmanager
    def _facts_alone(self) -> Iterator[None]:
        with self.alone("ablation", patience=PATIENCE) as free:
            if not free:
                raise TrainingError(
                    f"{self.path / 'ablation.json'} is held by another process, for more than "
                    f"{PATIENCE:.0f} s"
                )
            yield

    def is_held(self, name: str) -> bool:
        """Whether some process works on it."""
        with self.alone(name) as free:
            return not free

    def begin(self, plan: AblationPlan, *, command: Sequence[str]) -> dict[str, Arm]:
        """Write the plan down, or check that it is the one that is being carried out here.

        Variants, seeds, evaluations and questions may be added to those that are there; where and
        when it is computed may change; what has begun may not.

        Returns:
            The variants.

        Raises:
            TrainingError: the folder holds something else, or cannot be written.
        """
        if not self.exists:
            self._make()
        elif self._has_results():
            self._check_same(plan)
        arms = make_arms(plan, self.specs)
        for name in plan.variants:
            for seed in plan.seeds:
                self._adopt(arms[name], seed)
        write_text(self.path / "plan.toml", plan.to_toml())
        with self._facts_alone():
            facts = self.facts()
            sessions = [*facts.get("sessions", []), {"begun": _now(), "command": list(command)}]
            self._write_facts(
                {
                    **facts,
                    "format": FORMAT,
                    "name": plan.name,
                    "fingerprint": plan.fingerprint,
                    "versions": versions(),
                    "machine": machine(),
                    "git": git_state(Path.cwd()),
                    "sessions": sessions,
                }
            )
        return arms

    def facts(self) -> dict[str, Any]:
        """What ``ablation.json`` says; {} before there is one.

        Raises:
            TrainingError: it cannot be read.
        """
        path = self.path / "ablation.json"
        if not path.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingError(f"cannot read {path}: {error}") from error
        return found

    def record(self, **facts: Any) -> None:
        """Change some facts of ``ablation.json``, and bring its states up to date."""
        with self._facts_alone():
            self._write_facts({**self.facts(), **facts})

    def _write_facts(self, facts: dict[str, Any]) -> None:
        plan = self.plan()
        states = [self.state(name, seed) for seed in plan.seeds for name in plan.variants]
        runs = {state.name: asdict(state) for state in states}
        write_json(self.path / "ablation.json", {**facts, "runs": runs, "updated": _now()})

    def _make(self) -> None:
        try:
            if self.path.exists() and any(each.name != "specs" for each in self.path.iterdir()):
                raise TrainingError(
                    f"{self.path} is not empty and no folder of an ablation; choose another with "
                    "--out"
                )
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"cannot make {self.path}: {error.strerror}") from error

    def _has_results(self) -> bool:
        """Whether anything has come of the plan that is here; a mistake in it may be put right."""
        kept = self.path.glob("runs/*/checkpoints/last.ckpt")
        return (self.path / "evaluations").exists() or any(True for _ in kept)

    def _check_same(self, plan: AblationPlan) -> None:
        before, now = self.plan(), plan
        gone = [
            f"{what} {name}"
            for what, old, new in (
                ("variant", before.variants, now.variants),
                ("seed", before.seeds, now.seeds),
                ("evaluation", before.evaluations, now.evaluations),
            )
            for name in old
            if name not in new
        ]
        if gone:
            raise TrainingError(
                f"{self.path} holds an ablation with {gone[0]}, which the plan no longer has; "
                "nothing that has begun is dropped: choose another folder with --out"
            )
        found = [
            f"{key} was {_short(was)}, now {_short(is_now)}"
            for key, was, is_now in differences(_fixed(before, now), _fixed(now, before))
        ]
        if found:
            more = f", and {len(found) - 5} more" if len(found) > 5 else ""
            raise TrainingError(
                f"{self.path} holds another ablation: {'; '.join(found[:5])}{more}; choose another "
                "folder with --out"
            )

    def _adopt(self, arm: Arm, seed: int) -> None:
        """Let a run that has begun know its spec file where the folder is today."""
        run = self.run(arm.name, seed)
        if not run.exists:
            return
        plan, wanted = run.plan(), arm.seeded(seed)
        moved = Path(plan.model.name).name == f"{arm.name}.json" and plan.model != wanted.model
        if moved and Path(wanted.model.name).parent == self.specs.absolute():
            table = {**plan.to_table(), "model": wanted.to_table()["model"]}
            write_text(run.path / "plan.toml", to_toml(table))


def _fixed(plan: AblationPlan, other: AblationPlan) -> dict[str, Any]:
    """What must not change of a plan, as far as the other one is about the same."""
    table = to_table(plan)
    base = table["base"]
    for key in FREE:
        section, name = key.split(".")
        base.get(section, {}).pop(name, None)
    also = to_table(other)
    return {
        "base": base,
        "variants": {
            name: {key: value for key, value in table["variants"][name].items() if key != "title"}
            for name in table["variants"]
            if name in also["variants"]
        },
        "evaluations": {
            name: {
                key: value
                for key, value in table["evaluations"][name].items()
                if key in ("protocol", "options", "measures", "limit")
            }
            for name in table["evaluations"]
            if name in also["evaluations"]
        },
        **{key: table[key] for key in DECISIVE},
    }


def _locked(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # a system without: nobody is kept out
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _short(value: Any) -> str:
    text = "not given" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

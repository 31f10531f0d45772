"""What is left of a training run, and what it goes on from."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import vfiblocks
from lift15.training.atomic import write_json, write_text
from lift15.training.plan import FREE, TrainPlan, read_plan
from lift15.training.tables import differences
from vfiblocks import ModelSpec, resolve
from vfiblocks.errors import TrainingError

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

PACKAGES = ("torch", "lightning", "numpy", "einops", "safetensors", "lpips", "av")
"""Whose versions are written down: what a run's numbers can depend on."""

FORMAT = 1


class RunFolder:
    """The folder of one run.

    ``plan.toml``, ``spec.json`` and ``data.json`` say what is learned, ``manifest.json`` how far it
    is and under which versions, ``checkpoints/last.ckpt`` and ``best.ckpt`` hold everything to go
    on from, ``model.safetensors`` is for use. What watchers write lies beside them.

    Args:
        path: of the folder.

    Example:
        >>> run = RunFolder(getfixture("tmp_path") / "run")
        >>> run.exists, run.last.name
        (False, 'last.ckpt')
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.last = self.checkpoints / "last.ckpt"
        self.best = self.checkpoints / "best.ckpt"
        self.model = self.path / "model.safetensors"

    @property
    def exists(self) -> bool:
        """Whether a run has begun here."""
        return (self.path / "plan.toml").exists()

    def begin(
        self, plan: TrainPlan, spec: ModelSpec, data: Mapping[str, Any], *, command: Sequence[str]
    ) -> None:
        """Write down what is going to happen; of a run that goes on, only that it does.

        Raises:
            TrainingError: the folder holds another run, or cannot be written.
        """
        if self.last.exists():
            self._check_same(plan, spec, data)
        # Of a run that goes on only what is free to change can differ; of one that came to nothing,
        # with a mistake in its plan perhaps, anything. The plan comes last: it says that all is.
        write_text(self.path / "spec.json", spec.to_json(indent=1) + "\n")
        write_text(self.path / "data.json", json.dumps(data, indent=1) + "\n")
        write_text(self.path / "plan.toml", plan.to_toml())
        manifest = self.manifest() if (self.path / "manifest.json").exists() else {}
        sessions = [*manifest.get("sessions", []), {"begun": _now(), "command": list(command)}]
        self.note(
            format=FORMAT,
            state="running",
            reason="",
            plan=plan.fingerprint,
            spec=spec.fingerprint,
            seed=plan.run.seed,
            data=hashes(data),
            versions=versions(),
            machine=machine(),
            git=git_state(Path.cwd()),
            sessions=sessions,
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands out of the folder while one works in it, and clear up after a kill.

        The system gives the lock back however a process ends. Where a file system knows no locks,
        nobody is kept out.

        Raises:
            TrainingError: another command is at work in it.
        """
        with open(self.path / ".lock", "w") as file:
            if fcntl is not None:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise TrainingError(
                        f"{self.path}: another vfi train is at work in this folder; wait for it, "
                        "or choose another folder with --out"
                    ) from error
                except OSError:
                    pass
            for left in (*self.path.glob(".*.partial*"), *self.checkpoints.glob(".*.partial*")):
                left.unlink(missing_ok=True)
            yield

    def note(self, **facts: Any) -> None:
        """Change some facts of the manifest."""
        known = self.manifest() if (self.path / "manifest.json").exists() else {}
        write_json(self.path / "manifest.json", {**known, **facts, "updated": _now()})

    def manifest(self) -> dict[str, Any]:
        """What the run says of itself.

        Raises:
            TrainingError: it cannot be read.
        """
        try:
            found: dict[str, Any] = json.loads((self.path / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingError(f"cannot read {self.path / 'manifest.json'}: {error}") from error
        return found

    def plan(self) -> TrainPlan:
        """The plan of the run that has begun here.

        Raises:
            TrainingError: there is none.
        """
        try:
            text = (self.path / "plan.toml").read_text(encoding="utf-8")
        except OSError as error:
            raise TrainingError(
                f"{self.path} is no run folder: it has no plan.toml ({error.strerror})"
            ) from error
        try:
            return read_plan(text)
        except vfiblocks.errors.VfiError as error:
            raise TrainingError(f"{self.path / 'plan.toml'}: {error}") from error

    def make(self) -> None:
        """Make the folder, if it is not there.

        Raises:
            TrainingError: something else is there, or it cannot be made.
        """
        try:
            if not self.exists and self.path.exists() and any(self.path.iterdir()):
                raise TrainingError(
                    f"{self.path} is not empty and no run folder; choose another folder with --out"
                )
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"cannot make {self.path}: {error.strerror}") from error

    def _check_same(self, plan: TrainPlan, spec: ModelSpec, data: Mapping[str, Any]) -> None:
        """Refuse to go on with a run as another one."""
        stored = json.loads((self.path / "data.json").read_text(encoding="utf-8"))
        # the same data may lie elsewhere today
        free = (*FREE, "data.train", "data.validation") if hashes(stored) == hashes(data) else FREE
        found = [
            f"{key} was {_short(was)}, now {_short(now)}"
            for key, was, now in differences(self.plan().to_table(), plan.to_table())
            if not any(key == each or key.startswith(f"{each}.") for each in free)
        ]
        before = ModelSpec.from_file(self.path / "spec.json")
        if not found and before.fingerprint != spec.fingerprint:
            found = [
                f"the model's {key} was {_short(was)}, now {_short(now)}"
                for key, was, now in differences(resolve(before).to_dict(), resolve(spec).to_dict())
                if key != "description"
            ]
        if not found and hashes(stored) != hashes(data):
            found = ["the data are not what they were; data.json there lists what they were"]
        if found:
            more = f", and {len(found) - 5} more" if len(found) > 5 else ""
            raise TrainingError(
                f"{self.path} holds another run: {'; '.join(found[:5])}{more}; choose another "
                "folder with --out, or go on with that run by --resume alone"
            )


def hashes(data: Mapping[str, Any]) -> dict[str, str]:
    """Of what :func:`lift15.data.data_lists` gave: of what is learned from and validated on.

    >>> hashes({"train": {"hash": "1f"}, "validation": {"hash": "2e"}, "notes": []})
    {'train': '1f', 'validation': '2e'}
    """
    return {side: data[side]["hash"] for side in ("train", "validation") if side in data}


def versions() -> dict[str, str]:
    """Of Python, of this package, and of what its numbers depend on."""
    found = {"python": platform.python_version(), "vfiblocks": vfiblocks.__version__}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """What computes: processor, threads, GPUs."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "threads": torch.get_num_threads(),
        "processors": os.cpu_count(),
        "gpus": gpus,
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of a working directory, and whether it has changes; None outside of a repository."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "changed": bool(changed)}


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _short(value: Any) -> str:
    text = "not given" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

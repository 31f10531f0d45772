"""Pieces of work as processes of their own, each with its share of the machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import torch

from vfiblocks.errors import TrainingError

COMMAND = "VFI_ABLATE_COMMAND"
"""Variable of the environment that hands the user's command on, as JSON, for the manifests of runs.
Who has it was started by an ablation, and ends with it."""


WORKERS = "VFI_ABLATE_WORKERS"
"""Variable that tells a run how many processes may load its data."""

MOST_WORKERS = 8


@dataclass(frozen=True)
class Job:
    """A piece of work.

    Attributes:
        name: what its log is filed under.
        arguments: of :mod:`lift15.ablation.worker`, after the folder.
    """

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Slot:
    """A share of the machine.

    Attributes:
        number: from 0.
        devices: GPUs as CUDA_VISIBLE_DEVICES names them; None to leave that as it is.
        threads: that torch may use; 0 leaves it to torch.
    """

    number: int
    devices: str | None = None
    threads: int = 0


class Process(Protocol):
    """A job that has been started."""

    def poll(self) -> int | None:
        """Its exit code; None while it goes on. Negative is the signal that killed it."""
        ...

    def interrupt(self) -> None:
        """Ask it to save and end, as Ctrl-C does."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


Launch = Callable[[Path, Job, Slot], Process]
"""Starts a job of the ablation in a folder."""


class WorkerProcess:
    """A job in a process of its own, with a log of what it says.

    It ends when this process does, however that ends: it reads from a pipe that nobody writes to.

    Args:
        folder: of the ablation.
        job: what to do.
        slot: with what.
        command: the user's, for the manifests.
    """

    def __init__(self, folder: Path, job: Job, slot: Slot, *, command: Sequence[str] = ()) -> None:
        path = log_path(folder, job)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log: IO[bytes] = path.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lift15.ablation.worker", str(folder), *job.arguments],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(slot), COMMAND: json.dumps(list(command))},
            start_new_session=True,  # Ctrl-C comes to this process, which passes it on once
        )

    def poll(self) -> int | None:
        """See :class:`Process`."""
        code = self._process.poll()
        if code is not None and not self._log.closed:
            self._log.close()
            if self._process.stdin is not None:
                self._process.stdin.close()
        return code

    def interrupt(self) -> None:
        """See :class:`Process`."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """See :class:`Process`."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.poll()


def log_path(folder: Path, job: Job) -> Path:
    """What a job said, in all its sessions."""
    return folder / "logs" / f"{job.name}.log"


def environment(slot: Slot) -> dict[str, str]:
    """What tells a process of its share.

    >>> environment(Slot(0, devices="2,3", threads=4))
    {'CUDA_VISIBLE_DEVICES': '2,3', 'OMP_NUM_THREADS': '4', 'VFI_ABLATE_WORKERS': '3'}
    """
    found = {}
    if slot.devices is not None:
        found["CUDA_VISIBLE_DEVICES"] = slot.devices
    if slot.threads:
        found["OMP_NUM_THREADS"] = str(slot.threads)
        found[WORKERS] = str(min(MOST_WORKERS, slot.threads - 1))
    return found


def visible_gpus(environment: Mapping[str, str]) -> list[str]:
    """GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them.

    >>> visible_gpus({"CUDA_VISIBLE_DEVICES": "1,3"})[:2] in (["1", "3"], [])
    True
    """
    if not torch.cuda.is_available():
        return []
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [each.strip() for each in named.split(",") if each.strip()]
    return [str(number) for number in range(torch.cuda.device_count())]


def share_out(
    jobs: int, *, gpus: Sequence[str], per_job: int = 1, processors: int = 1
) -> list[Slot]:
    """Shares of the machine for jobs at a time.

    Args:
        jobs: how many at a time; 0 is one for every ``per_job`` GPUs, or one without GPUs.
        gpus: names of them; empty where work is done on the CPU.
        per_job: GPUs that a job needs.
        processors: that there are.

    Raises:
        TrainingError: a job needs more GPUs than there are, or the number is below 0.

    Example:
        >>> [slot.devices for slot in share_out(0, gpus=["0", "1", "2", "3"], per_job=2)]
        ['0,1', '2,3']
        >>> share_out(2, gpus=[], processors=8)
        [Slot(number=0, devices=None, threads=4), Slot(number=1, devices=None, threads=4)]
    """
    if jobs < 0:
        raise TrainingError(f"--jobs is 1 or more, or 0 to choose, got {jobs}")
    if gpus and per_job > len(gpus):
        raise TrainingError(f"a run needs {per_job} GPUs, and there are {len(gpus)}")
    groups = [",".join(gpus[k : k + per_job]) for k in range(0, len(gpus) - per_job + 1, per_job)]
    jobs = jobs or max(1, len(groups))
    threads = max(1, processors // jobs) if jobs > 1 else 0
    return [
        Slot(number, groups[number % len(groups)] if groups else None, threads)
        for number in range(jobs)
    ]

"""Which of several processes this is, and starting them where nobody else does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from lift15.training.plan import RunPlan
from vfiblocks.errors import TrainingError

PATIENCE = 10.0
"""Seconds that processes are given to end by themselves once one of them has died."""


@dataclass(frozen=True)
class Place:
    """Which process this is.

    Attributes:
        rank: among all.
        world: how many there are.
        started: whether somebody else, torchrun or SLURM, has started them all.
    """

    rank: int = 0
    world: int = 1
    started: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str], run: RunPlan) -> Place:
        """What the environment says.

        Raises:
            TrainingError: there are as many processes as the plan says in no reading of it.

        Example:
            >>> Place.of({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "3"}, RunPlan(devices=4))
            Place(rank=3, world=4, started=True)
            >>> Place.of({}, RunPlan())
            Place(rank=0, world=1, started=False)
        """
        wanted = run.devices * run.nodes
        for rank, world in (("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_NTASKS")):
            if rank in environment and world in environment:
                place = cls(int(environment[rank]), int(environment[world]), started=True)
                if place.world == 1 and wanted == 1:
                    return cls()  # one task of a scheduler is no group of processes
                if place.world != wanted:
                    if rank == "SLURM_PROCID" and place.world == 1:
                        continue  # a shell on one machine, from which we start the processes
                    raise TrainingError(
                        f"{place.world} processes were started, but the plan has run.devices="
                        f"{run.devices} on run.nodes={run.nodes}; set them to what there is"
                    )
                return place
        if run.nodes > 1:
            raise TrainingError(
                f"run.nodes={run.nodes} wants a process for every device to be started on every "
                "machine, by torchrun or srun; docs/training.md shows how"
            )
        return cls(0, wanted)


def start_and_watch(folder: Path, count: int) -> int:
    """Start a training process for every device of this machine and wait for all of them.

    They are told of each other as torchrun tells it. Signals are passed on; when one process dies,
    the others are ended, for they would wait for it.

    Args:
        folder: of a run that has begun.
        count: how many.

    Returns:
        0 if all ended well, otherwise the exit code of the one that did not.

    Raises:
        TrainingError: one was killed from outside, for instance for want of memory.
    """
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "GROUP_RANK": "0",
    }
    command = [sys.executable, "-m", "lift15.training.worker", str(folder)]
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            start_new_session=True,  # Ctrl-C comes to this process, which passes it on once
        )
        for rank in range(count)
    ]

    def pass_on(number: int, frame: FrameType | None) -> None:
        for each in started:
            if each.poll() is None:
                each.send_signal(number)

    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.signal(number, pass_on) for number in asked}
    try:
        return _wait(started, folder)
    finally:
        _end(started)
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(started: Sequence[subprocess.Popen[bytes]], folder: Path) -> int:
    while True:
        codes = [each.poll() for each in started]
        if any(codes):
            break
        if all(code == 0 for code in codes):
            return 0
        time.sleep(0.1)
    # Who fails first may not be who is seen first: those that wait for it fail a moment later.
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(each.poll() is None for each in started):
        time.sleep(0.1)
    _end(started)
    killed = [(rank, -code) for rank, code in enumerate(codes) if code is not None and code < 0]
    if killed:
        rank, number = killed[0]
        raise TrainingError(
            f"process {rank} of {len(started)} was killed by {signal.Signals(number).name}, and "
            f"the run with it; the same command, or vfi train --resume {folder}, goes on from the "
            "state saved last"
        )
    return max(code for code in codes if code)


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for each in started:
        if each.poll() is None:
            each.kill()
        each.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""How fast training goes, what it waits for, and the memory it takes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.profilers import PassThroughProfiler

from lift15.data.batch import Batch
from lift15.training.watching.base import Watcher
from lift15.training.watching.journal import Journal

MB = 1e6


class FetchClock(PassThroughProfiler):
    """Adds up the time that the training loop waits for its next batch.

    Lightning reports every action to its profiler; this one listens to a single action and is put
    in place of the one that does nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._since: float | None = None

    def start(self, action_name: str) -> None:
        """An action begins."""
        if action_name.endswith(".train_dataloader_next"):
            self._since = time.perf_counter()

    def stop(self, action_name: str) -> None:
        """An action ends."""
        if action_name.endswith(".train_dataloader_next") and self._since is not None:
            self.seconds += time.perf_counter() - self._since
            self._since = None


class SpeedWatch(Watcher):
    """Records throughput, waiting and memory.

    ``speed/samples_per_second`` over all processes, ``speed/seconds_per_step`` and
    ``speed/waiting``, the share of the time that was spent waiting for data, 0 to 1, which is left
    out if the trainer has a profiler of its own; all since the last record, without validation and
    pictures. ``speed/hours`` is the time trained so far, without interruptions.
    ``memory/process_mb`` is what this process holds at the moment, ``memory/gpu_mb`` the most that
    torch had allocated on the GPU.
    """

    def __init__(self, journal: Journal, *, every: int) -> None:
        super().__init__(journal, every=every)
        self._clock: FetchClock | None = None
        self._samples = self._steps = 0
        self._seconds = 0.0
        self._start: float | None = None
        self._pause = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        super().on_train_start(trainer, pl_module)
        runner: Any = trainer  # whose profiler is set where type checkers do not see it
        if type(runner.profiler) is PassThroughProfiler:
            runner.profiler = FetchClock()
        self._clock = runner.profiler if isinstance(runner.profiler, FetchClock) else None
        self._restart(trainer.global_step)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validation is no training time."""
        self._pause = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Training goes on."""
        self.journal.aside_seconds += time.perf_counter() - self._pause

    def gather(self, trainer: pl.Trainer, module: Any, batch: Batch) -> None:
        """See :class:`Watcher`."""
        self._samples += len(batch)

    def record(self, trainer: pl.Trainer, module: Any, step: int) -> None:
        """See :class:`Watcher`."""
        elapsed = max(self._elapsed(), 1e-9)
        self._seconds += elapsed
        values = {
            "speed/samples_per_second": self._samples * trainer.world_size / elapsed,
            "speed/seconds_per_step": elapsed / max(step - self._steps, 1),
            "speed/hours": self._seconds / 3600.0,
            "memory/process_mb": resident_bytes() / MB,
        }
        if self._clock is not None:
            values["speed/waiting"] = self._clock.seconds / elapsed
        if trainer.strategy.root_device.type == "cuda":
            device = trainer.strategy.root_device
            values["memory/gpu_mb"] = torch.cuda.max_memory_allocated(device) / MB
        self.journal.numbers(step, values)
        self._restart(step)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint: the time so far."""
        return {"seconds": self._seconds + self._elapsed()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._seconds = state_dict["seconds"]

    def _elapsed(self) -> float:
        """Seconds of training since the last record."""
        return 0.0 if self._start is None else self._now() - self._start

    def _now(self) -> float:
        """A clock that stands still while something else is done."""
        return time.perf_counter() - self.journal.aside_seconds

    def _restart(self, step: int) -> None:
        self._samples, self._steps, self._start = 0, step, self._now()
        if self._clock is not None:
            self._clock.seconds = 0.0


def resident_bytes() -> int:
    """What this process holds in memory; where the system does not tell, the most it ever held.

    >>> resident_bytes() > 10**6
    True
    """
    import resource  # which Windows does not have

    listing = Path("/proc/self/statm")
    if listing.exists():
        return int(listing.read_text().split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024

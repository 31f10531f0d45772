"""Whether other processes disturb a measurement.

Ratios measured in turn survive a slow machine, but not a fight for its cores: threads of one
operation wait for each other, so one that is cut into many small parallel pieces loses far more
than one that runs few big ones, and their ratio with it.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

CLOCK = Path("/proc/stat")


class OtherWork:
    """Counts from its creation on how much the rest of the machine computes."""

    def __init__(self) -> None:
        self._start = _clocks()

    def cores(self) -> float | None:
        """Cores that other processes, or the host, kept busy; None if the system does not say.

        >>> work = OtherWork()
        >>> time.sleep(0.05)
        >>> work.cores() is None or 0.0 <= work.cores() <= os.cpu_count()
        True
        """
        if self._start is None or (now := _clocks()) is None:
            return None
        wall, everyone, own = (b - a for a, b in zip(self._start, now, strict=True))
        return round(min(max((everyone - own) / wall, 0.0), os.cpu_count() or 1), 2)


def wait_until_quiet(patience: float, *, limit: float = 0.1, probe: float = 3.0) -> None:
    """Wait until others use less than ``limit`` cores, but no longer than ``patience`` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        work = OtherWork()
        time.sleep(probe)
        busy = work.cores()
        if busy is None or busy < limit:
            return


def _clocks() -> tuple[float, float, float] | None:
    """Seconds on the wall, computed by everyone, computed by this process."""
    if not CLOCK.exists():
        return None
    ticks = [int(field) for field in CLOCK.read_text().split("\n", 1)[0].split()[1:9]]
    busy = sum(ticks) - ticks[3] - ticks[4]  # idle, and waiting for a disk
    own = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), busy / os.sysconf("SC_CLK_TCK"), own.ru_utime + own.ru_stime

"""Work that can be stopped: by whoever asked for it, by the clock, or when the server ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vfiblocks.errors import VfiError


class Stopped(VfiError):
    """Work ended before it was done, for the reason that the text tells."""


class Job:
    """One piece of work.

    Args:
        minutes: it may take.
    """

    def __init__(self, minutes: float) -> None:
        self._minutes = minutes
        self._end = time.monotonic() + 60 * minutes
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Let it end at its next :meth:`check`."""
        self._cancelled.set()

    def check(self) -> None:
        """Go on.

        Raises:
            Stopped: it was cancelled, or its time is used up.
        """
        if self._cancelled.is_set():
            raise Stopped("cancelled; nothing was kept")
        if time.monotonic() > self._end:
            raise Stopped(
                f"stopped: it took longer than the {self._minutes:g} min that this server gives; "
                "take fewer frames, smaller pictures or a faster model"
            )


class Jobs:
    """What is being worked on, by whom it was asked for.

    Args:
        minutes: that each may take.

    Example:
        >>> jobs = Jobs(minutes=1)
        >>> with jobs.running("a tab") as job:
        ...     jobs.cancel("a tab"), jobs.cancel("another tab")
        ...     job.check()
        Traceback (most recent call last):
        lift15.serve.jobs.Stopped: cancelled; nothing was kept
    """

    def __init__(self, *, minutes: float) -> None:
        self._minutes = minutes
        self._running: dict[str, list[Job]] = {}
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def running(self, tab: str) -> Iterator[Job]:
        """A job for a tab of somebody's browser, while the block runs."""
        job = Job(self._minutes)
        with self._lock:
            if self._closed:
                job.cancel()
            self._running.setdefault(tab, []).append(job)
        try:
            yield job
        finally:
            with self._lock:
                self._running[tab].remove(job)
                if not self._running[tab]:
                    del self._running[tab]

    def cancel(self, tab: str) -> bool:
        """Stop what a tab has asked for; whether anything was running."""
        with self._lock:
            jobs = list(self._running.get(tab, ()))
        for job in jobs:
            job.cancel()
        return bool(jobs)

    def close(self) -> None:
        """Stop everything, and all that still waits as soon as it begins."""
        with self._lock:
            self._closed = True
            jobs = [job for those in self._running.values() for job in those]
        for job in jobs:
            job.cancel()

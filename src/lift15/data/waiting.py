"""How much of the time a loop waits for its data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class WaitMeter(Generic[T]):
    """Goes through something and measures the share of time spent waiting for it.

    Near 0 the data keep up; near 1 the rest of the loop is idle, and more workers, smaller frames
    or a faster disk make training faster.

    Args:
        source: what to go through, such as a loader.
        clock: seconds.

    Example:
        A loop that waits a second for each thing and works three on it.

        >>> now = [0.0]
        >>> def slow():
        ...     for thing in "ab":
        ...         now[0] += 1.0
        ...         yield thing
        >>> meter = WaitMeter(slow(), clock=lambda: now[0])
        >>> for thing in meter:
        ...     now[0] += 3.0
        >>> meter.take()
        0.25
    """

    def __init__(self, source: Iterable[T], *, clock: Callable[[], float] = time.perf_counter):
        self.source = source
        self._clock = clock
        self._waited = 0.0
        self._since: float | None = None

    def __len__(self) -> int:
        return len(self.source)  # type: ignore[arg-type]  # where it has a length

    def __iter__(self) -> Iterator[T]:
        things = iter(self.source)
        while True:
            begun = self._clock()
            self._since = begun if self._since is None else self._since
            try:
                thing = next(things)
            except StopIteration:
                return
            finally:
                self._waited += self._clock() - begun
            yield thing

    @property
    def share(self) -> float:
        """Waiting divided by all time since the start or the last :meth:`take`; 0 before."""
        if self._since is None:
            return 0.0
        passed = self._clock() - self._since
        return min(1.0, self._waited / passed) if passed > 0.0 else 0.0

    def take(self) -> float:
        """The share, and begin to measure anew."""
        share = self.share
        self._waited, self._since = 0.0, self._clock()
        return share

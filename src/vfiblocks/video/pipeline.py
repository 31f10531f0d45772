"""Decoding, computing and encoding at the same time, each in a thread of its own.

Decoders and encoders let go of Python's lock while they work, and so does torch. On an accelerator
nothing then waits for pictures; where all share the same cores, gaps are filled.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL = 0.1  # seconds after which a waiting thread looks whether it is still wanted


def read_ahead(items: Iterable[T], *, depth: int = 4) -> Generator[T]:
    """The same items, the next few of them fetched in the background.

    An error comes out where it would have come out without the thread. Whoever stops early, stops
    the thread as well.

    Args:
        items: where they come from; used by the background thread only.
        depth: how many may wait.

    Example:
        >>> list(read_ahead(range(5), depth=2))
        [0, 1, 2, 3, 4]
    """
    line: _Line[T] = _Line(depth)

    def fetch() -> None:
        source = iter(items)
        try:
            for item in source:
                if not line.put(item):
                    return
            line.end(None)
        except BaseException as error:  # whatever it is, it belongs to whoever reads
            line.end(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = Thread(target=fetch, name="vfiblocks-read-ahead", daemon=True)
    thread.start()
    try:
        yield from line
    finally:
        line.abandon()
        thread.join()


@contextmanager
def write_behind(write: Callable[[T], None], *, depth: int = 4) -> Iterator[Callable[[T], None]]:
    """A function that hands items to ``write`` in the background, in order.

    Leaving the block waits until all are written. An error of ``write`` comes out at one of the
    next calls, or at the end of the block.

    Args:
        write: called by the background thread only.
        depth: how many items may wait; a call blocks while there are more.

    Example:
        >>> written = []
        >>> with write_behind(written.append) as put:
        ...     for number in range(3):
        ...         put(number)
        >>> written
        [0, 1, 2]
    """
    line: _Line[T] = _Line(depth)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for item in line:
                write(item)
        except BaseException as error:  # whatever it is, it belongs to whoever writes
            failed.append(error)
            line.abandon()

    def put(item: T) -> None:
        if not line.put(item):
            raise failed[0]

    thread = Thread(target=work, name="vfiblocks-write-behind", daemon=True)
    thread.start()
    try:
        yield put
        line.end(None)
    except BaseException:
        line.abandon()
        raise
    finally:
        thread.join()
    if failed:
        raise failed[0]


class _Line(Generic[T]):
    """Items in order from one thread to another, no more than so many waiting."""

    def __init__(self, depth: int) -> None:
        self._items: Queue[tuple[T] | _End] = Queue(max(1, depth))
        self._abandoned = Event()

    def put(self, item: T) -> bool:
        """Append; False if nobody will take it any more."""
        return self._put((item,))

    def end(self, error: BaseException | None) -> None:
        """Nothing follows; an error comes out at the other end."""
        self._put(_End(error))

    def abandon(self) -> None:
        """Neither side waits for the other any longer."""
        self._abandoned.set()

    def __iter__(self) -> Iterator[T]:
        while not self._abandoned.is_set():
            try:
                item = self._items.get(timeout=_POLL)
            except Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item[0]

    def _put(self, item: tuple[T] | _End) -> bool:
        while not self._abandoned.is_set():
            try:
                self._items.put(item, timeout=_POLL)
            except Full:
                continue
            return True
        return False


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error

"""Freed memory, kept for the next allocation."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
NEVER = -1
LARGE = 2**30


def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed, instead of handing it back to the system.

    For processes that make one picture after another on a CPU. Maps of a picture are so large that
    by default most go back to the system, and every page of the next one is faulted in anew: some
    15 % of the time at 256x448 (docs/streaming.md). The process then stays as large as it once was.

    It is a setting of the whole process, so nothing here makes it on its own.

    Returns:
        Whether it was done: it is a setting of the GNU C library (mallopt(3)).

    Example:
        >>> keep_freed_memory() in (True, False)
        True
    """
    return _set(LARGE, NEVER)


def hand_back_freed_memory() -> bool:
    """Undo it, to the limits that the library itself ends up with where large blocks are freed."""
    return _set(2**25, 2**26)


def _set(mmap_threshold: int, trim_threshold: int) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no such handle
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, mmap_threshold)) and bool(
        mallopt(M_TRIM_THRESHOLD, trim_threshold)
    )

"""What options of the data have to satisfy, with one message for all of them."""

from __future__ import annotations

import math

from vfiblocks.errors import InputError


def check_share(owner: str, name: str, value: float) -> None:
    """Refuse what is no probability.

    Raises:
        InputError: ``value`` is no number from 0 to 1.

    Example:
        >>> check_share("flips", "horizontal", 0.5)
    """
    if not _is_number(value) or not 0.0 <= value <= 1.0:
        raise InputError(f"{owner}: {name} is a probability from 0 to 1, got {value!r}")


def check_count(owner: str, name: str, value: int, *, least: int = 1) -> None:
    """Refuse what is no whole number from ``least`` up.

    Raises:
        InputError: as said.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{owner}: {name} is a whole number from {least} up, got {value!r}")


def check_size(owner: str, name: str, size: tuple[int, ...]) -> None:
    """Refuse what is neither empty nor a height and a width in pixels.

    Raises:
        InputError: as said.
    """
    if size == ():
        return
    if not isinstance(size, tuple) or len(size) != 2:
        raise InputError(f"{owner}: {name} is a height and a width in pixels, got {size!r}")
    for word, value in zip(("height", "width"), size, strict=True):
        check_count(owner, f"{word} of {name}", value)


def check_range(owner: str, name: str, value: float, *, below: float) -> None:
    """Refuse what does not lie from 0 up to, but not including, ``below``.

    Raises:
        InputError: as said.
    """
    if not _is_number(value) or not 0.0 <= value < below:
        raise InputError(f"{owner}: {name} lies from 0 to below {below:g}, got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""Numbers in file names: the order they give, and the gaps that they betray."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePath

from vfiblocks.errors import DataError

_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)")


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key for names and paths that compares runs of digits as numbers.

    >>> sorted(["f10.png", "f9.png"], key=natural_key)
    ['f9.png', 'f10.png']
    """
    pieces = re.split(r"(\d+)", name.lower())
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces if p], name


def runs(names: Sequence[str]) -> list[list[str]]:
    """Names of frames, split where one is missing.

    The last number of a name counts frames, in steps of any size as long as it is always the same.
    A run ends where a step differs from the usual one, and where what stands before the number
    changes. Names without numbers say nothing, and stay together.

    Args:
        names: in natural order.

    Raises:
        DataError: two names of one sequence have the same number.

    Example:
        >>> runs(["1.png", "2.png", "3.png", "7.png", "8.png"])
        [['1.png', '2.png', '3.png'], ['7.png', '8.png']]
        >>> runs(["a-000.png", "a-004.png", "a-008.png"])
        [['a-000.png', 'a-004.png', 'a-008.png']]
    """
    marks = [_mark(name) for name in names]
    if len(names) < 2 or all(number is None for _, number in marks):
        return [list(names)]
    steps = [_step(*pair) for pair in pairwise(marks)]
    if 0 in steps:
        at = steps.index(0)
        raise DataError(f"{names[at]} and {names[at + 1]} have the same number")
    known = [step for step in steps if step is not None]
    usual = statistics.median_low(known) if known else None
    found = [[names[0]]]
    for name, step in zip(names[1:], steps, strict=True):
        if step is None or step != usual:
            found.append([])
        found[-1].append(name)
    return found


def _mark(name: str) -> tuple[str, int | None]:
    """What stands before the last number, and the number."""
    stem = PurePath(name).stem
    match = _LAST_NUMBER.search(stem)
    return (stem, None) if match is None else (stem[: match.start()], int(match[1]))


def _step(before: tuple[str, int | None], after: tuple[str, int | None]) -> int | None:
    """How far two frames are apart; None if they are not of one sequence."""
    if before[0] != after[0] or before[1] is None or after[1] is None:
        return None
    return after[1] - before[1]

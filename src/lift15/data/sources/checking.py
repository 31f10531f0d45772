"""What is said about data that are not as they should be, in one voice for all kinds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from lift15.data.sources.base import Problem
from vfiblocks.errors import DataError

T = TypeVar("T")

SHORTEST = 3
"""Frames that a clip needs: one that is missing, and one on each side of it."""

TOO_SHORT = f"shorter than the {SHORTEST} that a window needs"

_NAMED = 5  # items that a message names before it only counts


def existing_folder(kind: str, root: str | Path) -> Path:
    """``root`` as a path, if it is a folder with something in it.

    Raises:
        DataError: it is not; the message says what is there instead.
    """
    if not str(root):
        raise DataError(f"'{kind}' reads from a folder; write {kind}:PATH")
    path = Path(root)
    if not path.is_dir() or not any(path.iterdir()):
        raise DataError(f"{kind}:{path}: {what_is_there(path)}")
    return path


def wrong_root(kind: str, root: Path, wanted: str) -> DataError:
    """The error for a folder that is no data set of this kind.

    Args:
        kind: the registered name.
        root: the folder.
        wanted: what should be in it, to follow "expected".
    """
    return DataError(f"{kind}:{root}: expected {wanted}; {what_is_there(root)}")


def what_is_there(path: Path) -> str:
    """The first few entries of a folder, in words.

    >>> what_is_there(Path("/no/such/folder"))
    'there is no such folder'
    """
    if not path.exists():
        return "there is no such folder"
    if not path.is_dir():
        return "it is a file and no folder"
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in path.iterdir())
    if not names:
        return "the folder is empty"
    return f"the folder holds {enumerated(names)}"


def enumerated(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are.

    >>> enumerated(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def count_of_frames(count: int) -> str:
    """A number of frames in words.

    >>> count_of_frames(1), count_of_frames(0)
    ('1 frame', '0 frames')
    """
    return f"{count} frame{'' if count == 1 else 's'}"


def mixed(sizes: Sequence[tuple[int, int]]) -> str:
    """What is wrong with a clip whose pictures have several (width, height)."""
    words = " and ".join(f"{width}x{height}" for width, height in sizes[:3])
    return f"its pictures have several sizes, {words}{' and more' if len(sizes) > 3 else ''}"


def settle(
    name: str, found: Iterable[T | Problem], *, skip_bad: bool
) -> tuple[list[T], tuple[Problem, ...]]:
    """Part the items that can be used from those that cannot.

    Args:
        name: of the source, for the message.
        found: items, and problems in the place of bad ones.
        skip_bad: go on without the bad ones.

    Raises:
        DataError: there are bad items and they are not to be skipped, or nothing else is there.
    """
    items: list[T] = []
    problems: list[Problem] = []
    for entry in found:
        if isinstance(entry, Problem):
            problems.append(entry)
        else:
            items.append(entry)
    if problems and not (skip_bad and items):
        raise DataError(_bad(name, problems, len(items) + len(problems)))
    if not items:
        raise DataError(f"{name}: there are no clips")
    return items, tuple(problems)


def chosen(kind: str, option: str, value: str, choices: Iterable[str]) -> str:
    """``value`` if it is one of the choices.

    Raises:
        DataError: it is not; all choices are named.
    """
    known = tuple(choices)
    if value not in known:
        raise DataError(
            f"{option} of '{kind}' is one of {', '.join(map(repr, known))}, got {value!r}"
        )
    return value


def subfolders(folder: Path) -> list[str]:
    """Names of the folders in a folder, hidden ones left out, in the order of their names."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder from ``folder`` down with the names of its files; hidden folders are left out.

    Links are followed, but none leads to a folder that was seen before.
    """
    seen = set()
    for path, folders, names in os.walk(folder, followlinks=True):
        place = os.path.realpath(path)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(path), names


def _bad(name: str, problems: list[Problem], total: int) -> str:
    shown = "; ".join(str(problem) for problem in problems[:_NAMED])
    more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
    if len(problems) == total:
        everything = "the only item is bad" if total == 1 else f"all {total} items are bad"
        return f"{name}: {everything}: {shown}{more}"
    verb = "is" if len(problems) == 1 else "are"
    return (
        f"{name}: {len(problems)} of {total} items {verb} bad: {shown}{more}. "
        "Repair them, or leave them out with --skip-bad"
    )

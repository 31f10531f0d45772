"""What all readers share: roots that are none, and files that are missing or empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from lift15.data.sources.base import Problem
from lift15.data.sources.checking import subfolders, what_is_there
from lift15.evaluation.items import Benchmark, Item, Ref
from lift15.evaluation.protocols.base import READERS, Protocol
from vfiblocks.errors import DataError, InputError

NAMED = 5  # items that a message names before it only counts


def check_root(root: Path, wanted: str, looks_right: Callable[[Path], bool]) -> None:
    """Refuse a root that holds something else, and say what it holds.

    Args:
        root: what the user gave.
        wanted: what should be there, in words.
        looks_right: whether a folder is such a root.

    Raises:
        DataError: naming what was expected, what is there, and the right folder if it is near.
    """
    hint = ""
    if root.is_dir():
        if looks_right(root):
            return
        near = (*folders(root), root.absolute().parent)
        meant = next((folder for folder in near if looks_right(folder)), None)
        hint = f"; did you mean {meant}?" if meant is not None else ""
    raise DataError(f"{root}: expected {wanted}; {what_is_there(root)}{hint}")


def read_benchmark(protocol: Protocol, root: Path, *, incomplete: bool = False) -> Benchmark:
    """The items of a protocol's benchmark.

    Args:
        protocol: names the reader and its options.
        root: where the data are.
        incomplete: accept one that lacks items.

    Raises:
        DataError: the root holds something else; or items are missing and are not to be left out.
        InputError: an option that the reader does not have.
    """
    part = protocol.reader
    known = READERS.options(part.name)
    if unknown := sorted(set(part.options) - set(known)):
        raise InputError(
            f"protocol {protocol.name}: reader '{part.name}' has no option {unknown[0]!r}; it has "
            f"{', '.join(known) or 'none'}"
        )
    benchmark = READERS.get(part.name)(root, **part.options)
    count = len(benchmark.items) + len(benchmark.missing)
    shown = [str(problem) for problem in benchmark.missing[:NAMED]]
    more = len(benchmark.missing) - len(shown)
    named = "; ".join(shown) + (f"; and {more:,} more" if more else "")
    if not benchmark.items:
        bad = [f"all {count:,} items are bad: {named}"] if named else []
        why = "; ".join([*bad, *benchmark.notes]) or "is the download finished?"
        raise DataError(f"{protocol.name}: {root}: there is nothing to measure; {why}")
    if incomplete or not (named or benchmark.shortage):
        return benchmark
    found = [f"only {benchmark.shortage} are there"] if benchmark.shortage else []
    if named:
        found.append(f"{len(benchmark.missing):,} of {count:,} items are bad: {named}")
    raise DataError(
        f"{protocol.name}: {root}: {', and '.join(found)}. Finish the download, or measure the "
        f"other {len(benchmark.items):,} with --incomplete"
    )


def sort_out(items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Problem, ...]]:
    """Items whose references and target exist, and the others with what they lack.

    A file of no bytes counts as missing. Context further out that is missing becomes None.
    """
    whole, missing = [], []
    for item in items:
        needed = (item.before[0], item.target, item.after[0])
        lost = [ref.path for ref in needed if ref is not None and not is_there(ref.path)]
        if lost:
            missing.append(Problem(item.name, f"no {' or '.join(path.name for path in lost)}"))
            continue
        before, after = _existing(item.before), _existing(item.after)
        whole.append(Item(item.name, item.scene, item.target, before, after, item.time, item.step))
    is_there.cache_clear()
    return tuple(whole), tuple(missing)


@lru_cache(maxsize=4096)
def is_there(path: Path) -> bool:
    """Whether there is a file with something in it."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def folders(root: Path) -> list[Path]:
    """The folders in a folder that are not hidden, by name."""
    return [root / name for name in subfolders(root)]


def _existing(frames: Sequence[Ref | None]) -> tuple[Ref | None, ...]:
    kept = [ref if ref is not None and is_there(ref.path) else None for ref in frames]
    while kept[-1] is None:  # nothing further out
        kept.pop()
    return tuple(kept)

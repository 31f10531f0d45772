"""From a folder of video files to clips: finding, indexing, dividing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lift15.data.sources.base import Clip, Problem
from lift15.data.sources.checking import (
    SHORTEST,
    TOO_SHORT,
    count_of_frames,
    enumerated,
    existing_folder,
    walk,
    wrong_root,
)
from lift15.data.sources.numbering import natural_key
from lift15.data.sources.video_index import IndexStore, VideoIndex
from lift15.data.sources.video_runs import RunRules, uneven_steps
from vfiblocks.errors import VideoError

SUFFIXES = (
    ".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".mxf", ".ogv", ".ts", ".webm", ".wmv", ".y4m",
)  # fmt: skip
"""What counts as a video in a folder; a single file may be called anything."""

_AT_ONCE = 4  # videos that are indexed side by side; decoding each uses several threads already


@dataclass(frozen=True)
class Run:
    """A clip and the frames of a video that it consists of.

    Args:
        clip: what the source offers.
        path: the video.
        index: what is known of it; runs of one video share it.
        numbers: of the video's frames, ascending.
    """

    clip: Clip
    path: Path
    index: VideoIndex
    numbers: NDArray[np.int64]


def is_video(name: str) -> bool:
    """Whether a file name is that of a video that is not hidden.

    >>> is_video("a.MP4"), is_video("a.png"), is_video("._a.mp4")
    (True, False, False)
    """
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def video_files(kind: str, root: str | Path) -> dict[str, Path]:
    """Videos by their paths below the root, in natural order; a single file by its own name.

    Raises:
        DataError: there are none.
    """
    if str(root) and Path(root).is_file():
        return {Path(root).name: Path(root)}
    folder = existing_folder(kind, root)
    files = {
        (path / name).relative_to(folder).as_posix(): path / name
        for path, names in walk(folder)
        for name in names
        if is_video(name)
    }
    if not files:
        raise wrong_root(kind, folder, f"video files ({', '.join(SUFFIXES)}), in it or below")
    return {name: files[name] for name in sorted(files, key=natural_key)}


class Divider:
    """Makes clips of videos, and remembers what a user should know about it.

    Args:
        store: where indexes are.
        cuts: threshold for cuts, None not to look for any.
        rules: how to divide.
        scene: gives the scene of a video by its name.
    """

    def __init__(
        self,
        store: IndexStore,
        *,
        cuts: float | None,
        rules: RunRules,
        scene: Callable[[str], str],
    ) -> None:
        self._store = store
        self._cuts = cuts
        self._rules = rules
        self._scene = scene
        self._told: dict[str, list[str]] = {}

    def clips(self, files: Sequence[tuple[str, Path]]) -> Iterator[Run | Problem]:
        """The clips of some videos, in their order, and what is wrong with the others.

        Args:
            files: names and paths.

        Raises:
            MissingDependency: PyAV, or what finds cuts, is not installed.
        """
        pool = ThreadPoolExecutor(max_workers=min(_AT_ONCE, os.cpu_count() or 1))
        try:
            for (name, path), index in zip(files, pool.map(self._index, files), strict=True):
                if isinstance(index, Problem):
                    yield index
                else:
                    yield from self._divided(name, path, index)
        finally:  # Ctrl-C must not wait for what is not wanted any more
            self._store.stopped = True
            pool.shutdown(cancel_futures=True)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know, in plain sentences."""
        notes = [f"{what}: {enumerated(names)}" for what, names in self._told.items()]
        if self._store.trouble:
            notes.append(
                "what was seen of the videos could not be stored, so that they will be looked "
                f"through again the next time ({self._store.trouble}); choose another index_dir"
            )
        return tuple(notes)

    def _index(self, file: tuple[str, Path]) -> VideoIndex | Problem:
        name, path = file
        try:
            return self._store.get(path, cuts=self._cuts)
        except VideoError as error:
            return Problem(name, str(error).removeprefix(f"{path}: "))

    def _divided(self, name: str, path: Path, index: VideoIndex) -> Iterator[Run | Problem]:
        if len(index) < SHORTEST:
            yield Problem(name, f"{count_of_frames(len(index))}, {TOO_SHORT}")
            return
        runs = self._rules.runs(index)
        if not runs:
            yield Problem(
                name,
                f"nowhere are {self._rules.shortest} frames in a row without a cut, a repeated "
                "frame and an uneven step in time; timing=keep and repeats=keep allow the latter",
            )
            return
        self._tell(name, index)
        dropped = 0 if self._rules.repeats == "keep" else len(index.repeats)
        whole = len(runs[0]) == len(index) - dropped
        for run in runs:
            part = name if whole else f"{name}#{run[0]}-{run[-1]}"
            yield Run(Clip(part, len(run), self._scene(name)), path, index, run)

    def _tell(self, name: str, index: VideoIndex) -> None:
        rules = self._rules
        if index.shots:
            self._note("divided at cuts", name)
        if uneven_steps(index).any():
            done = "divided there" if rules.timing == "split" else "taken as they are"
            self._note(f"steps in time are uneven, {done}", name)
        if index.repeats:
            done = "taken as they are" if rules.repeats == "keep" else "left out"
            self._note(f"frames repeat the one before, {done}", name)
        for note in index.notes:
            self._note(note, name)

    def _note(self, what: str, name: str) -> None:
        self._told.setdefault(what, []).append(name)

"""Clips that are folders of pictures: what every data set of that kind shares."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lift15.data.sources.base import Clip, Problem
from lift15.data.sources.cache import Picture
from lift15.data.sources.checking import (
    SHORTEST,
    TOO_SHORT,
    count_of_frames,
    enumerated,
    existing_folder,
    mixed,
    settle,
)
from lift15.data.sources.numbering import natural_key, runs
from lift15.data.sources.picture_source import PictureSource
from lift15.data.sources.pictures import is_picture, picture_size, read_picture
from vfiblocks.errors import DataError


class Pictures(NamedTuple):
    """A clip and where its frames are.

    Attributes:
        clip: what the source offers.
        folder: below the root, with forward slashes.
        files: names in the folder, one per frame.
    """

    clip: Clip
    folder: str
    files: tuple[str, ...]


class FrameFolders(PictureSource):
    """A source whose clips are lists of picture files.

    A kind says where its clips are in :meth:`_find`; nothing else is left to do.

    Args:
        root: the folder of the data set.
        skip_bad: leave out items that are incomplete, and list them in ``problems``.
        thorough: decode every picture once on opening, so that damaged ones count as bad too.
        max_side: see :class:`PictureSource`; so are the three below.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: the root is no such data set, or items are bad and not to be skipped.
    """

    kind: str

    def __init__(
        self,
        root: str | Path,
        *,
        skip_bad: bool = False,
        thorough: bool = False,
        max_side: int = 0,
        scale: float = 1.0,
        cache: int = 0,
        cache_dir: str = "",
    ) -> None:
        super().__init__(max_side=max_side, scale=scale, cache=cache, cache_dir=cache_dir)
        self.root = existing_folder(self.kind, root)
        self.name = f"{self.kind}:{root}"
        self._stamps: dict[int, str] = {}
        self._split: list[str] = []
        found = self._find()
        if thorough:
            found = map(self._tried, found)
        self._items, self.problems = settle(self.name, found, skip_bad=skip_bad)
        self.clips = tuple(item.clip for item in self._items)
        if self._split:
            self.notes = (
                f"split where numbers are missing among the files: {enumerated(self._split)}",
            )

    @abstractmethod
    def _find(self) -> Iterator[Pictures | Problem]:
        """The clips below ``root``, in an order that depends on the data alone."""

    def _decoded(self, clip: int, numbers: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        item = self._items[clip]
        for number in numbers:
            try:
                yield number, read_picture(self.root / item.folder / item.files[number])
            except DataError as error:
                raise DataError(
                    f"{self.name}: {item.clip.name}, frame {number}: {error}; replace it, or leave "
                    "the clip out with the option thorough=1 and --skip-bad"
                ) from error

    def _stamp(self, clip: int) -> str:
        if clip not in self._stamps:
            item = self._items[clip]
            known = [(stat.st_size, stat.st_mtime_ns) for stat in self._stats(item)]
            text = f"{(self.root / item.folder).resolve()}/{item.files}/{known}"
            self._stamps[clip] = hashlib.sha256(text.encode()).hexdigest()
        return self._stamps[clip]

    def _file_sizes(self) -> Iterator[list[int]]:
        for item in self._items:
            yield [stat.st_size for stat in self._stats(item)]

    def _stats(self, item: Pictures) -> list[os.stat_result]:
        try:
            return [os.stat(self.root / item.folder / name) for name in item.files]
        except OSError as error:
            raise DataError(f"{self.name}: {item.clip.name}: {error.filename} is gone") from error

    def _tried(self, item: Pictures | Problem) -> Pictures | Problem:
        if isinstance(item, Problem):
            return item
        sizes = set()
        for name in item.files:
            try:
                sizes.add(read_picture(self.root / item.folder / name).shape)
            except DataError as error:
                return Problem(item.clip.name, str(error))
        if len(sizes) > 1:
            return Problem(item.clip.name, mixed(sorted((w, h) for h, w, _ in sizes)))
        return item

    def _listed(self, clip: Clip, folder: str, files: tuple[str, ...]) -> Pictures | Problem:
        """A clip whose files must be these, or what is missing of them."""
        try:
            there = set(os.listdir(self.root / folder))
        except FileNotFoundError:
            return Problem(clip.name, "the folder is missing")
        except OSError as error:
            return Problem(clip.name, f"the folder cannot be read: {error.strerror}")
        missing = [name for name in files if name not in there]
        if missing:
            others = "is" if len(missing) == 1 else f"and {len(missing) - 1} more are"
            return Problem(clip.name, f"{missing[0]} {others} missing, of {len(files)} files")
        return Pictures(clip, folder, files)

    def _numbered(self, name: str, scene: str, folder: str) -> Iterator[Pictures | Problem]:
        """The pictures of a folder in order of their numbers, as one clip or split at gaps."""
        try:
            files = sorted(filter(is_picture, os.listdir(self.root / folder)), key=natural_key)
            sizes = {picture_size(self.root / folder / file) for file in files} - {None}
            found = runs(files)
        except (DataError, OSError) as error:
            yield Problem(name, str(error))
            return
        if len(files) < SHORTEST:
            yield Problem(name, f"{count_of_frames(len(files))}, {TOO_SHORT}")
        elif len(sizes) > 1:
            yield Problem(name, mixed(sorted(size for size in sizes if size)))
        elif len(found) == 1:
            yield Pictures(Clip(name, len(files), scene), folder, tuple(files))
        else:
            self._split.append(name)
            usable = [run for run in found if len(run) >= SHORTEST]
            for run in usable:
                part = f"{name}#{Path(run[0]).stem}-{Path(run[-1]).stem}"
                yield Pictures(Clip(part, len(run), scene), folder, tuple(run))
            if not usable:
                yield Problem(name, f"its numbers have so many gaps that no {SHORTEST} follow on")

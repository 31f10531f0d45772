"""DAVIS: short scenes of one moving thing, chosen for segmentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import SOURCES, Problem
from lift15.data.sources.checking import subfolders, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures
from lift15.data.sources.lists import inside, read_list


@SOURCES.register("davis")
class Davis(FrameFolders):
    """DAVIS 2016 or 2017 (Pont-Tuset et al., 2017): ``JPEGImages/480p/bear/00000.jpg`` and so on.

    A scene is a sequence. What papers on interpolation report for "DAVIS" is measured on these very
    sequences: do not train on them where such a number is wanted.

    Args:
        root: the folder that holds ``JPEGImages`` and ``ImageSets``.
        list: a file of ``ImageSets`` without its suffix, such as "train" or "val"; "all" for
            every sequence that is there.
        sets: the folder of ``ImageSets`` that holds the list: "2016", "2017", or "480p" as in the
            first release, whose lists name every picture.
        resolution: "480p", or "Full-Resolution" or "1080p" where these were downloaded.
        skip_bad: see :class:`FrameFolders`; so are the five below.
        thorough: see there.
        max_side: see there.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: see :class:`FrameFolders`.
    """

    kind = "davis"

    def __init__(
        self,
        root: str | Path,
        *,
        list: str = "train",
        sets: str = "2017",
        resolution: str = "480p",
        skip_bad: bool = False,
        thorough: bool = False,
        max_side: int = 0,
        scale: float = 1.0,
        cache: int = 0,
        cache_dir: str = "",
    ) -> None:
        self.list = list
        self.sets = sets
        self.resolution = resolution
        super().__init__(
            root,
            skip_bad=skip_bad,
            thorough=thorough,
            max_side=max_side,
            scale=scale,
            cache=cache,
            cache_dir=cache_dir,
        )

    def _find(self) -> Iterator[Pictures | Problem]:
        folder = f"JPEGImages/{self.resolution}"
        if not (self.root / folder).is_dir():
            raise wrong_root(self.kind, self.root, f"{folder}/SEQUENCE/00000.jpg")
        there = set(subfolders(self.root / folder))
        for name in sorted(there) if self.list == "all" else self._named():
            if name in there:
                yield from self._numbered(name, name, f"{folder}/{name}")
            else:
                yield Problem(name, "the folder is missing")

    def _named(self) -> Iterator[str]:
        path = self.root / "ImageSets" / self.sets / f"{self.list}.txt"
        if not path.is_file():
            raise wrong_root(
                self.kind,
                self.root,
                f"ImageSets/{self.sets}/{self.list}.txt, for list={self.list} and "
                f"sets={self.sets} (list=all needs no file)",
            )
        seen = set()
        for entry in read_list(path):
            # Either a sequence, or "/JPEGImages/480p/bear/00000.jpg /Annotations/..."
            parts = inside(path, entry.split()[0].lstrip("/")).split("/")
            name = parts[-2] if len(parts) > 1 else parts[0]
            if name not in seen:
                seen.add(name)
                yield name

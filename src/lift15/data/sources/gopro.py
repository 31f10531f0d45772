"""GOPRO: hand-held street scenes at 240 frames per second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import SOURCES, Problem
from lift15.data.sources.checking import chosen, subfolders, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures


@SOURCES.register("gopro")
class GoPro(FrameFolders):
    """GOPRO_Large_all (Nah et al., CVPR 2017): 22 sequences to train on and 11 for tests, 1280x720.

    ``train/GOPR0372_07_00/000047.png`` and so on. The scene is the name without its last part:
    ``GOPR0372_07_00`` and ``GOPR0372_07_01`` are one walk, cut in two. Where numbers are missing, a
    sequence becomes several clips.

    Args:
        root: the folder that holds ``train`` and ``test``.
        split: "train" or "test"; a source of the latter is ``held_out``.
        skip_bad: see :class:`FrameFolders`; so are the five below.
        thorough: see there.
        max_side: see there.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: see :class:`FrameFolders`.
    """

    kind = "gopro"

    def __init__(
        self,
        root: str | Path,
        *,
        split: str = "train",
        skip_bad: bool = False,
        thorough: bool = False,
        max_side: int = 0,
        scale: float = 1.0,
        cache: int = 0,
        cache_dir: str = "",
    ) -> None:
        self.split = chosen(self.kind, "split", split, ("train", "test"))
        self.held_out = split == "test"
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
        folder = self.root / self.split
        names = subfolders(folder) if folder.is_dir() else []
        if not names:
            raise wrong_root(self.kind, self.root, f"{self.split}/SEQUENCE/000001.png")
        if (folder / names[0] / "sharp").is_dir():
            raise wrong_root(
                self.kind,
                self.root,
                f"GOPRO_Large_all, all of whose frames are sharp, with pictures right in "
                f"{self.split}/{names[0]}; this is GOPRO_Large, which has sharp/ and blur/ there",
            )
        for name in names:
            yield from self._numbered(name, name.rpartition("_")[0] or name, f"{self.split}/{name}")

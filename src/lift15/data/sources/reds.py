"""REDS: hand-held scenes at 24 frames per second, made from 120."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import SOURCES, Clip, Problem
from lift15.data.sources.checking import chosen, subfolders, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures

FRAMES = 100


@SOURCES.register("reds")
class Reds(FrameFolders):
    """The sharp frames of REDS (Nah et al., CVPRW 2019): 240 + 30 clips of 100 frames, 1280x720.

    ``train_sharp/000/00000000.png`` to ``00000099.png``. The official archives bring a folder more,
    ``train/train_sharp`` and ``val/val_sharp``; both are found, and the root may also be the folder
    with the clips itself. A scene is a clip.

    Args:
        root: the folder.
        split: "train" or "val".
        skip_bad: see :class:`FrameFolders`; so are the five below.
        thorough: see there.
        max_side: see there.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: see :class:`FrameFolders`.
    """

    kind = "reds"

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
        self.split = chosen(self.kind, "split", split, ("train", "val"))
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
        folder = self._folder()
        files = tuple(f"{number:08d}.png" for number in range(FRAMES))
        for name in subfolders(self.root / folder):
            if name.isdecimal():
                yield self._listed(Clip(name, FRAMES, scene=name), folder + name, files)

    def _folder(self) -> str:
        wanted = f"{self.split}_sharp"
        for folder in (f"{self.split}/{wanted}/", f"{wanted}/"):
            if (self.root / folder).is_dir():
                return folder
        if self.root.name == wanted and any(map(str.isdecimal, subfolders(self.root))):
            return ""
        raise wrong_root(self.kind, self.root, f"{wanted}/000/00000000.png")

"""Adobe240: videos of 240 frames per second, as folders of extracted frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import SOURCES, Problem
from lift15.data.sources.checking import chosen, subfolders, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures

_SPLITS = ("train", "valid", "test")


@SOURCES.register("adobe240")
class Adobe240(FrameFolders):
    """The videos of Deep Video Deblurring (Su et al., CVPR 2017), a folder of frames for each.

    The usual extraction writes ``frame/train/VIDEO/0.png`` and so on, with ``valid`` and ``test``
    beside ``train``. The root is the folder ``frame`` or the one that holds it. A scene is a video.

    Args:
        root: the folder.
        split: "train", "valid", "test", or "none" where the root holds the videos' folders
            themselves. A source of "test" is ``held_out``.
        skip_bad: see :class:`FrameFolders`; so are the five below.
        thorough: see there.
        max_side: see there.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: see :class:`FrameFolders`.
    """

    kind = "adobe240"

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
        self.split = chosen(self.kind, "split", split, (*_SPLITS, "none"))
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
        folder = "frame/" if (self.root / "frame").is_dir() else ""
        if self.split != "none":
            folder += f"{self.split}/"
        names = subfolders(self.root / folder) if (self.root / folder).is_dir() else []
        if not names:
            raise wrong_root(
                self.kind,
                self.root,
                f"{folder}VIDEO/0.png (split=none where the videos' folders are in the root)",
            )
        if self.split == "none" and set(names) & set(_SPLITS):
            raise wrong_root(
                self.kind, self.root, "folders of videos, for split=none; choose one of the splits"
            )
        for name in names:
            yield from self._numbered(name, name, folder + name)

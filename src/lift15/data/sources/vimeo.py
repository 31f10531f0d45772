"""What the two parts of Vimeo-90K have in common: list files, and equally many frames a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import Clip, Problem
from lift15.data.sources.checking import chosen, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures
from lift15.data.sources.lists import inside, read_list


class Vimeo(FrameFolders):
    """Vimeo-90K (Xue et al., IJCV 2019): 448x256, one clip per line of an official list.

    The scene of a clip is the first part of its path, as in ``00001/0266``: a folder holds up to a
    thousand clips, neighbours of which were cut from the same video.

    Args:
        root: the folder that holds ``sequences`` and the list files.
        list: "train" or "test". The test list is for evaluation alone: a source of it is
            ``held_out``, and neither trained on nor used to choose a model.
        skip_bad: see :class:`FrameFolders`; so are the five below.
        thorough: see there.
        max_side: see there.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: see :class:`FrameFolders`.
    """

    prefix: str
    frames: int

    def __init__(
        self,
        root: str | Path,
        *,
        list: str = "train",
        skip_bad: bool = False,
        thorough: bool = False,
        max_side: int = 0,
        scale: float = 1.0,
        cache: int = 0,
        cache_dir: str = "",
    ) -> None:
        self.list = chosen(self.kind, "list", list, ("train", "test"))
        self.held_out = list == "test"
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
        path = self.root / f"{self.prefix}_{self.list}list.txt"
        if not path.is_file() or not (self.root / "sequences").is_dir():
            raise wrong_root(
                self.kind, self.root, f"the folders sequences/NNNNN/NNNN and the list {path.name}"
            )
        files = tuple(f"im{number}.png" for number in range(1, self.frames + 1))
        for entry in read_list(path):
            name = inside(path, entry)
            clip = Clip(name, self.frames, scene=name.partition("/")[0])
            yield self._listed(clip, f"sequences/{name}", files)

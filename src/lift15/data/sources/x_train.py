"""X-TRAIN: short clips of 1000 frames per second with large motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import SOURCES, Clip, Problem
from lift15.data.sources.checking import subfolders, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures
from vfiblocks.errors import DataError

FRAMES = 65


@SOURCES.register("x-train")
class XTrain(FrameFolders):
    """X-TRAIN of X4K1000FPS (Sim et al., ICCV 2021): 4,408 clips of 65 frames, 768x768.

    ``train/002/occ008.320/0000.png`` to ``0064.png``, as the authors' ``mp4_decoding.py`` leaves
    them. The scene is the first part, one of 110 takes. The root is the folder ``train`` or the one
    that holds it. See :class:`FrameFolders` for the options.

    Raises:
        DataError: see :class:`FrameFolders`; also if the clips are still encoded.
    """

    kind = "x-train"

    def _find(self) -> Iterator[Pictures | Problem]:
        folder = "train/" if (self.root / "train").is_dir() else ""
        files = tuple(f"{number:04d}.png" for number in range(FRAMES))
        empty = True
        for scene in subfolders(self.root / folder):
            for take in subfolders(self.root / folder / scene):
                empty = False
                name = f"{scene}/{take}"
                yield self._listed(Clip(name, FRAMES, scene), folder + name, files)
        if empty:
            _refuse_encoded(self.root)
            raise wrong_root(
                self.kind, self.root, "train/SCENE/CLIP/0000.png, such as train/002/occ008.320"
            )


def _refuse_encoded(root: Path) -> None:
    encoded = next(root.rglob("occ*.mp4"), None)
    if encoded is not None:
        raise DataError(
            f"x-train:{root}: holds encoded clips ({encoded.relative_to(root)}); decode them with "
            "the authors' mp4_decoding.py, or read them as "
            "videos:PATH?cuts=0&repeats=keep&scene=^[^/]*"
        )

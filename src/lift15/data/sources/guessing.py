"""What kind of data a path holds, where there is no doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lift15.data.sources.checking import walk, what_is_there
from lift15.data.sources.pictures import is_picture
from lift15.data.sources.video_clips import is_video
from vfiblocks.errors import DataError

_ENOUGH = 2000  # entries that are looked at; every kind shows itself long before


def guess_kind(path: Path) -> str:
    """The registered kind of data at a path.

    Official data sets are known by the files and folders that only they have; anything else is
    "videos" or "frames", by what is in it.

    Raises:
        DataError: there is nothing, nothing that is known, or more than one kind.
    """
    if path.is_file():
        if is_video(path.name):
            return "videos"
        raise DataError(
            f"{path}: is a file whose name is not that of a video; if it is one all the same, "
            f"write videos:{path}"
        )
    if not path.is_dir() or not any(path.iterdir()):
        raise DataError(f"{path}: {what_is_there(path)}")
    kinds = [kind for kind, fits in _SIGNS.items() if fits(path)] or _free_form(path)
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise DataError(
            f"{path}: looks like {' and like '.join(kinds)}; say which: "
            f"{' or '.join(f'{kind}:{path}' for kind in kinds)}"
        )
    raise DataError(
        f"{path}: it is not clear what kind of data this is ({what_is_there(path)}); write "
        "KIND:PATH"
    )


def _has_files(*names: str) -> Callable[[Path], bool]:
    return lambda path: any((path / name).is_file() for name in names)


def _has_folders(*names: str) -> Callable[[Path], bool]:
    return lambda path: any((path / name).is_dir() for name in names)


def _below(pattern: str) -> Callable[[Path], bool]:
    return lambda path: next(path.glob(pattern), None) is not None


_SIGNS: dict[str, Callable[[Path], bool]] = {
    "vimeo-septuplet": _has_files("sep_trainlist.txt", "sep_testlist.txt"),
    "vimeo-triplet": _has_files("tri_trainlist.txt", "tri_testlist.txt"),
    "davis": _has_folders("JPEGImages"),
    "reds": _has_folders("train_sharp", "val_sharp", "train/train_sharp", "val/val_sharp"),
    "gopro": _below("t*/GOPR*_*_*/*.png"),
    "x-train": _below("train/*/occ*/0000.png"),
}


def _free_form(path: Path) -> list[str]:
    """Videos, pictures, or both."""
    found = set()
    seen = 0
    for _, names in walk(path):
        seen += len(names)
        found |= {"videos" for name in names if is_video(name)}
        found |= {"frames" for name in names if is_picture(name)}
        if seen > _ENOUGH:
            break
    return sorted(found)

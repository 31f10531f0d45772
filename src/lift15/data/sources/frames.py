"""Any folder of folders of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lift15.data.sources.base import SOURCES, Problem
from lift15.data.sources.checking import walk, wrong_root
from lift15.data.sources.frame_folders import FrameFolders, Pictures
from lift15.data.sources.naming import Choice, SceneNamer
from lift15.data.sources.numbering import natural_key
from lift15.data.sources.pictures import SUFFIXES, is_picture


@SOURCES.register("frames")
class Frames(FrameFolders):
    """Every folder below the root that holds pictures is a clip, taken for one shot.

    Frames are in natural order: ``frame9.png`` comes before ``frame10.png``. Where numbers are
    missing, a folder becomes several clips. The scene is the first part of a folder's path below
    the root. Neither cuts nor repeated frames are looked for.

    Args:
        root: the folder; it may hold the pictures of one clip itself.
        match: see :class:`Choice`; names are folders below the root, such as ``beach/take3``.
        list: see :class:`Choice`.
        scene: see :class:`SceneNamer`.
        skip_bad: see :class:`FrameFolders`; so are the five below.
        thorough: see there.
        max_side: see there.
        scale: see there.
        cache: see there.
        cache_dir: see there.

    Raises:
        DataError: see :class:`FrameFolders`.
    """

    kind = "frames"

    def __init__(
        self,
        root: str | Path,
        *,
        match: str = "*",
        list: str = "",
        scene: str = "",
        skip_bad: bool = False,
        thorough: bool = False,
        max_side: int = 0,
        scale: float = 1.0,
        cache: int = 0,
        cache_dir: str = "",
    ) -> None:
        self._choice = Choice(match, list)
        self._scene = SceneNamer(scene)
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
        files = _folders(self.root)
        pictured = {folder for folder, names in files.items() if any(map(is_picture, names))}
        if not pictured:
            raise wrong_root(self.kind, self.root, f"folders of pictures ({', '.join(SUFFIXES)})")
        for folder in self._choice([*files]):
            # The root itself has no name that two machines need agree on but its own
            name = folder or self.root.resolve().name
            if folder in pictured:
                scene = self._scene(name, usual=name.partition("/")[0])
                yield from self._numbered(name, scene, folder)
            elif not files[folder] and not any((self.root / folder).iterdir()):
                yield Problem(name, "the folder is empty")
        for name in self._choice.missing([*files]):
            yield Problem(name, "is listed, but there is no such folder")


def _folders(root: Path) -> dict[str, list[str]]:
    """The root, "", and every folder below it, with forward slashes; and the files in each."""
    found = {}
    for path, names in walk(root):
        relative = path.relative_to(root).as_posix()
        found["" if relative == "." else relative] = names
    return {folder: found[folder] for folder in sorted(found, key=natural_key)}

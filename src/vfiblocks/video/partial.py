"""Outputs under a temporary name, so that a half-written one is never mistaken for a whole one."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from vfiblocks.errors import VideoError
from vfiblocks.video._av import reason

_IMAGES = (".exr", ".jpg", ".png", ".tiff")


class PartialOutput:
    """A name beside the output to write to, then to rename or to remove.

    The temporary is hidden, lies in the same folder (so that the rename is atomic) and keeps the
    suffix: ``clip.mp4`` is written as ``.clip.partial-1f3a5c7e.mp4``.

    Args:
        target: the output.
        overwrite: whether a file that is already there may be replaced. A folder is replaced
            only if it holds nothing but numbered frames.
        folder: whether the output is a folder.

    Raises:
        VideoError: the output exists and must not be replaced, or its folder is missing or not
            writable.
    """

    def __init__(self, target: Path, *, overwrite: bool = False, folder: bool = False) -> None:
        self.target = target
        self._overwrite = overwrite
        self._folder = folder
        parent = target.parent
        if not parent.is_dir():
            raise VideoError(f"{target}: the folder {parent} does not exist; create it first")
        self._refuse_existing()
        token = secrets.token_hex(4)
        self.path = parent / f".{target.stem}.partial-{token}{target.suffix}"
        try:
            if folder:
                self.path.mkdir()
            else:
                self.path.touch(exist_ok=False)
        except OSError as error:
            raise VideoError(
                f"{target}: cannot write to the folder {parent}: {reason(error)}"
            ) from error

    def commit(self) -> None:
        """Give the output its name.

        Raises:
            VideoError: an output has appeared meanwhile, or renaming fails.
        """
        self._refuse_existing()
        try:
            if self._folder and self.target.is_dir():
                # Checked to be ours just now; a folder cannot be renamed over a filled one.
                shutil.rmtree(self.target)
            os.replace(self.path, self.target)
        except OSError as error:
            raise VideoError(f"{self.target}: cannot be given its name: {reason(error)}") from error

    def discard(self) -> None:
        """Remove the temporary; nothing happens if it is already gone."""
        if self._folder:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)

    def _refuse_existing(self) -> None:
        target = self.target
        if not target.exists():
            return
        if self._folder != target.is_dir():
            kind = "folder" if target.is_dir() else "file"
            raise VideoError(f"{target}: is already a {kind}; choose another name")
        if not self._folder:
            if not self._overwrite:
                raise VideoError(f"{target}: already exists; allow overwriting to replace it")
            return
        names = [entry.name for entry in target.iterdir()]
        if names and not self._overwrite:
            raise VideoError(f"{target}: the folder is not empty; allow overwriting to replace it")
        foreign = next((name for name in names if not is_numbered_image(name)), None)
        if foreign is not None:
            raise VideoError(
                f"{target}: holds {foreign}, which is no numbered frame; "
                "a folder with other files in it is never replaced"
            )


def is_numbered_image(name: str) -> bool:
    """Whether a file name is one that a folder of frames has.

    >>> is_numbered_image("000012.png"), is_numbered_image("holiday.png")
    (True, False)
    """
    stem, dot, suffix = name.partition(".")
    return stem.isdecimal() and len(stem) >= 6 and f"{dot}{suffix}" in _IMAGES

"""The photographs that textures are cut from: some of those inside scikit-image's wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vfiblocks.errors import DataError, InputError, MissingDependency

Split = Literal["train", "validation"]

PHOTOGRAPHS: dict[Split, tuple[str, ...]] = {
    "train": (
        "brick.png",
        "camera.png",
        "chelsea.png",
        "coffee.png",
        "gravel.png",
        "hubble_deep_field.jpg",
        "ihc.png",
    ),
    "validation": ("astronaut.png", "coins.png", "grass.png", "rocket.jpg"),
}
"""Files by the side of a split that may show them; no file is on both.

All are in the public domain or without known restrictions, and in every wheel of scikit-image from
0.24 on: nothing is downloaded.
"""


def check_split(split: str) -> Split:
    """The side of a split, if it is one.

    Raises:
        InputError: it is neither "train" nor "validation".
    """
    for known in PHOTOGRAPHS:
        if split == known:
            return known
    raise InputError(f"generated clips are for 'train' or 'validation', got split={split!r}")


class Photographs:
    """The pictures of one side, decoded when they are first asked for.

    What was decoded is left behind when the object is pickled: a worker reads its own.

    Args:
        split: whose.

    Raises:
        MissingDependency: scikit-image is not installed.

    Example:
        >>> train = Photographs("train")
        >>> len(train), train[3].shape, train[3].dtype
        (7, (400, 600, 3), dtype('uint8'))
    """

    def __init__(self, split: Split) -> None:
        self.split = split
        self._decoded: dict[str, NDArray[np.uint8]] = {}
        _folder()

    def __len__(self) -> int:
        return len(PHOTOGRAPHS[self.split])

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """(H, W, 3) RGB; grey ones have three equal channels.

        Raises:
            DataError: the file is not where scikit-image has it, or is damaged.
        """
        name = PHOTOGRAPHS[self.split][index]
        if name not in self._decoded:
            self._decoded[name] = _decode(_folder() / name)
        return self._decoded[name]

    def __getstate__(self) -> dict[str, object]:
        return {"split": self.split, "_decoded": {}}


def _folder() -> Path:
    """Where scikit-image keeps its pictures; found without importing it."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise MissingDependency(
            "the photographs of generated clips come with scikit-image; "
            "pip install 'vfiblocks[train]'"
        )
    return Path(found.origin).parent / "data"


def _decode(path: Path) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError  # scikit-image needs it, so it is there

    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("RGB"), dtype=np.uint8)
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} is no picture; pip install --force-reinstall scikit-image brings it back"
        ) from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}); it is part of scikit-image 0.24 "
            "and later: pip install --force-reinstall scikit-image"
        ) from error

"""Decoded frames kept for the next time: some in memory, all on a disk if wished."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vfiblocks.errors import DataError

Picture = NDArray[np.uint8]
"""(H, W, 3), RGB."""

BLOCK = 32
"""Frames per stored file. A window of 15 lies in one or two of them, and a film in many."""


class Recent:
    """The frames that were used last, within a budget of bytes.

    Args:
        budget: bytes; 0 keeps nothing.

    Example:
        >>> recent = Recent(budget=24)
        >>> for number in range(3):
        ...     recent.put((0, number), np.zeros((2, 2, 3), np.uint8))
        >>> [recent.get((0, number)) is not None for number in range(3)]
        [False, True, True]
    """

    def __init__(self, budget: int) -> None:
        if budget < 0:
            raise DataError(f"cache is a number of bytes, or 0 for none, got {budget}")
        self.budget = budget
        self._held = 0
        self._pictures: OrderedDict[tuple[int, int], Picture] = OrderedDict()

    def get(self, key: tuple[int, int]) -> Picture | None:
        """The frame of (clip, number), if it is still here."""
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
        return picture

    def put(self, key: tuple[int, int], picture: Picture) -> None:
        """Keep a frame, and drop the ones unused for longest if the budget is passed."""
        if picture.nbytes > self.budget or key in self._pictures:
            return
        if picture.base is not None:  # a view would hold on to all that it was cut from
            picture = picture.copy()
        self._pictures[key] = picture
        self._held += picture.nbytes
        while self._held > self.budget:
            self._held -= self._pictures.popitem(last=False)[1].nbytes

    def __getstate__(self) -> dict[str, Any]:
        """Another process starts with nothing, and the same budget."""
        return {"budget": self.budget, "_held": 0, "_pictures": OrderedDict()}


class Blocks:
    """Frames in files of 32, uint8, mapped into memory: any process may read them at any place.

    A file appears when it is whole; two processes that make the same one do double work and no
    harm.

    Args:
        folder: made if missing.

    Raises:
        DataError: the folder cannot be made.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def read(
        self,
        key: str,
        numbers: Iterable[int],
        length: int,
        make: Callable[[range], Iterable[Picture]],
    ) -> dict[int, Picture]:
        """Frames by number; blocks that are missing are made first.

        Args:
            key: names the clip and everything that its pictures depend on.
            numbers: which frames.
            length: how many the clip has.
            make: gives all frames of a range, of one size.

        Raises:
            DataError: a block cannot be written.
        """
        found = {}
        blocks: dict[int, NDArray[np.uint8]] = {}
        for number in numbers:
            block, place = divmod(number, BLOCK)
            if block not in blocks:
                span = range(block * BLOCK, min(length, (block + 1) * BLOCK))
                blocks[block] = self._block(key, span, make)
            found[number] = blocks[block][place]
        return found

    def _block(
        self, key: str, span: range, make: Callable[[range], Iterable[Picture]]
    ) -> NDArray[np.uint8]:
        name = hashlib.sha256(f"{key}/{span.start}-{span.stop}".encode()).hexdigest()[:32]
        path = self.folder / name[:2] / f"{name[2:]}.npy"
        try:
            return self._mapped(path)
        except FileNotFoundError:
            pass
        except ValueError:  # not whole: somebody cut it off, for nothing here leaves it so
            path.unlink(missing_ok=True)
        pictures = np.stack(list(make(span)))
        temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
        try:
            path.parent.mkdir(exist_ok=True)
            with temporary.open("wb") as file:
                np.save(file, pictures, allow_pickle=False)
            os.replace(temporary, path)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            temporary.unlink(missing_ok=True)
        return self._mapped(path)

    def _mapped(self, path: Path) -> NDArray[np.uint8]:
        # Its own class brings nothing but slower indexing
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

    def _unwritable(self, error: OSError) -> DataError:
        return DataError(
            f"cache_dir {self.folder}: cannot be written: {error.strerror or error}; choose "
            "another folder, or do without"
        )

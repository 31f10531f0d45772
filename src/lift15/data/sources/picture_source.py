"""What all sources that read files have in common: shrinking, keeping frames, checking requests."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lift15.data.sources.base import ClipSource
from lift15.data.sources.cache import Blocks, Picture, Recent
from lift15.data.sources.shrinking import Shrink
from vfiblocks.errors import DataError, InputError


class PictureSource(ClipSource):
    """Clips whose frames are decoded from files, made smaller if wished, and kept if wished.

    Args:
        max_side: see :class:`Shrink`.
        scale: see :class:`Shrink`.
        cache: bytes of memory for decoded frames, in every process that reads; 0 for none.
        cache_dir: a folder that keeps every decoded frame, 3 bytes per pixel; "" for none.

    Raises:
        DataError: an option is out of range.
    """

    def __init__(self, *, max_side: int, scale: float, cache: int, cache_dir: str | Path) -> None:
        self._shrink = Shrink(max_side, scale)
        self._recent = Recent(cache)
        self._blocks = Blocks(cache_dir) if str(cache_dir) else None
        self._hash = ""

    def read(self, clip: int, frames: Sequence[int]) -> Tensor:
        """See :meth:`ClipSource.read`. The memory behind it has the colours last.

        Raises:
            DataError: a frame cannot be read, or differs in size from another one of the clip.
            InputError: there is no such clip or frame.
        """
        self._check(clip, frames)
        pictures: dict[int, Picture] = {}
        missing = []
        for number in sorted(set(frames)):
            kept = self._recent.get((clip, number))
            if kept is None:
                missing.append(number)
            else:
                pictures[number] = kept
        for number, picture in self._fetched(clip, missing):
            pictures[number] = picture
            self._recent.put((clip, number), picture)
        self._check_sizes(clip, pictures)
        # (T, H, W, 3): crops are cut out before anything is turned around
        stacked = np.stack([pictures[number] for number in frames])
        return torch.from_numpy(stacked).permute(0, 3, 1, 2)

    def data_hash(self) -> str:
        """See :meth:`ClipSource.data_hash`; worked out once."""
        if not self._hash:
            digest = hashlib.sha256(repr(self._shrink).encode())
            for clip, sizes in zip(self.clips, self._file_sizes(), strict=True):
                line = json.dumps([clip.name, clip.length, clip.scene, list(sizes)])
                digest.update(line.encode() + b"\n")
            self._hash = digest.hexdigest()[:16]
        return self._hash

    @abstractmethod
    def _decoded(self, clip: int, numbers: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        """Frames at full size with their numbers, ascending, as the files have them."""

    @abstractmethod
    def _stamp(self, clip: int) -> str:
        """What the pictures of a clip depend on: files, their sizes and times of change."""

    @abstractmethod
    def _file_sizes(self) -> Iterator[Iterable[int]]:
        """Per clip, the sizes of the files that its frames come from."""

    def _fetched(self, clip: int, numbers: list[int]) -> Iterable[tuple[int, Picture]]:
        if self._blocks is None or not numbers:
            return self._fresh(clip, numbers)

        def make(span: range) -> list[Picture]:
            pictures = dict(self._fresh(clip, span))
            self._check_sizes(clip, pictures)
            return [pictures[number] for number in span]

        key = f"{self._stamp(clip)}/{self._shrink}"
        return self._blocks.read(key, numbers, self.clips[clip].length, make).items()

    def _fresh(self, clip: int, numbers: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        for number, picture in self._decoded(clip, numbers):
            yield number, self._shrink(picture)

    def _check(self, clip: int, frames: Sequence[int]) -> None:
        if not 0 <= clip < len(self.clips):
            raise InputError(f"{self.name} has clips 0 to {len(self.clips) - 1}, got {clip}")
        length = self.clips[clip].length
        wrong = [number for number in frames if not 0 <= number < length]
        if wrong or not len(frames):
            wanted = f"got {wrong[0]}" if wrong else "none was asked for"
            raise InputError(
                f"{self.name}: {self.clips[clip].name} has frames 0 to {length - 1}, {wanted}"
            )

    def _check_sizes(self, clip: int, pictures: dict[int, Picture]) -> None:
        sizes: dict[tuple[int, ...], int] = {}
        for number, picture in pictures.items():
            sizes.setdefault(picture.shape, number)
        if len(sizes) > 1:
            (first, one), (second, other) = list(sizes.items())[:2]
            raise DataError(
                f"{self.name}: {self.clips[clip].name}: frame {one} is {first[1]}x{first[0]}, but "
                f"frame {other} is {second[1]}x{second[0]}; all frames of a clip must have one size"
            )

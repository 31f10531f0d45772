"""How much memory a model needs, found without having it."""

from __future__ import annotations

import math
import re
import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vfiblocks.assembly import dry_run
from vfiblocks.errors import InputError
from vfiblocks.spec import ModelSpec

SLACK = 1.5
"""What a process grew by, over what was counted: 1.2 to 1.4 in measurements on a CPU."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def peak_memory(
    spec: ModelSpec, *, size: tuple[int, int], dtype: torch.dtype = torch.float32
) -> int:
    """Most bytes that one call holds at once: weights, frames and everything in between.

    The model is run on the meta device, where tensors have sizes but no content, while each
    allocation and release is noted. What a kernel takes for itself comes on top, as do the
    allocator's gaps; see :data:`SLACK`.

    Args:
        spec: what to run, in ``eval()`` and without gradients.
        size: height and width of the frames, padding comes on top.
        dtype: of weights and frames.

    Raises:
        InputError: for a model that does not compute with torch alone.

    Example:
        >>> from vfiblocks import find_spec
        >>> small, large = (
        ...     peak_memory(find_spec("rife"), size=size) for size in ((256, 448), (512, 896)))
        >>> large > 2 * small
        True
    """
    model = dry_run(spec).to(dtype).eval()
    if not model.flow.countable:
        raise InputError(
            f"flow '{spec.flow.name}' does not compute with torch alone, so that its memory cannot "
            "be counted beforehand"
        )
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    with torch.no_grad(), _Allocations() as allocations:
        frames = torch.zeros(1, len(model.window), 3, *size, device="meta", dtype=dtype)
        result = model(frames)
    del frames, result
    most: int = allocations.most
    return weights + most


def plan_tiles(
    spec: ModelSpec, *, size: tuple[int, int], max_memory: int, overlap: int = 64
) -> tuple[int, int] | None:
    """The largest tile with which a model stays within a memory limit.

    Args:
        spec: of the model.
        size: height and width of the frames.
        max_memory: bytes; the whole frames, which stay in memory, are taken off first.
        overlap: of neighbouring tiles.

    Returns:
        Height and width for :class:`~vfiblocks.tiling.Tiled`, None if no tiles are needed.

    Raises:
        InputError: if not even the smallest sensible tile fits, or memory cannot be counted.

    Example:
        >>> from vfiblocks import find_spec
        >>> rife = find_spec("rife")
        >>> plan_tiles(rife, size=(1080, 1920), max_memory=8 * 10**9)
        >>> plan_tiles(rife, size=(2160, 3840), max_memory=10**9)
        (608, 704)
    """
    if SLACK * peak_memory(spec, size=size) <= max_memory:
        return None
    # The frames, the picture that grows, its weights, and one of each while they are added.
    whole = 4 * size[0] * size[1] * (3 * len(spec.window) + 3 + 1 + 3 + 3)
    multiple = dry_run(spec).multiple
    least = math.ceil(max(2 * overlap + 1, 4 * multiple) / multiple) * multiple
    rows = columns = 1
    while True:
        tile = _tile(size, rows, columns, overlap, multiple)
        if SLACK * peak_memory(spec, size=tile) + whole <= max_memory:
            return tile
        if max(tile) <= least:
            raise InputError(
                f"{max_memory / 10**9:.2f} GB are not enough for frames of {size[0]}x{size[1]}: "
                f"the frames themselves take {whole / 10**9:.2f} GB and the smallest tiles, of "
                f"{tile[0]}x{tile[1]}, {SLACK * peak_memory(spec, size=tile) / 10**9:.2f} GB more"
            )
        if tile[0] > tile[1]:  # the longer side is cut, so that tiles stay near square
            rows += 1
        else:
            columns += 1


def read_memory(text: str) -> int:
    """Bytes from a text such as "8GB" or "500 MB".

    Raises:
        InputError: for anything else.

    >>> read_memory("8GB"), read_memory("1.5 G"), read_memory("500mb")
    (8000000000, 1500000000, 500000000)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*", text, re.IGNORECASE)
    if not match or not float(match[1]):
        raise InputError(f"memory is given as 8GB or 500MB, got {text!r}")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _tile(
    size: tuple[int, int], rows: int, columns: int, overlap: int, multiple: int
) -> tuple[int, int]:
    """Of so many tiles a side, each this large, overlapping and rounded up."""
    height, width = (
        math.ceil((length + (count - 1) * overlap) / count / multiple) * multiple
        for length, count in zip(size, (rows, columns), strict=True)
    )
    return height, width


class _Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages that operations make, and when they die."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now: int = 0
        self.most: int = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        size = storage.nbytes()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size

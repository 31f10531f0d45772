"""What a stream keeps of each frame, and for how long."""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from einops import rearrange
from torch import Tensor

from vfiblocks.aggregators.base import is_split
from vfiblocks.checks import check_picture
from vfiblocks.errors import InputError
from vfiblocks.interpolator import Interpolator
from vfiblocks.ops import pad_to_multiple

Keep = Literal["all", "promote", "least"]
KEEP = typing.get_args(Keep)


@dataclass
class Kept:
    """What is kept of one frame, at the padded size.

    Attributes:
        picture: (B, 3, H, W); None once the frame can be no reference any more.
        taps: stride -> (B, C, H/stride, W/stride), for the flow and the refiner; none likewise.
        state: what the aggregator made of the frame alone; None without an aggregator.
    """

    picture: Tensor | None
    taps: dict[int, Tensor] = field(default_factory=dict)
    state: Tensor | None = None

    def tensors(self) -> Iterator[Tensor]:
        """All of them."""
        yield from (x for x in (self.picture, *self.taps.values(), self.state) if x is not None)


class FrameCache:
    """Features of the frames around a gap.

    A frame ahead waits to become a reference, a reference is read in full, and of a frame behind
    only the aggregator's share is left.

    Args:
        model: whose features.
        keep: of a frame ahead, "all" taps; "promote", all but the finest; or "least", none. What is
            not kept is worked out again when the frame is promoted to a reference.
    """

    def __init__(self, model: Interpolator, *, keep: Keep) -> None:
        self._model = model
        self._kept: dict[Hashable, Kept] = {}
        self._shape: tuple[int, ...] | None = None
        self._taps = frozenset(model.tap_strides)
        finest = {min(self._taps)} if self._taps else set[int]()
        dropped = {"all": frozenset[int](), "promote": finest, "least": self._taps}
        self._ahead = self._taps - dropped[keep]
        clip = model.clip_stride if model.aggregator is not None else None
        self._clip = frozenset[int]() if clip is None else frozenset({clip})

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the frames, before padding."""
        assert self._shape is not None, "there is no frame yet"
        return self._shape[-2], self._shape[-1]

    def tensors(self) -> Iterator[Tensor]:
        """Everything that is kept."""
        for kept in self._kept.values():
            yield from kept.tensors()

    def forget_all_but(self, keys: Collection[Hashable]) -> None:
        """Drop every other frame."""
        for key in [key for key in self._kept if key not in keys]:
            del self._kept[key]
        if not self._kept:
            self._shape = None

    def pass_by(self, keys: Iterable[Hashable]) -> None:
        """These will be references no more: keep the aggregator's share alone."""
        for key in keys:
            if (kept := self._kept.get(key)) is not None:
                kept.picture = None
                kept.taps.clear()

    def prepare(
        self,
        references: Collection[Hashable],
        ahead: Collection[Hashable],
        behind: Collection[Hashable],
        picture: Callable[[Any], Tensor],
    ) -> None:
        """See to it that all is there that frames in these places are asked for.

        ``picture`` gives the frame of a key and is called for those that are not kept.
        """
        places = ((behind, frozenset[int]()), (ahead, self._ahead), (references, self._taps))
        groups: dict[frozenset[int], list[Kept]] = {}
        for keys, taps in places:
            for key in keys:
                kept = self._kept.setdefault(key, Kept(None))
                missing = self._missing(kept, taps)
                if kept.picture is None and (missing or keys is references):
                    kept.picture = self._accept(picture(key))
                if missing:
                    groups.setdefault(missing, []).append(kept)
        for strides, group in groups.items():
            for kept, maps in zip(group, self._encode(group, strides), strict=True):
                self._take(kept, maps)
        self.pass_by(behind)

    def pair(self, left: Hashable, right: Hashable) -> tuple[Tensor, dict[int, Tensor]]:
        """Two references as a model wants them: (B, 2, 3, H, W), and stride -> (B, 2, C, h, w).

        The pair takes the place of what was kept of each, so that nothing is held twice.
        """
        first, second = self._kept[left], self._kept[right]
        assert first.picture is not None
        assert second.picture is not None
        pictures = _joined(first.picture, second.picture)
        first.picture, second.picture = pictures.unbind(1)
        taps = {s: _joined(first.taps[s], second.taps[s]) for s in sorted(self._taps)}
        for stride, maps in taps.items():
            first.taps[stride], second.taps[stride] = maps.unbind(1)
        return pictures, taps

    def states(self, keys: Iterable[Hashable]) -> Tensor:
        """(B, T, ...), what the aggregator made of each frame alone."""
        states = [state for key in keys if (state := self._kept[key].state) is not None]
        return torch.stack(states, dim=1)

    def _accept(self, picture: Tensor) -> Tensor:
        check_picture(self._model, picture)
        shape = tuple(picture.shape)
        if self._shape is not None and shape != self._shape:
            raise InputError(
                f"the frames around a gap must have one shape, but after {self._shape} came {shape}"
            )
        self._shape = shape
        return pad_to_multiple(picture, self._model.multiple)

    def _missing(self, kept: Kept, taps: frozenset[int]) -> frozenset[int]:
        return taps.difference(kept.taps) | (self._clip if kept.state is None else frozenset())

    def _encode(
        self, group: Sequence[Kept], strides: frozenset[int]
    ) -> Iterator[Mapping[int, Tensor]]:
        """One by one or all together; there are several at the start of a clip only."""
        encoder = self._model.encoder
        assert encoder is not None, "nobody asks for features without an encoder"
        pictures = [kept.picture for kept in group if kept.picture is not None]
        if len(pictures) == 1 or not encodes_together(pictures[0].device):
            yield from (encoder(picture, strides) for picture in pictures)
            return
        together = encoder(torch.cat(pictures), strides)
        parts = {stride: maps.chunk(len(pictures)) for stride, maps in together.items()}
        del together
        for i in range(len(pictures)):  # copies, since a view of one frame would keep them all
            yield {stride: maps[i].clone() for stride, maps in parts.items()}

    def _take(self, kept: Kept, maps: Mapping[int, Tensor]) -> None:
        kept.taps.update((s, maps[s]) for s in maps.keys() & self._taps)
        aggregator = self._model.aggregator
        if kept.state is None and aggregator is not None:
            (stride,) = self._clip
            features = maps[stride]
            kept.state = aggregator.prepare(features) if is_split(aggregator) else features


def encodes_together(device: torch.device) -> bool:
    """Whether frames are encoded in one batch: not on a CPU, where it is slower (benchmarks/)."""
    return device.type != "cpu"


def _joined(left: Tensor, right: Tensor) -> Tensor:
    """(B, 2, C, h, w) in the memory format of the two, which stacking would not respect."""
    return rearrange(torch.cat((left, right)), "(p b) c h w -> b p c h w", p=2)

"""The pictures of one gap after another, from frames that are told apart by a key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from vfiblocks.aggregators.base import is_split, shares_context
from vfiblocks.checks import check_time
from vfiblocks.errors import InputError
from vfiblocks.interpolator import Interpolator
from vfiblocks.states import Context, Interpolation
from vfiblocks.stream.cache import KEEP, FrameCache, Keep
from vfiblocks.stream.transfer import device_of
from vfiblocks.window import Window

Key = TypeVar("Key", bound=Hashable)


class KeyedStream:
    """A model over gaps that a caller walks through, with features kept per frame.

    What :class:`~vfiblocks.Stream` is made of, for callers that have their own idea of which frames
    lie around a gap.

    Args:
        model: in ``eval()``; ``optimize(model)`` for speed.
        keep: of frames ahead, "all" features; "promote", all but the finest; or "least", only what
            the aggregator reads. What is not kept is worked out again when the frame becomes a
            reference: less memory, and the encoder's first layers, or most of them, twice.
        autocast: compute in this type where torch thinks it safe, such as ``torch.bfloat16``.

    Raises:
        InputError: for a model in training, or an unknown ``keep``.

    Example:
        >>> from vfiblocks import build_model
        >>> model = build_model("lift15-tiny").eval()
        >>> video = {name: torch.rand(1, 3, 32, 48) for name in "abc"}
        >>> stream, window = KeyedStream(model), model.window_between(left=2, right=1)
        >>> for around in ((None, "a", "b"), ("a", "b", "c")):
        ...     for made in stream.between(around, [window], picture=video.__getitem__):
        ...         print(made.image.shape, made.context.weights.shape)
        torch.Size([1, 3, 32, 48]) torch.Size([1, 3])
        torch.Size([1, 3, 32, 48]) torch.Size([1, 3])
    """

    def __init__(
        self, model: Interpolator, *, keep: Keep = "all", autocast: torch.dtype | None = None
    ) -> None:
        if model.training:
            raise InputError(
                "a stream is for inference, but the model is in training; model.eval()"
            )
        if keep not in KEEP:
            raise InputError(f"keep must be one of {', '.join(map(repr, KEEP))}, got {keep!r}")
        self.model = model
        self._autocast = autocast
        self._cache = FrameCache(model, keep=keep)

    @property
    def held_bytes(self) -> int:
        """Bytes of pictures and features that are kept at this moment."""
        storages = [tensor.untyped_storage() for tensor in self._cache.tensors()]
        return sum({s.data_ptr(): s.nbytes() for s in storages}.values())

    def between(
        self,
        keys: Sequence[Key | None],
        windows: Sequence[Window],
        *,
        picture: Callable[[Key], Tensor],
    ) -> Iterator[Interpolation]:
        """Make the pictures of one gap, all moments at once.

        Gaps are asked for in order of time, and what no later one can need is dropped. Frames that
        come back all the same are worked out anew.

        Args:
            keys: what stands for the frames around the gap, such as the frames themselves; None for
                those that do not exist, beyond an end of the clip or a cut.
            windows: per picture when these frames were taken, and its moment.
            picture: gives the frame of a key, (B, 3, H, W), on the model's device; its result must
                not be changed afterwards. It is called once per frame.

        Yields:
            What the model returns for the whole window.

        Raises:
            InputError: if a window does not fit the keys, a reference is missing, or the model
                cannot take the frame or the time.
        """
        places = [_place(self.model, keys, window) for window in windows]
        self._cache.forget_all_but({key for key in keys if key is not None})
        if not places:
            return iter(())
        passed = set.intersection(*(set(place.behind) for place in places))
        self._cache.pass_by(passed)
        gap = self._gather(keys, places, picture)
        # The left reference has had its turn: what its pictures need of it is in the gap.
        passed |= {place.left for place in places} - {place.right for place in places}
        self._cache.pass_by(passed)
        return self._render(gap, places, windows)

    def make(
        self,
        keys: Sequence[Key | None],
        windows: Sequence[Window],
        *,
        picture: Callable[[Key], Tensor],
    ) -> Iterator[Interpolation]:
        """The same, but nothing is dropped before the next :meth:`between`.

        For pictures made from made pictures, whose gaps do not come in order of time.
        """
        places = [_place(self.model, keys, window) for window in windows]
        return self._render(self._gather(keys, places, picture), places, windows)

    def _gather(
        self,
        keys: Sequence[Key | None],
        places: Sequence[_Place],
        picture: Callable[[Key], Tensor],
    ) -> _Gap:
        present = {key: None for key in keys if key is not None}
        references = {key: None for p in places for key in (p.left, p.right)}
        behind = {key: None for p in places for key in p.behind if key not in references}
        ahead = [key for key in present if key not in references and key not in behind]
        alone = self.model.aggregator is None  # then nothing but the references is looked at
        with self._computing():
            self._cache.prepare(
                references.keys(), () if alone else ahead, () if alone else behind.keys(), picture
            )
            pairs = {(p.left, p.right): None for p in places}
            return _Gap(
                {pair: self._cache.pair(*pair) for pair in pairs},
                None if alone else self._cache.states(present),
                [i for i, key in enumerate(keys) if key is not None],
                self._cache.size,
            )

    def _render(
        self, gap: _Gap, places: Sequence[_Place], windows: Sequence[Window]
    ) -> Iterator[Interpolation]:
        known: tuple[Window | tuple[float, ...] | None, Context | None] = (None, None)
        for place, window in zip(places, windows, strict=True):
            references, taps = gap.pairs[place.left, place.right]
            with self._computing():
                if self.model.aggregator is not None:
                    shared = shares_context(self.model.aggregator)
                    depends_on = window.positions if shared else window
                    if known[0] != depends_on:
                        known = (depends_on, self._context(gap, window))
                result = self.model.render(references, taps, known[1], window.time)
                result = result._replace(image=result.image.to(references.dtype))
                result = self.model.finish(result, gap.size)
            yield result

    def _context(self, gap: _Gap, window: Window) -> Context:
        """Of the frames that exist: a missing one is as if it were not in the window."""
        aggregator = self.model.aggregator
        assert aggregator is not None
        assert gap.states is not None
        positions = tuple(window.positions[i] for i in gap.present)
        aggregate = aggregator.aggregate if is_split(aggregator) else aggregator
        found: Context = aggregate(gap.states, Window(positions, window.target), None)
        if len(positions) == len(window):
            return found
        weights = found.weights.new_zeros(found.weights.shape[0], len(window))
        weights[:, gap.present] = found.weights
        return found._replace(weights=weights)

    @contextmanager
    def _computing(self) -> Iterator[None]:
        device = device_of(self.model)
        kind = "cpu" if device is None else device.type
        casting = torch.autocast(kind, self._autocast, enabled=self._autocast is not None)
        with torch.no_grad(), casting:
            yield


@dataclass(frozen=True)
class _Place:
    """Who is who in a window: the references, and those before them."""

    left: Hashable
    right: Hashable
    behind: tuple[Hashable, ...]


@dataclass(frozen=True)
class _Gap:
    """What the pictures of one gap are made from.

    Attributes:
        pairs: references -> their pictures and taps.
        states: (B, T, ...) of the frames that exist; None without an aggregator.
        present: which of the window's frames these are.
        size: of the frames, before padding.
    """

    pairs: dict[tuple[Hashable, Hashable], tuple[Tensor, dict[int, Tensor]]]
    states: Tensor | None
    present: list[int]
    size: tuple[int, int]


def _place(model: Interpolator, keys: Sequence[Key | None], window: Window) -> _Place:
    if len(keys) != len(window):
        raise InputError(
            f"the window has {len(window)} positions, but {len(keys)} frames came; give None for "
            "those that do not exist"
        )
    check_time(model, window)
    left, right = window.references
    if keys[left] is None or keys[right] is None:
        raise InputError(
            f"the two reference frames must exist, but entries {window.references} are "
            f"{keys[left]!r} and {keys[right]!r}"
        )
    start = window.positions[left]
    behind = [k for k, p in zip(keys, window.positions, strict=True) if k is not None and p < start]
    return _Place(keys[left], keys[right], tuple(behind))

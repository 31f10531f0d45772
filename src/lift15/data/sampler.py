"""Which item stands at which place of an endless run, worked out from the number of the place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lift15.data.items import Item, Items
from lift15.data.randomness import (
    check_seed,
    mixture_stream,
    order_stream,
    replacement_stream,
)
from vfiblocks.errors import DataError, InputError

BLOCK = 1000
"""Samples in which weights come out exactly, so that they are good to a tenth of a percent."""


class Order:
    """An endless run over all items: every pass has an order of its own, and leaves nothing out.

    Without weights the items of all sources are one heap, and a pass is an epoch. With weights each
    source has passes of its own, and blocks of samples are filled from the sources in proportion,
    which is as exact as chance is not: of weights 0.5 and 0.5 every two samples have one each.

    Args:
        items: what there is.
        seed: of the run.
        weights: one per source, in any unit; empty for one heap.

    Raises:
        InputError: the weights do not fit the sources, or the seed is none.
        DataError: a source is weighed that has no items.

    Example:
        >>> from lift15.data.items import Chosen
        >>> from lift15.data.sources.base import Clip, ClipSource
        >>> class Numbers(ClipSource):
        ...     name, clips, read = "numbers:", (Clip("a", 6, "a"),), None
        >>> order = Order(Items([Chosen(Numbers(), (0,))], reach=(0, 2), what="windows"), seed=1)
        >>> sorted(order[place].first for place in range(4, 8))  # the second pass
        [0, 1, 2, 3]
    """

    def __init__(self, items: Items, *, seed: int, weights: Sequence[float] = ()) -> None:
        check_seed(seed)
        self.items = items
        self.seed = seed
        self._shares = _block_shares(items, weights) if weights else None
        self._passes: dict[int, tuple[int, NDArray[np.int64]]] = {}

    def __getitem__(self, place: int) -> Item:
        """The item at a place, which is batch * size + slot."""
        if self._shares is None:
            return self.items[self._in_pass(place, 0, len(self.items))]
        block, inside = divmod(place, sum(self._shares))
        pattern = np.repeat(np.arange(len(self._shares)), self._shares)
        pattern = mixture_stream(self.seed, block).permutation(pattern)
        source = int(pattern[inside])
        before = block * self._shares[source] + int((pattern[:inside] == source).sum())
        return self.items.of(source, self._in_pass(before, source + 1, self.items.counts[source]))

    def instead(self, item: Item, batch: int, slot: int, *, attempts: int) -> tuple[Item, ...]:
        """What to try, one after the other, where ``item`` cannot be read.

        They are of the same source, so that weights hold, and may be any of its items.
        """
        drawn = replacement_stream(self.seed, batch, slot).integers(
            self.items.counts[item.source], size=attempts
        )
        return tuple(self.items.of(item.source, int(number)) for number in drawn)

    def _in_pass(self, ordinal: int, source: int, count: int) -> int:
        """Which of ``count`` things comes as number ``ordinal`` of an endless run over them."""
        epoch, inside = divmod(ordinal, count)
        held = self._passes.get(source)
        if held is None or held[0] != epoch:
            held = (epoch, order_stream(self.seed, epoch, source).permutation(count))
            self._passes[source] = held
        return int(held[1][inside])


def check_share_of_batch(batch: int, rank: int, world: int) -> None:
    """Refuse a batch that cannot be dealt out evenly.

    Raises:
        InputError: ``batch`` is no multiple of ``world``, or ``rank`` is none of its ranks.
    """
    if batch < 1 or world < 1 or batch % world:
        raise InputError(
            f"a batch of {batch} cannot be dealt out to {world} processes evenly; choose a "
            f"multiple of {max(world, 1)}"
        )
    if not 0 <= rank < world:
        raise InputError(f"ranks of {world} processes are 0 to {world - 1}, got {rank}")


def _block_shares(items: Items, weights: Sequence[float]) -> tuple[int, ...]:
    """How many samples of a block each source gives; the block is as short as the weights allow."""
    names = [part.source.name for part in items.chosen]
    if len(weights) != len(names) or not all(0 <= w < np.inf for w in weights) or not sum(weights):
        raise InputError(
            f"weights are one number from 0 up per source and not all 0, got {tuple(weights)} for "
            f"{', '.join(names)}"
        )
    for name, weight, count in zip(names, weights, items.counts, strict=True):
        if weight and not count:
            raise DataError(f"{name} has a weight of {weight:g}, but no window to draw")
    exact = np.asarray(weights, dtype=np.float64) / sum(weights) * BLOCK
    shares = np.floor(exact).astype(np.int64)
    for source in np.argsort(-(exact - shares), kind="stable")[: BLOCK - int(shares.sum())]:
        shares[source] += 1
    for name, weight, share in zip(names, weights, shares, strict=True):
        if weight and not share:
            raise InputError(
                f"the weight of {name}, {weight:g} of {sum(weights):g}, is less than one sample "
                f"in {BLOCK}; set it to 0 or raise it"
            )
    divisor = int(np.gcd.reduce(shares))
    return tuple(int(share) // divisor for share in shares)

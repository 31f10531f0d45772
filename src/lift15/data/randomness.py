"""Chance that is counted: what is drawn depends on a seed and on numbers, never on what ran before.

A sample of a batch has its own generator, made from the run's seed, the number of the batch and the
place in it. Any worker of any machine that makes the sample draws the same, and a run resumed at
batch k sees what an uninterrupted one sees. No state has to be saved.
"""

from __future__ import annotations

import numpy as np

from vfiblocks.errors import InputError

# One word per purpose, so that no two of them ever share a stream. Without it they would: NumPy
# fills short keys with zeros, which makes (seed, k) and (seed, k, 0) one and the same.
_ORDER, _MIXTURE, _BATCH, _SAMPLE, _REPLACEMENT = range(1, 6)


def order_stream(seed: int, epoch: int, source: int = 0) -> np.random.Generator:
    """The order of an epoch; sources that are weighed have an order each."""
    return _stream(seed, _ORDER, epoch, source)


def mixture_stream(seed: int, block: int) -> np.random.Generator:
    """Which source comes when within one block of samples."""
    return _stream(seed, _MIXTURE, block)


def batch_stream(seed: int, batch: int) -> np.random.Generator:
    """What is common to a batch: layout, number of frames, time.

    Example:
        >>> batch_stream(7, 3).random() == batch_stream(7, 3).random()
        True
        >>> batch_stream(7, 3).random() == sample_stream(7, 3, 0).random()
        False
    """
    return _stream(seed, _BATCH, batch)


def sample_stream(seed: int, batch: int, slot: int) -> np.random.Generator:
    """Everything about one sample: ``slot`` counts through the whole batch of all ranks."""
    return _stream(seed, _SAMPLE, batch, slot)


def replacement_stream(seed: int, batch: int, slot: int) -> np.random.Generator:
    """What is taken instead where a sample cannot be read."""
    return _stream(seed, _REPLACEMENT, batch, slot)


def check_seed(seed: int) -> None:
    """Refuse what no generator can start from.

    Raises:
        InputError: ``seed`` is no whole number from 0 up.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"a seed is a whole number from 0 up, got {seed!r}")


def _stream(seed: int, *numbers: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=numbers))

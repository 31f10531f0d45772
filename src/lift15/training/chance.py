"""Torch's own randomness, such as dropout: counted like that of the data, so that none is saved."""

from __future__ import annotations

import numpy as np
import torch

_TORCH = 0x746F726368  # "torch": no other stream of a run has this word in its key


def reseed(seed: int, *numbers: int) -> None:
    """Start torch's generators, the GPU's as well, from a seed and numbers alone.

    >>> reseed(1, 2, 3); first = torch.rand(1)
    >>> reseed(1, 2, 3); bool(torch.rand(1) == first)
    True
    """
    words = np.random.SeedSequence(seed, spawn_key=(_TORCH, *numbers)).generate_state(2, np.uint32)
    torch.manual_seed(int(words[0]) << 32 | int(words[1]))

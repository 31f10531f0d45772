"""Streams are told apart by what they are for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.randomness import (
    batch_stream,
    check_seed,
    mixture_stream,
    order_stream,
    replacement_stream,
    sample_stream,
)
from vfiblocks.errors import InputError

NUMBERS = st.integers(0, 2**32 - 1)


@given(seed=st.integers(0, 2**70), k=NUMBERS, slot=NUMBERS)
def test_no_two_purposes_share_a_stream(seed, k, slot):
    drawn = [
        stream.random()
        for stream in (
            order_stream(seed, k),
            order_stream(seed, k, 1),
            mixture_stream(seed, k),
            batch_stream(seed, k),
            sample_stream(seed, k, slot),
            sample_stream(seed, k, slot + 1),
            replacement_stream(seed, k, slot),
        )
    ]
    assert len(set(drawn)) == len(drawn)


def test_plain_keys_would_share_one():
    """Why there is a word per purpose."""
    assert np.random.default_rng((7, 3)).random() == np.random.default_rng((7, 3, 0)).random()
    assert batch_stream(7, 3).random() != sample_stream(7, 3, 0).random()


@given(seed=NUMBERS, k=NUMBERS, slot=st.integers(0, 999))
def test_the_same_counts_give_the_same_draws(seed, k, slot):
    one, other = (sample_stream(seed, k, slot).random(5) for _ in range(2))
    assert (one == other).all()


@pytest.mark.parametrize("seed", [-1, 0.5, "7", True])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(InputError, match="a seed is a whole number from 0 up"):
        check_seed(seed)

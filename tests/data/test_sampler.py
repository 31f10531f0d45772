"""An endless run leaves nothing out, and every place of it can be worked out alone."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lift15.data.items import Items
from lift15.data.sampler import Order, check_share_of_batch
from lift15.data.split import everything
from vfiblocks.errors import DataError, InputError


def order_of(numbers, *lengths, seed=0, weights=()) -> Order:
    sources = [numbers([length], name=f"{i}:") for i, length in enumerate(lengths)]
    return Order(
        Items(everything(sources), reach=(0, 2), what="layout"), seed=seed, weights=weights
    )


@given(length=st.integers(3, 40), seed=st.integers(0, 2**40), epoch=st.integers(0, 2**20))
def test_every_pass_has_every_item_once(numbers, length, seed, epoch):
    order = order_of(numbers, length, 5, seed=seed)
    count = len(order.items)
    items = [order[epoch * count + i] for i in range(count)]
    assert sorted(items) == [order.items[i] for i in range(count)]


def test_passes_and_seeds_differ_in_their_order(numbers):
    order, other = order_of(numbers, 30), order_of(numbers, 30, seed=1)
    passes = [[order[epoch * 28 + i] for i in range(28)] for epoch in range(3)]
    assert passes[0] != passes[1] != passes[2]
    assert passes[0] != [other[i] for i in range(28)]


@given(places=st.lists(st.integers(0, 5000), min_size=1, max_size=20))
def test_a_place_does_not_depend_on_where_one_was_before(numbers, places):
    for weights in ((), (0.3, 0.7)):
        order = order_of(numbers, 9, 14, weights=weights)
        jumping = {place: order[place] for place in places}
        for place in places:
            assert order_of(numbers, 9, 14, weights=weights)[place] == jumping[place]


@settings(max_examples=15)  # a thousand draws each
@given(
    weights=st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any),
    block=st.integers(0, 3),
)
def test_weights_come_out_exactly(numbers, weights, block):
    order = order_of(numbers, 9, 14, 5, weights=weights)
    length = sum(weights) if 1000 % sum(weights) == 0 else 1000
    got = Counter(order[block * length + i].source for i in range(length))
    for source, weight in enumerate(weights):
        exact = weight / sum(weights) * length
        assert abs(got[source] - exact) < 1.0
        assert (got[source] == 0) is (weight == 0)


def test_weighed_sources_have_passes_of_their_own(numbers):
    """The small source comes again and again, and each time whole."""
    order = order_of(numbers, 5, 40, weights=(0.5, 0.5))
    small = [item for item in (order[i] for i in range(60)) if item.source == 0]
    large = [item for item in (order[i] for i in range(76)) if item.source == 1]
    assert len(small) == 30
    for begin in range(0, 30, 3):
        assert sorted(item.first for item in small[begin : begin + 3]) == [0, 1, 2]
    assert sorted(item.first for item in large) == list(range(38))


def test_equal_weights_share_every_pair(numbers):
    order = order_of(numbers, 9, 14, weights=(0.5, 0.5))
    for pair in range(50):
        assert {order[2 * pair].source, order[2 * pair + 1].source} == {0, 1}


def test_what_is_taken_instead_is_of_the_same_source(numbers):
    order = order_of(numbers, 9, 14, weights=(0.5, 0.5))
    item = order[7]
    taken = order.instead(item, 1, 3, attempts=5)
    assert taken == order.instead(item, 1, 3, attempts=5)
    assert {other.source for other in taken} == {item.source}
    assert taken != order.instead(item, 1, 4, attempts=5)


def test_weights_have_to_fit(numbers):
    with pytest.raises(InputError, match=r"one number from 0 up per source .* got \(1.0,\) for 0:"):
        order_of(numbers, 9, 14, weights=(1.0,))
    for wrong in ((0.0, 0.0), (-1.0, 2.0), (float("nan"), 1.0)):
        with pytest.raises(InputError, match="one number from 0 up per source and not all 0"):
            order_of(numbers, 9, 14, weights=wrong)
    with pytest.raises(
        InputError, match=r"weight of 0:, 0\.0001 of 1\.0001, is less than one sample"
    ):
        order_of(numbers, 9, 14, weights=(0.0001, 1.0))
    with pytest.raises(DataError, match="0: has a weight of 1, but no window to draw"):
        order_of(numbers, 2, 14, weights=(1.0, 1.0))


def test_a_batch_is_dealt_out_evenly():
    check_share_of_batch(6, 2, 3)
    with pytest.raises(InputError, match="batch of 7 cannot be dealt out to 3 processes evenly"):
        check_share_of_batch(7, 0, 3)
    with pytest.raises(InputError, match="ranks of 3 processes are 0 to 2, got 3"):
        check_share_of_batch(6, 3, 3)

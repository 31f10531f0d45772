"""Every place a window fits is counted once, and clips too short are reported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.items import Chosen, Items
from lift15.data.split import everything
from vfiblocks.errors import DataError

LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(first=LENGTHS, second=LENGTHS, low=st.integers(-3, 0), span=st.integers(1, 4))
def test_every_place_is_there_once(numbers, first, second, low, span):
    sources = (numbers(first, name="one:"), numbers(second, name="two:"))
    wanted = [
        (source, clip, place)
        for source, lengths in enumerate((first, second))
        for clip, length in enumerate(lengths)
        for place in range(length)
        if place + low >= 0 and place + span < length
    ]
    if not wanted:
        with pytest.raises(DataError, match="nothing to learn from"):
            Items(everything(sources), reach=(low, span), what="layout")
        return
    items = Items(everything(sources), reach=(low, span), what="layout")
    assert [tuple(items[number]) for number in range(len(items))] == wanted
    assert items.counts == tuple(sum(s == i for s, _, _ in wanted) for i in (0, 1))
    with pytest.raises(IndexError):
        items[len(items)]


def test_short_clips_are_reported_once_per_source(numbers):
    sources = (numbers([7, 2, 1, 9], name="one:"), numbers([7], name="two:"))
    items = Items(everything(sources), reach=(0, 2), what="layout hole of 14 frames")
    assert [str(problem) for problem in items.problems] == [
        "one:: 2 of 4 clips are left out: layout hole of 14 frames needs 3 frames, the shortest, "
        "'scene-2/002', has 1"
    ]


def test_nothing_left_is_one_clear_line(numbers):
    with pytest.raises(DataError) as raised:
        Items(everything([numbers([2, 1] * 6)]), reach=(0, 2), what="layout hole of 14 frames")
    assert str(raised.value) == (
        "nothing to learn from: 12 clips, the longest has 2 frames; layout hole of 14 frames "
        "needs 3"
    )


def test_clips_of_the_other_side_do_not_count(numbers):
    source = numbers([5, 5, 5])
    items = Items([Chosen(source, (0, 2))], reach=(0, 2), what="layout")
    assert {items[number].clip for number in range(len(items))} == {0, 2}
    assert len(items) == 6

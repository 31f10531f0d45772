"""The frame that is asked for is never among those that are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data import Augmentation, DataPlan, Layout, arrange, train_loader, validation_loader
from lift15.data.layouts import Cutter
from lift15.data.samples import Cut, cut, read_sample
from vfiblocks import Window

POISON = 255


@given(
    kind=st.sampled_from(["hole", "even"]),
    window=st.sampled_from([Window.hole(15, 8), Window.even(2, 2), Window.even(1, 1)]),
    gap=st.integers(2, 5),
    stride=st.integers(1, 3),
    backwards=st.booleans(),
    place=st.integers(0, 3),
    length=st.integers(16, 40),
)
def test_a_poisoned_target_stays_out_of_the_input(
    numbers, kind, window, gap, stride, backwards, place, length
):
    """Everywhere that a window can be cut, reading a clip whose target frame is poison."""
    cutter = Cutter(Layout(kind=kind, gap=gap), window, any_time=True)
    readings = list(cutter.readings())
    reading = readings[place % len(readings)]
    for target in range(length):
        there = reading.numbers(target, stride=stride, backwards=backwards)
        if not all(0 <= there[i] < length for i in reading.window.references):
            continue
        source = numbers([length], poison=target)
        wanted = cut(source, 0, reading, target, stride=stride, backwards=backwards)
        sample = read_sample(wanted, motion=False)
        assert (sample.pictures[-1] == POISON).all()
        assert not (sample.pictures[:-1] == POISON).any()
        assert sample.pictures[:-1, 0, 0, 0].tolist() == [n for n in there if 0 <= n < length]


@pytest.mark.parametrize("kind", ["hole", "even", "both"])
def test_loaded_batches_hold_no_poison(numbers, kind):
    """The same through the loaders; only batches whose target is poison can show any."""
    layout = Layout(kind=kind, stride=2, missing=0.2, frames=(2, 4, 14))
    plan = DataPlan(layout=layout, augmentation=Augmentation.off(), held_out=0.0)
    source = numbers([20] * 3, poison=9)
    data = arrange(plan, train=[source], validation=[source], window=Window.hole(15, 8))
    poisoned = 0
    batches = [*train_loader(data, batch=4, seed=1, total=30), *validation_loader(data, batch=2)]
    for batch in batches:
        for frames, target in zip(batch.frames, batch.target, strict=True):
            if (target == POISON).all():
                poisoned += 1
                assert not (frames == POISON).any()
    assert poisoned > 3


def test_a_window_that_holds_its_target_is_a_bug(numbers):
    with pytest.raises(AssertionError, match="the target leaks into the input"):
        Cut(numbers([9]), 0, 4, (3, 4), (True, True), (0, 1))


def test_references_always_exist(numbers):
    with pytest.raises(AssertionError, match="a reference is missing"):
        Cut(numbers([9]), 0, 4, (3, 5), (True, False), (0, 1))
    reading = Cutter(Layout(), Window.hole(15, 8)).fixed()
    chance = np.random.default_rng(0)
    made = cut(numbers([17]), 0, reading, 8, missing=1.0, chance=chance)
    assert made.existing == (7, 9)

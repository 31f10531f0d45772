"""Windows: layouts, references by position, and what is no window."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vfiblocks import Window
from vfiblocks.errors import InputError


@st.composite
def windows(draw: Any) -> Window:
    positions = draw(st.lists(st.integers(-40, 40), min_size=2, max_size=12, unique=True))
    target = draw(st.integers(-80, 80)) / 2
    assume(target not in positions)
    assume(min(positions) < target < max(positions))
    return Window(tuple(positions), target)


@given(windows())
def test_references_are_the_nearest_on_each_side(window: Window):
    left, right = (window.positions[i] for i in window.references)
    assert left < window.target < right
    assert not any(left < p < right for p in window.positions)
    assert 0 < window.time < 1
    assert left + window.time * (right - left) == pytest.approx(window.target)
    assert (window.left, window.right) == (
        sum(p < window.target for p in window.positions),
        sum(p > window.target for p in window.positions),
    )


@given(windows())
def test_reversing_mirrors_and_undoes_itself(window: Window):
    back = window.reversed()
    assert back.reversed() == window
    assert back.target == window.target
    assert back.time == pytest.approx(1 - window.time)
    last = len(window) - 1
    assert back.references == tuple(last - i for i in reversed(window.references))


@given(windows(), st.integers(-50, 50))
def test_shifting_changes_no_distance(window: Window, by: int):
    shifted = window.shifted(by)
    assert shifted.references == window.references
    assert shifted.time == pytest.approx(window.time)
    assert shifted.shifted(-by) == window


def test_the_layouts_of_the_text():
    """LIFT-15 section 1.2: references by position; entry 9 of the list is frame 10."""
    window = Window.hole(15, 8)
    assert window.positions == (*map(float, range(8)), *map(float, range(9, 15)))
    assert window.references == (7, 8)
    assert (window.left, window.right, window.time) == (8, 6, 0.5)
    assert Window.even(3, 2).positions == (-5.0, -3.0, -1.0, 1.0, 3.0)
    assert Window.even(1, 1, 0.125).time == 0.125


def test_a_flip_in_time_keeps_eight_and_six_in_a_clip_of_seventeen():
    clip = Window.hole(17, 8)
    whole = clip.reversed()
    assert (whole.left, whole.right, whole.target) == (8, 8, 8.0)
    assert sorted(whole.positions) == sorted(clip.positions)


def test_a_window_is_a_value():
    assert Window((0, 2), 1) == Window((0.0, 2.0), 1.0)
    assert len({Window((0, 2), 1), Window((0.0, 2.0), 1.0)}) == 1


@pytest.mark.parametrize(
    ("positions", "target", "message"),
    [
        ((), 0, "must lie between two input frames, got no frames"),
        ((1,), 0, "the target 0 must lie between two input frames, got 1 to 1"),
        ((0, 1), 2, "the target 2 must lie between two input frames, got 0 to 1"),
        ((0, 1), 1, "the target 1 is itself one of the input positions: it would leak"),
        ((0, 0, 1), 0.5, "needs distinct positions"),
        ((0, math.nan), 0.5, "needs finite positions"),
        ((0, math.inf), 0.5, "needs finite positions"),
        ((0, 1), math.nan, "needs finite positions"),
        (("a", "b"), 0, "a window needs numbers, got positions ('a', 'b') and target 0"),
        (7, 0, "a window needs numbers, got positions 7"),
    ],
)
def test_no_window(positions: Any, target: Any, message: str):
    with pytest.raises(InputError) as caught:
        Window(positions, target)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Window.hole(15, 0), "target 0 in a clip of 15; choose 1 to 13"),
        (lambda: Window.hole(15, 14), "target 14 in a clip of 15; choose 1 to 13"),
        (lambda: Window.hole(2, 1), "a clip of three is the shortest"),
        (lambda: Window.even(0, 1), "needs a frame on each side, got left=0, right=1"),
        (lambda: Window.even(1, 1, 0.0), "time must lie strictly between 0 and 1, got 0.0"),
        (lambda: Window.even(1, 1, math.nan), "time must lie strictly between 0 and 1, got nan"),
    ],
)
def test_no_layout(make: Any, message: str):
    with pytest.raises(InputError) as caught:
        make()
    assert message in str(caught.value)

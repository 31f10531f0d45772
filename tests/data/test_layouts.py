"""Which frames make up a window, in every layout, direction and stride."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.layouts import Cutter, Layout
from lift15.data.randomness import batch_stream
from vfiblocks import Window, build_model
from vfiblocks.errors import InputError

OWN = st.sampled_from(
    [Window.hole(15, 8), Window.hole(7, 3), Window.hole(3, 1), Window.even(1, 1), Window.even(3, 2)]
)


@st.composite
def cutters(draw):
    window, any_time = draw(OWN), draw(st.booleans())
    gap = draw(st.integers(2, 7))
    layout = Layout(
        kind=draw(st.sampled_from(["own", "hole", "even", "both"])),
        gap=gap if any_time else gap // 2 * 2,
        stride=draw(st.integers(1, 3)),
        frames=tuple(draw(st.lists(st.integers(2, len(window)), max_size=3))),
        backwards=draw(st.sampled_from([0.0, 0.5, 1.0])),
    )
    return Cutter(layout, window, any_time=any_time)


@st.composite
def readings(draw):
    cutter = draw(cutters())
    reading = cutter.draw(batch_stream(0, draw(st.integers(0, 10_000))))
    stride = draw(st.integers(1, cutter.layout.stride))
    return cutter, reading, stride, draw(st.booleans())


@given(readings())
def test_positions_are_the_frame_numbers_in_units_of_half_the_gap(drawn):
    _, reading, stride, backwards = drawn
    numbers = reading.numbers(100, stride=stride, backwards=backwards)
    sign = -1 if backwards else 1
    for position, number in zip(reading.window.positions, numbers, strict=True):
        told = (position - reading.window.target) * reading.gap / 2
        assert told == pytest.approx(sign * (number - 100) / stride)


@given(readings())
def test_references_lie_in_the_span_and_the_target_between_them(drawn):
    cutter, reading, stride, backwards = drawn
    start = cutter.start(reading, 10, stride)
    target = reading.target(start, stride=stride, backwards=backwards)
    numbers = reading.numbers(target, stride=stride, backwards=backwards)
    references = sorted(numbers[i] for i in reading.window.references)
    assert references == [start, start + stride * reading.gap]
    assert 10 <= references[0] < target < references[1] <= 10 + cutter.span
    assert target not in numbers
    assert len(set(numbers)) == len(numbers)


@given(readings())
def test_the_reach_covers_what_is_read(drawn):
    cutter, reading, stride, _ = drawn
    directions = {0.0: [False], 1.0: [True]}.get(cutter.layout.backwards, [False, True])
    for backwards in directions:
        start = cutter.start(reading, 0, stride)
        target = reading.target(start, stride=stride, backwards=backwards)
        numbers = reading.numbers(target, stride=stride, backwards=backwards)
        assert cutter.reach[0] <= min(numbers) <= max(numbers) <= cutter.reach[1]


@given(readings())
def test_backwards_is_the_reversed_window_of_the_clip_played_backwards(drawn):
    """DECISIONS 15: the clip is turned about the target, so that the window may stay."""
    _, reading, stride, _ = drawn
    length, target = 401, 200
    backwards = reading.numbers(target, stride=stride, backwards=True)
    played = list(reversed(range(length)))  # the clip from its end
    forwards = reading.numbers(length - 1 - target, stride=stride)
    assert [played[number] for number in forwards] == list(backwards)
    # In the original clip the same frames make up the reversed window, in reversed order.
    mirrored = reading.window.reversed()
    unit = reading.gap / 2 * stride
    told = [target + (p - mirrored.target) * unit for p in mirrored.positions]
    assert told == pytest.approx(list(reversed(backwards)))
    again = mirrored.reversed()
    assert again.positions == pytest.approx(reading.window.positions)


def test_seventeen_frames_keep_eight_and_six_both_ways():
    reading = Cutter(Layout(), Window.hole(15, 8)).fixed()
    assert reading.window == Window.hole(15, 8)
    for backwards in (False, True):
        numbers = reading.numbers(8, backwards=backwards)
        assert len(numbers) == 14
        assert all(0 <= number < 17 for number in numbers)
    assert reading.numbers(8) == (*range(8), *range(9, 15))
    assert reading.numbers(8, backwards=True) == (*range(16, 8, -1), *range(7, 1, -1))


@pytest.mark.parametrize("name", ["lift15-tiny", "rife", "rife-m"])
@pytest.mark.parametrize("kind", ["own", "even"])
def test_the_layouts_of_models_are_their_own(name, kind):
    model = build_model(name)
    reading = Cutter(Layout(kind=kind), model.window).fixed()
    wanted = model.window_between() if kind == "even" else model.window
    assert reading.window == wanted


def test_any_time_is_every_frame_between_the_references():
    cutter = Cutter(Layout(kind="even", gap=4), Window.even(2, 2), any_time=True)
    times = Counter(cutter.draw(batch_stream(1, k)).window.time for k in range(300))
    assert sorted(times) == [0.25, 0.5, 0.75]
    assert min(times.values()) > 70
    model = build_model("rife-m")
    for reading in Cutter(Layout(gap=5), model.window, any_time=model.flow.any_time).readings():
        assert reading.window == model.window_between(reading.window.time)


def test_a_model_of_midpoints_gets_midpoints():
    cutter = Cutter(Layout(kind="both", gap=4), Window.even(2, 2))
    assert {cutter.draw(batch_stream(1, k)).window.time for k in range(50)} == {0.5}
    with pytest.raises(InputError, match="gap of 3 frames has no frame in the middle"):
        Cutter(Layout(kind="even", gap=3), Window.even(1, 1))
    with pytest.raises(InputError, match="gap of 3 frames has no frame in the middle"):
        Cutter(Layout(kind="hole", gap=3), Window.hole(7, 3)).fixed("even")


def test_numbers_of_frames_come_in_their_shares():
    layout = Layout(frames=(2, 4, 6, 8, 14), shares=(0.25, 0.25, 0.15, 0.15, 0.2))
    cutter = Cutter(layout, Window.hole(15, 8))
    drawn = Counter(len(cutter.draw(batch_stream(3, k)).window) for k in range(4000))
    for count, share in zip(layout.frames, layout.shares, strict=True):
        assert drawn[count] / 4000 == pytest.approx(share, abs=0.03)


def test_both_layouts_come_in_their_shares():
    cutter = Cutter(Layout(kind="both", even_share=0.25), Window.hole(15, 8))
    kinds = Counter(cutter.draw(batch_stream(3, k)).kind for k in range(4000))
    assert kinds["even"] / 4000 == pytest.approx(0.25, abs=0.03)


@given(frames=st.integers(2, 14))
def test_fewer_frames_are_the_nearest(frames):
    cutter = Cutter(Layout(), Window.hole(15, 8))
    full, some = cutter.fixed(), cutter.fixed(frames=frames)
    assert len(some.window) == len(some.offsets) == frames
    assert set(some.window.positions) <= set(full.window.positions)
    assert {-1, 1} <= set(some.offsets)
    left_out = {abs(offset) for offset in full.offsets if offset not in some.offsets}
    if left_out:
        assert max(map(abs, some.offsets)) <= min(left_out)


def test_every_option_draws_the_same_chance():
    """Switching one thing on changes nothing else of a batch."""
    few = Cutter(Layout(frames=(2, 4)), Window.hole(15, 8))
    both = Cutter(Layout(kind="both", frames=(2, 4)), Window.hole(15, 8))
    for k in range(50):
        one, other = few.draw(batch_stream(0, k)), both.draw(batch_stream(0, k))
        assert len(one.window) == len(other.window)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "holes"}, "kind is one of own, hole, even, both, got 'holes'"),
        ({"gap": 1}, "gap is a whole number from 2 up, got 1"),
        ({"stride": 0}, "stride is a whole number from 1 up, got 0"),
        ({"stride": 1.5}, "stride is a whole number from 1 up, got 1.5"),
        ({"frames": (1,)}, "each of frames is a whole number from 2 up, got 1"),
        ({"missing": 1.5}, "missing is a probability from 0 to 1, got 1.5"),
        ({"backwards": float("nan")}, "backwards is a probability"),
        ({"shares": (1.0,)}, "every number of frames has its share"),
        ({"frames": (2, 4), "shares": (0.5, 0.4)}, "shares add up to 1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Layout(**options)


def test_a_layout_has_to_go_with_the_model():
    with pytest.raises(InputError, match="window has 4 frames, but frames asks for 14"):
        Cutter(Layout(frames=(2, 14)), Window.even(2, 2))
    with pytest.raises(InputError, match="neither a hole in a contiguous clip nor evenly spaced"):
        Cutter(Layout(), Window((0.0, 1.0, 5.0), 2.0))
    with pytest.raises(InputError, match="cut as 'hole' or 'even', got 'own'"):
        Cutter(Layout(), Window.even(1, 1)).fixed("own")
    with pytest.raises(InputError, match="has 2 frames, 2 at the least; got 3"):
        Cutter(Layout(), Window.even(1, 1)).fixed(frames=3)


def test_draws_do_not_depend_on_what_was_drawn_before():
    cutter = Cutter(Layout(kind="both", frames=(2, 6, 14), stride=2), Window.hole(15, 8))
    there = [cutter.draw(batch_stream(5, k)) for k in range(20)]
    back = [cutter.draw(batch_stream(5, k)) for k in reversed(range(20))]
    assert there == back[::-1]
    assert len({len(reading.window) for reading in there}) == 3

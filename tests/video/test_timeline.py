"""Which moments are shown: exact, in order, and where the clock says."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError
from vfiblocks.video import Frame, Gap, VideoInfo, upsample
from vfiblocks.video.timeline import (
    EqualParts,
    Moment,
    SteadyRate,
    Timeline,
    choose_timeline,
    rounding_of,
    tick_for,
)
from vfiblocks.window import Window

FILM = Fraction(24000, 1001)
RATES = [Fraction(24), FILM, Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(25, 2)]
rates = st.sampled_from(RATES)
pixel = torch.zeros(3, 1, 1)


def info(rate: Fraction, time_base: Fraction | None = None) -> VideoInfo:
    return VideoInfo(64, 48, rate, time_base or 1 / rate, "yuv420p")


def walk(
    timeline: Timeline, times: Sequence[Fraction], rounding: Fraction = Fraction(0)
) -> list[tuple[int, Moment]]:
    """All moments of a video, each with the number of the gap it lies in."""
    origin = times[0]
    moments = [
        (index, moment)
        for index, (before, after) in enumerate(pairwise(times))
        for moment in timeline.between(origin, before, after, rounding=rounding)
    ]
    end = timeline.at_end(origin, times[-1], rounding=rounding)
    return [*moments, *([(len(times) - 1, end)] if end else [])]


def reverse(timeline: Timeline, times: Sequence[Fraction]) -> list[Fraction]:
    """The times of the source at which the moments lie, by where in their gaps they are."""
    spans = [after - before for before, after in pairwise(times)] + [Fraction(0)]
    return [times[gap] + moment.time * spans[gap] for gap, moment in walk(timeline, times)]


@given(rates, st.integers(1, 5), st.integers(2, 9))
def test_on_a_steady_source_both_kinds_agree(rate: Fraction, factor: int, count: int) -> None:
    times = [3 + i / rate for i in range(count)]
    parts, steady = EqualParts(factor), SteadyRate(rate * factor)
    assert walk(parts, times) == walk(steady, times)
    assert parts.rate(info(rate)) == steady.rate(info(rate))
    assert len(walk(parts, times)) == parts.expected(info(rate), count)
    assert parts.expected(info(rate), count) == steady.expected(info(rate), count)


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=12),
    rates,
    st.sampled_from([Fraction(1), Fraction(2), Fraction(5, 2), Fraction(4)]),
)
def test_a_steady_rate_over_uneven_frames(gaps: list[int], rate: Fraction, slow: Fraction) -> None:
    times = [Fraction(7, 3)]
    for ticks in gaps:
        times.append(times[-1] + Fraction(ticks, 1000))
    timeline = SteadyRate(rate, slow)
    shown = [moment.pts for _, moment in walk(timeline, times)]
    assert shown == [times[0] * slow + i / rate for i in range(len(shown))]
    # each moment lies in the source exactly where its output time, brought to speed, says
    assert reverse(timeline, times) == [pts / slow for pts in shown]
    # no moment is left out at the end
    assert shown[-1] <= times[-1] * slow < shown[-1] + 1 / rate
    assert all(0 <= moment.time < 1 for _, moment in walk(timeline, times))


def test_an_hour_of_film_at_sixty_does_not_drift() -> None:
    frames = 3600 * 24 * 1000 // 1001
    timeline, clip = SteadyRate(Fraction(60)), info(FILM, Fraction(1, 24000))
    tick = timeline.time_base(clip)
    before, shown, worst = Fraction(0), 0, Fraction(0)
    for index in range(1, frames):
        after = index / FILM
        for moment in timeline.between(Fraction(0), before, after):
            real = before + moment.time * (after - before)
            worst = max(worst, abs(round(moment.pts / tick) * tick - real))
            shown += 1
        before = after
    assert worst == 0
    last = Fraction(shown - 1, 60)
    assert before - Fraction(1, 60) <= last < before
    assert shown == timeline.expected(clip, frames)


@given(rates, rates, st.sampled_from([Fraction(1), Fraction(3), Fraction(5, 2)]))
def test_ticks_hold_every_moment(rate: Fraction, target: Fraction, slow: Fraction) -> None:
    clip = info(rate, Fraction(1, 90000))
    times = [Fraction(round(90000 * i / rate), 90000) for i in range(2, 8)]
    for timeline in (EqualParts(3, slow), SteadyRate(target, slow)):
        tick = timeline.time_base(clip)
        assert tick.numerator == 1
        assert all((moment.pts / tick).denominator == 1 for _, moment in walk(timeline, times))


def test_a_tick_too_fine_for_a_container_keeps_the_steps_exact() -> None:
    clip = info(Fraction(30), Fraction(1, 10**9))
    rate = Fraction(60000, 1001)
    tick = SteadyRate(rate).time_base(clip)
    assert tick.denominator < 2**31
    assert (1 / rate / tick).denominator == 1
    assert EqualParts(7).time_base(clip) == Fraction(1, 10**6)
    assert tick_for(Fraction(1, 2**31)) == Fraction(1, 10**6)


def test_a_frame_off_by_the_rounding_of_its_clock_is_not_made_again() -> None:
    rate = Fraction(30000, 1001)
    times = [Fraction(round(1000 * i / rate), 1000) for i in range(30)]
    rounding = rounding_of(info(rate, Fraction(1, 1000)))
    shown = walk(SteadyRate(rate), times, rounding)
    assert [moment.time for _, moment in shown] == [Fraction(0)] * 30
    assert [gap for gap, _ in shown] == list(range(30))
    assert [moment.pts for _, moment in shown] == [i / rate for i in range(30)]
    exact = walk(SteadyRate(rate), times)
    assert any(moment.time for _, moment in exact)


def test_a_lower_rate_shows_fewer_frames() -> None:
    times = [Fraction(i, 60) for i in range(61)]
    shown = walk(SteadyRate(Fraction(24)), times)
    assert len(shown) == 25
    assert sum(moment.time == 0 for _, moment in shown) == 13  # every second one falls on a frame


def test_slow_motion_lasts_longer_at_the_same_rate() -> None:
    clip = info(Fraction(25))
    times = [Fraction(1) + Fraction(i, 25) for i in range(5)]
    timeline = choose_timeline(clip, slow_motion=Fraction(4))
    shown = walk(timeline, times)
    assert timeline.rate(clip) == 25
    assert timeline.time_base(clip) == Fraction(1, 25)
    assert [moment.pts for _, moment in shown] == [4 + Fraction(i, 25) for i in range(17)]
    shown = walk(choose_timeline(clip, slow_motion=Fraction(5, 2)), times)
    assert [moment.pts for _, moment in shown] == [
        Fraction(5, 2) + Fraction(i, 25) for i in range(11)
    ]
    both = choose_timeline(clip, slow_motion=Fraction(4), fps=Fraction(50))
    assert len(walk(both, times)) == 33


def test_left_out_repeats_keep_their_moments() -> None:
    timeline = EqualParts(2)
    moments = timeline.between(
        Fraction(0), Fraction(0), Fraction(4), repeats=(Fraction(1), Fraction(3))
    )
    assert [moment.pts for moment in moments] == [0, Fraction(1, 2), 1, 2, 3, Fraction(7, 2)]
    assert [moment.time for moment in moments] == [pts / 4 for _, pts in moments]


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"factor": 2, "fps": Fraction(60)}, "exclude each other"),
        ({"factor": 1}, "factor must be 2 or more, got 1"),
        ({"fps": Fraction(0)}, "frame rate must be positive, got 0"),
        ({"slow_motion": Fraction(1, 2)}, "1 or more times slower, got 1/2"),
    ],
)
def test_wishes_that_make_no_sense(wishes: dict[str, Fraction], says: str) -> None:
    with pytest.raises(InputError, match=says):
        choose_timeline(info(FILM), **wishes)  # type: ignore[arg-type]
    assert choose_timeline(info(FILM)) == EqualParts(2)


def mixed(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
    for window in windows:
        yield torch.lerp(gap.frames[:, 0], gap.frames[:, 1], window.time)


def ramp(times: Sequence[Fraction]) -> list[Frame]:
    return [Frame(time, rgb=torch.full((3, 1, 1), float(time))) for time in times]


def test_made_frames_are_those_of_their_moments() -> None:
    source = ramp([Fraction(i * i, 20) for i in range(5)])
    out = list(upsample(source, mixed, timeline=SteadyRate(Fraction(30))))
    assert len(out) == math.floor(source[-1].pts * 30) + 1
    for frame in out:
        assert torch.allclose(frame.rgb, torch.tensor(float(frame.pts)), atol=1e-6)
    assert [frame for frame in out if any(frame is one for one in source)] == [
        frame for frame in out if (frame.pts * 20).denominator == 1 and frame.pts * 20 in (0, 4, 16)
    ]


def test_nothing_is_made_across_a_cut() -> None:
    source = ramp([Fraction(i) for i in range(6)])
    source[3].starts_shot = True
    seen = []

    def spy(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        seen.append([None if one is None else int(one.pts) for one in gap.neighbours])
        yield from (gap.before.rgb[None] for _ in windows)

    out = list(upsample(source, spy, factor=4, left=3, right=2))
    assert seen == [
        [None, None, 0, 1, 2],
        [None, 0, 1, 2, None],
        [None, None, 3, 4, 5],
        [None, 3, 4, 5, None],
    ]
    across = [frame for frame in out if 2 <= frame.pts <= 3]
    assert [float(frame.rgb.mean()) for frame in across] == [2, 2, 2, 3, 3]
    assert [frame.pts for frame in across] == [2 + Fraction(k, 4) for k in range(5)]


def test_a_factor_and_a_timeline_exclude_each_other() -> None:
    with pytest.raises(InputError, match="exclude each other"):
        upsample([], mixed, factor=2, timeline=EqualParts(2))

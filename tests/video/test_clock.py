"""Exact time: ticks to seconds, and time bases that can tell the parts of a gap."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks.video.clock import SourceClock, divided_time_base

MILLISECOND = Fraction(1, 1000)
rates = st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(60), Fraction(25, 2)])


@given(rates, st.integers(0, 10**6))
def test_milliseconds_go_back_to_the_steady_rate_they_came_from(rate: Fraction, n: int) -> None:
    clock = SourceClock(MILLISECOND, rate)
    assert clock.seconds(round(n / rate * 1000)) == n / rate


@given(rates, st.integers(0, 10**7))
def test_no_time_moves_by_more_than_half_a_millisecond(rate: Fraction, ticks: int) -> None:
    clock = SourceClock(MILLISECOND, rate)
    seconds = clock.seconds(ticks)
    assert abs(seconds - ticks * MILLISECOND) <= MILLISECOND / 2
    assert (seconds / clock.time_base).denominator == 1


@pytest.mark.parametrize("tick", [Fraction(1, 90000), Fraction(1, 100), Fraction(1001, 30000)])
def test_other_ticks_are_taken_at_their_word(tick: Fraction) -> None:
    clock = SourceClock(tick, Fraction(30))
    assert clock.seconds(7) == 7 * tick
    assert clock.time_base == tick


@given(st.integers(1, 10**5), st.integers(1, 3000), st.integers(2, 8), st.integers(0, 10**6))
def test_parts_of_gaps_are_whole_ticks(den: int, num: int, factor: int, ticks: int) -> None:
    time_base = Fraction(num, den)
    divided = divided_time_base(time_base, factor)
    assert divided.numerator == 1
    assert (ticks * time_base / factor / divided).denominator == 1


def test_nanoseconds_fall_back_to_what_32_bits_can_tell() -> None:
    assert divided_time_base(Fraction(1, 10**9), 4) == Fraction(1, 10**6)

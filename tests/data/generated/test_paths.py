"""Paths: measured steps, smooth between frames, and only one of them a straight line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.generated.paths import PATHS, Steady, draw_path, make_path

SEEDS = st.integers(0, 10_000)
KINDS = st.sampled_from(sorted(PATHS))


@given(seed=SEEDS, kind=KINDS, frames=st.integers(2, 40))
def test_steps_are_one_at_most_and_the_middle_is_zero(seed, kind, frames):
    path = draw_path(np.random.default_rng(seed), (kind,), frames)
    times = np.arange(frames, dtype=float)
    steps = np.linalg.norm(np.diff(path(times), axis=0), axis=1)
    assert steps.max() <= 1.0 + 1e-9
    assert np.abs(path(np.array([(frames - 1) / 2.0]))).max() < 1e-12
    away = np.linalg.norm(path(np.linspace(0.0, frames - 1.0, 4 * frames - 3)), axis=1)
    assert away.max() <= path.span + 1e-9


@given(seed=SEEDS, kind=KINDS)
def test_there_are_no_jumps_at_any_time(seed, kind):
    path = draw_path(np.random.default_rng(seed), (kind,), 17)
    times = np.linspace(-3.0, 20.0, 2301)
    steps = np.linalg.norm(np.diff(path(times), axis=0), axis=1)
    assert steps.max() < 0.1  # 0.01 frames at ten times the largest step of a frame


@given(seed=SEEDS, kind=KINDS)
def test_a_time_is_placed_the_same_alone_and_among_others(seed, kind):
    path = draw_path(np.random.default_rng(seed), (kind,), 9)
    times = np.array([7.25, -1.0, 3.0])
    alone = np.concatenate([path(times[i : i + 1]) for i in range(3)])
    assert np.array_equal(path(times), alone)


@pytest.mark.parametrize("kind", sorted(PATHS))
def test_only_the_steady_path_has_no_acceleration(kind):
    bends = []
    for seed in range(20):
        path = draw_path(np.random.default_rng(seed), (kind,), 17)
        bends.append(np.abs(np.diff(path(np.arange(17.0)), n=2, axis=0)).max())
    if kind == "steady":
        assert max(bends) < 1e-9
    else:
        assert min(bends) > 0.01


def test_a_turning_point_in_the_middle_is_not_taken_for_standing_still():
    def swing(since):
        return np.stack((np.cos(since), 0.0 * since), axis=1)

    assert make_path(swing, 2).step > 0.5  # at its two frames the swing is in the same place


def test_steady_takes_a_velocity():
    path = make_path(Steady((3.0, 4.0)), 5)
    assert path.step == pytest.approx(5.0)
    assert path(np.array([3.0]))[0] == pytest.approx((0.6, 0.8))

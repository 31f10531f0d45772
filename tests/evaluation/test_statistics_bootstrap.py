"""Whether an interval at 95 % holds the truth in 95 % of cases."""

import numpy as np
import pytest

from lift15.evaluation.statistics_bootstrap import clip_weights, resample
from vfiblocks.errors import InputError

TRIALS = 400


def coverage(
    *, scenes: int, clips: int = 1, seeds: int = 1, seed_effect: float = 0.0, paired: bool = False
) -> float:
    """How often the truth, 0.1 dB, lies in the interval, for scores drawn from a known world.

    Scenes scatter by 0.3 dB, clips within them by 0.2 dB and come in unequal numbers, training runs
    by ``seed_effect``.
    """
    world = np.random.default_rng(0)
    held = 0
    for trial in range(TRIALS):
        sizes = world.integers(1, 2 * clips, size=scenes) if clips > 1 else np.ones(scenes, int)
        scene = np.repeat(np.arange(scenes), sizes)
        effect = 0.3 * world.standard_normal(scenes)[scene]
        if clips > 1:
            effect = effect + 0.2 * world.standard_normal(len(scene))
        baseline, candidate = (
            shift + seed_effect * world.standard_normal((seeds, 1)) for shift in (0.0, 0.1 + effect)
        )
        baseline = np.broadcast_to(baseline, candidate.shape)
        found = resample(
            baseline, candidate, scene, paired_seeds=paired, draws=800, seed=trial
        ).interval(0.95)
        held += found[0] <= 0.1 <= found[1]
    return held / TRIALS


@pytest.mark.parametrize(
    "world",
    [
        {"scenes": 8},
        {"scenes": 20},
        {"scenes": 25, "clips": 5},
        {"scenes": 20, "clips": 3, "seeds": 3, "seed_effect": 0.1},
        {"scenes": 20, "clips": 3, "seeds": 3, "seed_effect": 0.1, "paired": True},
    ],
    ids=str,
)
def test_the_truth_is_inside_as_often_as_the_interval_says(world):
    """0.95, give or take three standard errors of so many trials (0.011 each)."""
    assert coverage(**world) == pytest.approx(0.95, abs=0.033)


def test_clips_taken_for_scenes_would_hold_the_truth_far_too_rarely():
    """Why scenes are drawn whole: the same data, with the scene of every clip forgotten."""
    world = np.random.default_rng(1)
    held = 0
    for trial in range(TRIALS):
        effect = 0.1 + np.repeat(0.3 * world.standard_normal(12), 8)
        effect += 0.1 * world.standard_normal(96)
        zeros = np.zeros((1, 96))
        low, high = resample(
            zeros, effect[None], np.arange(96), paired_seeds=False, draws=300, seed=trial
        ).interval(0.95)
        held += low <= 0.1 <= high
    assert held / TRIALS < 0.7


def test_memory_is_bounded_without_a_change_of_numbers(monkeypatch):
    from lift15.evaluation import statistics_bootstrap

    values = np.random.default_rng(2).standard_normal((1, 30))
    zeros = np.zeros_like(values)
    whole = resample(zeros, values, np.arange(30), paired_seeds=False, draws=1000)
    monkeypatch.setattr(statistics_bootstrap, "AT_ONCE", 90)
    pieces = resample(zeros, values, np.arange(30), paired_seeds=False, draws=1000)
    assert np.array_equal(whole.scatter, pieces.scatter)


def test_the_scatter_has_the_size_of_the_standard_error():
    generator = np.random.default_rng(3)
    scene = np.repeat(np.arange(30), generator.integers(1, 6, size=30))
    values = generator.standard_normal(30)[scene] + 0.3 * generator.standard_normal(len(scene))
    found = resample(
        np.zeros((1, len(scene))), values[None], scene, paired_seeds=False, draws=20_000
    )
    assert found.scatter.std() == pytest.approx(found.error, rel=0.06)
    assert found.freedom == 29
    wide, narrow = found.interval(0.99), found.interval(0.8)
    assert wide[0] < narrow[0] < found.estimate < narrow[1] < wide[1]


def test_with_few_seeds_there_is_little_freedom():
    """Three runs that disagree and clips that do not: two degrees of freedom."""
    runs = np.array([[0.0], [1.0], [2.0]]) + 1e-3 * np.random.default_rng(4).standard_normal((3, 9))
    found = resample(np.zeros((3, 9)), runs, np.arange(9), paired_seeds=True, draws=500)
    assert found.freedom == pytest.approx(2, abs=1e-3)
    assert found.error == pytest.approx(np.sqrt(1 / 3), rel=1e-2)


def test_weights():
    assert clip_weights(np.array([0, 0, 1, 1, 1]), "clips").tolist() == [1] * 5
    assert clip_weights(np.array([0, 0, 1]), "scenes").tolist() == [0.5, 0.5, 1.0]


def test_levels_outside_are_refused():
    found = resample(np.zeros((1, 3)), np.ones((1, 3)), np.arange(3), paired_seeds=False, draws=100)
    for level in (0.0, 1.0, 95):
        with pytest.raises(InputError, match=r"level of an interval is in \(0, 1\)"):
            found.interval(level)

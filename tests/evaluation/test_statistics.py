"""What a comparison of two models says on data whose answer is known."""

import json

import numpy as np
import pytest

from lift15.evaluation.results import Row
from lift15.evaluation.statistics import compare
from lift15.evaluation.statistics_power import power_of
from lift15.evaluation.statistics_scores import Score, Scores
from vfiblocks.errors import InputError


def clips(count: int, seed: int = 0, level: float = 32.0) -> np.ndarray:
    """Scores of so many clips, which differ among each other much more than models do."""
    return level + 4 * np.random.default_rng(seed).standard_normal(count)


@pytest.mark.parametrize("seeds", [1, 3])
def test_identical_models_differ_by_nothing_at_all(seeds: int):
    values = clips(20).reshape(1, 20).repeat(seeds, 0) + np.arange(seeds)[:, None]
    scores = Scores.of(values, scenes=[f"s{k // 2}" for k in range(20)])
    found = compare(scores, scores, draws=500)
    assert (found.difference, found.low, found.high) == (0, 0, 0)
    assert found.inner == (0, 0)
    assert (found.p, found.wilcoxon, found.signs.p) == (1, 1, 1)
    assert found.verdict == "equivalent"
    assert "equivalent to the baseline within 0.05 dB: +0.000 dB [+0.000, +0.000]" in str(found)


def test_equally_good_models_give_an_interval_around_nothing():
    noise = np.random.default_rng(1).standard_normal((2, 40))
    baseline, candidate = (Scores.of(clips(40) + 0.3 * side) for side in noise)
    found = compare(baseline, candidate, draws=2000)
    assert found.low < 0 < found.high
    assert not found.different
    assert found.verdict == "undecided"
    assert "is undecided" in str(found)
    assert f"a difference of {found.detectable:.3f} dB would be found" in str(found)


def test_what_all_clips_share_is_sure_however_much_clips_differ():
    """Pairing: models are compared on each clip, so that easy and hard clips cancel."""
    baseline = Scores.of(clips(20))
    candidate = Scores.of(clips(20) + 0.1 + 0.02 * np.random.default_rng(2).standard_normal(20))
    found = compare(baseline, candidate, draws=2000)
    assert found.verdict == "better"
    assert 0.09 < found.low < found.difference < found.high < 0.12
    assert found.signs[:3] == (20, 0, 0)
    assert found.means[1] - found.means[0] == pytest.approx(found.difference)
    backwards = compare(candidate, baseline, draws=2000)
    assert backwards.verdict == "worse"
    assert (backwards.low, backwards.high) == pytest.approx((-found.high, -found.low), abs=2e-3)


def test_for_some_metrics_less_is_better():
    baseline = Scores.of(clips(20, level=0.1) * 0.001)
    candidate = Scores.of(clips(20, level=0.1) * 0.001 - 0.02)
    found = compare(baseline, candidate, better="lower", unit="", draws=500)
    assert found.verdict == "better"
    assert "better on 20 scenes and worse on 0" in str(found)
    assert found.margin is None
    assert not found.equivalent
    assert compare(baseline, baseline, better="lower", unit="", draws=500).verdict == "undecided"
    near = compare(baseline, candidate, better="lower", unit="", margin=0.1, draws=500)
    assert near.verdict == "equivalent"
    assert near.different  # sure, and too small to matter


def test_ten_clips_of_one_scene_are_no_ten_scenes():
    """Copies of a clip bring no evidence; taken for scenes of their own they would."""
    effects = 0.1 + 0.3 * np.random.default_rng(3).standard_normal(12)
    base = clips(12)
    once = compare(Scores.of(base), Scores.of(base + effects), draws=4000)
    many = np.repeat(base, 10)
    better = many + np.repeat(effects, 10)
    scenes = [f"scene {k // 10}" for k in range(120)]
    crowd = compare(Scores.of(many, scenes=scenes), Scores.of(better, scenes=scenes), draws=4000)
    assert (crowd.clips, crowd.scenes) == (120, 12)
    assert crowd.difference == pytest.approx(once.difference)
    assert crowd.low == pytest.approx(once.low, abs=0.02)
    assert crowd.high == pytest.approx(once.high, abs=0.02)
    assert (crowd.wilcoxon, crowd.signs) == (pytest.approx(once.wilcoxon), once.signs)
    assert crowd.p == pytest.approx(once.p)
    fooled = compare(Scores.of(many), Scores.of(better), draws=4000)
    assert fooled.high - fooled.low < 0.4 * (once.high - once.low)


def test_a_planted_difference_is_found_as_often_as_power_says():
    """0.1 dB among paired deviations of 0.3 dB, 70 clips of as many scenes."""
    generator = np.random.default_rng(4)
    trials, found = 300, 0
    base = Scores.of(clips(70))
    for trial in range(trials):
        effects = 0.1 + 0.3 * generator.standard_normal(70)
        candidate = Scores.of(base.values[0] + effects)
        found += compare(base, candidate, draws=400, seed=trial).verdict == "better"
    expected = power_of(70, 0.1, 0.3)
    assert 0.75 < expected < 0.8
    assert found / trials == pytest.approx(expected, abs=3 * (0.2 * 0.8 / trials) ** 0.5)


def test_training_runs_count_when_there_are_several():
    """All clips agree, the seeds do not: three runs of each leave the difference open."""
    base = clips(40)
    offsets = np.array([[0.0], [0.4], [-0.4]])
    baseline = Scores.of(base + offsets, seeds=("a", "b", "c"))
    candidate = Scores.of(base + 0.2 + offsets[[1, 2, 0]], seeds=("d", "e", "f"))
    found = compare(baseline, candidate, draws=2000)
    assert not found.paired_seeds
    assert found.low < 0 < found.high
    assert "3 and 3 training runs, not paired" in str(found)
    one = compare(Scores.of(base), Scores.of(base + 0.2), draws=2000)
    assert one.verdict == "better"
    assert "One training run of each: what another seed would give is not in" in str(one)


def test_runs_of_one_seed_are_paired_by_name():
    """What both owe to the seed cancels, whatever the order of the seeds."""
    base = clips(40)
    offsets = np.array([[0.0], [0.4], [-0.4]])
    baseline = Scores.of(base + offsets, seeds=("a", "b", "c"))
    candidate = Scores.of(base + 0.2 + offsets[[2, 0, 1]], seeds=("c", "a", "b"))
    found = compare(baseline, candidate, draws=2000)
    assert found.paired_seeds
    assert found.verdict == "better"
    assert "paired by seed" in str(found)
    lone = compare(baseline, Scores.of(base), draws=500)
    assert lone.seeds == (3, 1)
    assert "One run of the candidate says nothing of its others." in str(lone)


def test_scenes_can_count_alike():
    """Nine clips of one scene gain 1, one clip of another loses 1: nothing on average of scenes."""
    scenes = ["long"] * 9 + ["short"]
    effects = np.array([1.0] * 9 + [-1.0])
    baseline, candidate = Scores.of(clips(10), scenes=scenes), None
    candidate = Scores.of(clips(10) + effects, scenes=scenes)
    assert compare(baseline, candidate, draws=200).difference == pytest.approx(0.8)
    by_scene = compare(baseline, candidate, weigh="scenes", draws=200)
    assert by_scene.difference == pytest.approx(0.0)
    assert by_scene.means[1] - by_scene.means[0] == pytest.approx(0.0)


def test_the_same_seed_gives_the_same_interval():
    baseline, candidate = Scores.of(clips(15)), Scores.of(clips(15, 1))
    first, again = (compare(baseline, candidate, draws=300, seed=5) for _ in range(2))
    assert first == again
    other = compare(baseline, candidate, draws=300, seed=6)
    assert (first.low, first.high) != (other.low, other.high)
    assert first.p == other.p


def test_it_can_be_written_down():
    found = compare(Scores.of(clips(15)), Scores.of(clips(15) + 1), draws=200)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["verdict"] == "better"
    assert plain["signs"] == {"positive": 15, "negative": 0, "ties": 0, "p": 2 / 2**15}
    assert plain["words"] == str(found)


def test_perfect_predictions_of_both_are_left_out_and_of_one_are_asked_about():
    values = clips(12)
    values[3] = np.inf
    found = compare(Scores.of(values), Scores.of(values + 0.1), draws=200)
    assert (found.clips, found.left_out) == (11, 1)
    assert "1 clips without a finite score in both were left out" in str(found)
    with pytest.raises(InputError, match=r"clip '3' has no finite score of mine but one"):
        compare(Scores.of(values), Scores.of(clips(12)), names=("mine", "yours"))
    with pytest.raises(InputError, match="no clip has a finite score in both"):
        compare(Scores.of([np.nan, np.inf]), Scores.of([np.nan, np.inf]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"better": "more"}, "'higher' or 'lower', got 'more'"),
        ({"weigh": "frames"}, "'clips' or 'scenes', got 'frames'"),
        ({"level": 0.3}, r"in \(0\.5, 1\), got 0\.3"),
        ({"margin": -0.1}, "above 0, got -0.1"),
        ({"draws": 10}, "at least 100 draws, got 10"),
    ],
)
def test_options_outside_their_range_are_refused(options, said):
    scores = Scores.of(clips(5))
    with pytest.raises(InputError, match=said):
        compare(scores, scores, **options)


def test_one_scene_is_no_sample():
    scores = Scores.of(clips(5), scenes=["a"] * 5)
    with pytest.raises(InputError, match=r"all clips are of one scene; .* at least two"):
        compare(scores, scores)


def test_scores_in_any_order_find_their_place():
    rows = [
        Score(clip, clip[0], seed, 30 + 10 * int(seed) + k)
        for seed in ("0", "1")
        for k, clip in enumerate(("a1", "a2", "b1"))
    ]
    scores = Scores.from_scores(rows[::-1])
    aligned = scores.aligned_to(Scores.from_scores(rows[:3]))
    assert aligned.clips == ("a1", "a2", "b1")
    assert aligned.scenes == ("a", "a", "b")
    by_seed = dict(zip(aligned.seeds, aligned.values.tolist(), strict=True))
    assert by_seed == {"0": [30, 31, 32], "1": [40, 41, 42]}
    kept = aligned.select([True, False, True])
    assert (kept.clips, kept.values.shape) == (("a1", "b1"), (2, 2))


def test_results_of_an_evaluation_are_scores():
    def rows(gain: float) -> list[Row]:
        return [
            Row(f"s{k}/{n}", f"s{k}", 0.5, 2, 2, {"psnr": 30.0 + k + n + gain, "ssim": 0.9})
            for k in range(5)
            for n in range(2)
        ]

    baseline = Scores.from_results({"0": rows(0.0)}, "psnr")
    candidate = Scores.from_results({"0": rows(0.5)[::-1]}, "psnr")
    found = compare(baseline, candidate, draws=200)
    assert (found.clips, found.scenes, found.verdict) == (10, 5, "better")
    with pytest.raises(InputError, match=r"'s0/0' has no score 'lpips'; it has psnr, ssim"):
        Scores.from_results({"0": rows(0.0)}, "lpips")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "s", "0", 1.0), ("a", "s", "0", 2.0)], "clip 'a' of seed '0' comes twice"),
        ([("a", "s", "0", 1.0), ("a", "t", "1", 2.0)], "is of scene 's' and of 't'"),
        (
            [("a", "s", "0", 1.0), ("b", "s", "0", 1.0), ("a", "s", "1", 2.0)],
            "seed '1' lacks 'b', and 0 more",
        ),
        ([], "one row per seed and one column per clip"),
    ],
)
def test_scores_with_holes_are_refused(rows, said):
    with pytest.raises(InputError, match=said):
        Scores.from_scores(Score(*row) for row in rows)


def test_scores_of_different_clips_are_not_compared():
    one = Scores.of(clips(3), clips=["a", "b", "c"])
    with pytest.raises(InputError, match=r"2 have a score of one alone, such as 'c'"):
        compare(one, Scores.of(clips(3), clips=["a", "b", "d"]))
    with pytest.raises(InputError, match="clip 'b' is of different scenes"):
        compare(one, Scores.of(clips(3), clips=["a", "b", "c"], scenes=["a", "x", "c"]))
    with pytest.raises(InputError, match="clip 'a' comes twice"):
        Scores.of(clips(2), clips=["a", "a"])
    with pytest.raises(InputError, match="2 scenes for 3 clips"):
        Scores.of(clips(3), scenes=["a", "b"])
    with pytest.raises(InputError, match=r"there are 3 clips to choose from, got \(2,\)"):
        one.select([True, False])

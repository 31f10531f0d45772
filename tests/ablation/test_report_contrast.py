"""Whether a gain is larger inside a group than outside: against Welch's test, and on made data."""

import dataclasses

import numpy as np
import pytest

from lift15.ablation.measured import Measure
from lift15.ablation.report.contrast import FEW, contrast
from lift15.ablation.report.pairing import Pair, pair
from lift15.ablation.results import answer_to
from lift15.evaluation.statistics_scores import Scores
from vfiblocks.errors import InputError

PSNR = Measure("psnr", "dB", "higher")


def gains(values, scenes=None):
    """A pair whose differences are these."""
    baseline = Scores.of(np.zeros_like(np.atleast_2d(values)), scenes=scenes)
    return Pair(("a", "b"), baseline, Scores.of(values, scenes=scenes), PSNR, "clips")


def first(count, of):
    return np.arange(of) < count


def test_one_clip_per_scene_and_one_seed_is_welchs_test():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(0.4, 0.3, 9), rng.normal(0.1, 0.6, 25)
    found = contrast(gains(np.concatenate((inside, outside))), first(9, 34))
    theirs = stats.ttest_ind(inside, outside, equal_var=False)
    assert found.difference == pytest.approx(inside.mean() - outside.mean())
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
    low, high = theirs.confidence_interval()
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_a_gain_that_is_the_same_everywhere_is_larger_nowhere():
    found = contrast(gains(np.full(30, 0.5)), first(10, 30))
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_it_is_not_fooled_by_one_sure_and_one_unsure_gain():
    """Inside, the gain is sure, outside it is not, and yet the two do not differ."""
    rng = np.random.default_rng(1)
    inside, outside = rng.normal(0, 0.05, 12), rng.normal(0, 1.0, 12)
    inside, outside = inside - inside.mean() + 0.2, outside - outside.mean() + 0.2
    compared, mask = gains(np.concatenate((inside, outside))), first(12, 24)
    assert compared.inside(mask).compare().verdict == "better"
    assert compared.inside(~mask).compare().verdict == "undecided"
    assert contrast(compared, mask).p == pytest.approx(1.0)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Nothing differs: 5 % of the intervals may leave out zero, within what 300 trials tell."""
    rng = np.random.default_rng(2)
    mask = first(8, 28)
    missed = sum(
        not (found.low <= 0 <= found.high)
        for _ in range(300)
        for found in [contrast(gains(rng.normal(0.2, 0.3, 28)), mask)]
    )
    assert 3 <= missed <= 29


def test_training_runs_move_both_sides_and_only_widen_the_interval():
    rng = np.random.default_rng(3)
    values = np.concatenate((rng.normal(0.4, 0.1, 10), rng.normal(0.1, 0.1, 20)))
    shifts = np.array([-0.3, 0.0, 0.3])[:, None]
    one = contrast(gains(values), first(10, 30))
    three = contrast(gains(values + shifts), first(10, 30))
    assert three.difference == pytest.approx(one.difference)
    assert three.high - three.low > one.high - one.low


def test_clips_of_one_scene_are_no_further_evidence():
    values = np.random.default_rng(4).normal(0.2, 0.3, 20)
    once = contrast(gains(values), first(8, 20))
    scenes = [str(k) for k in range(20)] * 5
    often = contrast(gains(np.tile(values, 5), scenes), np.tile(first(8, 20), 5))
    assert (often.low, often.high) == (pytest.approx(once.low), pytest.approx(once.high))


@pytest.mark.parametrize("inside", [FEW - 1, 20 - FEW + 1, 0, 20])
def test_few_scenes_on_a_side_are_refused(inside):
    with pytest.raises(InputError, match=f"fewer than {FEW}|no clip"):
        contrast(gains(np.arange(20.0)), first(inside, 20))


def test_clips_without_a_finite_score_are_left_out():
    values = np.random.default_rng(5).normal(size=20)
    whole = contrast(gains(values), first(9, 20))
    mended = gains(np.append(values, np.inf))
    assert contrast(mended, first(9, 21)) == whole


def test_pairs_hold_what_the_answer_compares(results):
    """Pairs are cut and subtracted; uncut, they say the same as the answer at the top."""
    for question in results.questions:
        evaluation = results.evaluation(question.evaluation or "clips-even")
        found = pair(evaluation, (question.baseline, question.candidate), question.measure)
        if question.subset:
            found = found.inside(found.among(evaluation.subsets()[question.subset]))
        assert found.compare(draws=200) == answer_to(question, evaluation, draws=200)


def test_scene_differences_are_sorted_means_of_scenes():
    values = np.array([[0.0, 2.0, -1.0], [2.0, 4.0, -1.0]])
    names, found = gains(values, scenes=["s", "s", "t"]).scene_differences()
    assert names == ("t", "s")
    assert found.tolist() == [-1.0, 2.0]


def test_measures_are_subtracted_clip_by_clip():
    on = gains([[0.3, 0.5, 0.4]])
    off = dataclasses.replace(gains([[0.1, 0.3, 0.2]]), measure=Measure("rest", "dB", "higher"))
    assert on.less(off).compare(draws=100).difference == pytest.approx(0.2)

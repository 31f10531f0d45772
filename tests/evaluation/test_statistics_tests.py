"""Signs, ranks, Holm, Student and power: against SciPy, or counted out."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.evaluation.statistics_power import clips_needed, power_of
from lift15.evaluation.statistics_ranks import holm, sign_test, wilcoxon
from lift15.evaluation.statistics_student import t_cdf, t_quantile
from vfiblocks.errors import InputError


@given(positive=st.integers(0, 400), negative=st.integers(0, 400))
def test_the_sign_test_is_scipys_binomial_one(positive: int, negative: int):
    stats = pytest.importorskip("scipy.stats")
    found = sign_test([1.0] * positive + [-0.5] * negative + [0.0] * 3)
    assert found[:3] == (positive, negative, 3)
    if positive + negative:
        want = stats.binomtest(positive, positive + negative).pvalue
        assert found.p == pytest.approx(want, rel=1e-9)
    else:
        assert found.p == 1


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 50), shift=st.floats(-1, 1))
def test_wilcoxon_is_scipys_exact_one(seed: int, count: int, shift: float):
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(seed).standard_normal(count) + shift
    want = stats.wilcoxon(values, method="exact").pvalue
    assert wilcoxon(values) == pytest.approx(want, rel=1e-9)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(51, 300), digits=st.integers(0, 6))
def test_wilcoxon_of_many_is_scipys_normal_one(seed: int, count: int, digits: int):
    """Rounded values tie with each other and with zero."""
    stats = pytest.importorskip("scipy.stats")
    values = np.round(np.random.default_rng(seed).standard_normal(count) + 0.2, digits)
    if (values != 0).sum() <= 50:
        return
    want = stats.wilcoxon(values, zero_method="wilcox", correction=True, method="approx").pvalue
    assert wilcoxon(values) == pytest.approx(want, rel=1e-9)


@given(values=st.lists(st.sampled_from([-2.0, -1.0, 1.0, 2.0, 3.0]), min_size=1, max_size=9))
def test_wilcoxon_counts_ties_out(values: list[float]):
    """Every choice of signs of the same sizes, and how many are as uneven."""
    sizes = np.abs(values)
    ranks = np.array([(sizes < s).sum() + ((sizes == s).sum() + 1) / 2 for s in sizes])
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product([0, 1], repeat=len(values))
    ]
    mine = ranks[np.array(values) > 0].sum()
    low = min(mine, ranks.sum() - mine)
    want = min(1.0, 2 * sum(s <= low for s in sums) / len(sums))
    assert wilcoxon(values) == pytest.approx(want)


def test_no_difference_is_no_evidence():
    assert wilcoxon([0.0, 0.0]) == 1
    assert wilcoxon([]) == 1
    assert sign_test([]).p == 1
    for measure in (wilcoxon, sign_test):
        with pytest.raises(InputError, match="wants finite differences, got nan"):
            measure([1.0, math.nan])


def test_holm_by_hand():
    """0.005 * 4, 0.01 * 3, 0.03 * 2; then 0.04 * 1 may not fall below the one before."""
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert list(found) == ["a", "b", "c", "d"]
    assert list(found.values()) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm({}) == {}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    with pytest.raises(InputError, match=r"in \[0, 1\], got 1\.2 for 'a'"):
        holm({"a": 1.2})


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_between_nothing_and_bonferroni(p: list[float]):
    asked = {str(k): value for k, value in enumerate(p)}
    found = holm(asked)
    for name, value in asked.items():
        assert value <= found[name] <= min(1.0, len(p) * value) + 1e-12
    order = sorted(asked, key=lambda name: asked[name])
    assert [found[name] for name in order] == sorted(found.values())


@given(t=st.floats(-60, 60), freedom=st.floats(0.5, 500))
def test_students_t_is_scipys(t: float, freedom: float):
    stats = pytest.importorskip("scipy.stats")
    assert t_cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), rel=1e-9, abs=1e-14)


@given(probability=st.floats(0.001, 0.999), freedom=st.floats(1, 500))
def test_quantiles_are_scipys_and_turn_back(probability: float, freedom: float):
    stats = pytest.importorskip("scipy.stats")
    found = t_quantile(probability, freedom)
    assert found == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-7, abs=1e-9)
    assert t_cdf(found, freedom) == pytest.approx(probability, rel=1e-9)


def test_infinite_freedom_is_normal():
    assert t_quantile(0.975, math.inf) == pytest.approx(1.959964, abs=1e-6)
    assert t_cdf(math.inf, 3) == 1
    with pytest.raises(InputError, match="above 0, got 0"):
        t_cdf(1.0, 0)
    with pytest.raises(InputError, match=r"in \(0, 1\), got 1"):
        t_quantile(1, 5)


@pytest.mark.parametrize(
    ("clips", "difference", "deviation"), [(12, 0.1, 0.3), (73, 0.1, 0.3), (20, 0.3, 0.4)]
)
def test_power_is_that_of_the_noncentral_t(clips: int, difference: float, deviation: float):
    stats = pytest.importorskip("scipy.stats")
    shift = difference / deviation * math.sqrt(clips)
    edge = stats.t.ppf(0.975, clips - 1)
    want = stats.nct.sf(edge, clips - 1, shift) + stats.nct.cdf(-edge, clips - 1, shift)
    assert power_of(clips, difference, deviation) == pytest.approx(want, abs=0.005)
    assert power_of(clips, -difference, deviation) == power_of(clips, difference, deviation)


@given(difference=st.floats(0.02, 0.5), power=st.floats(0.3, 0.95))
def test_the_clips_that_are_needed_have_the_power(difference: float, power: float):
    count = clips_needed(difference, 0.3, power=power)
    if count > 8:
        assert power_of(count, difference, 0.3) >= power - 0.01
        assert power_of(count - 3, difference, 0.3) <= power + 0.01


def test_clips_of_crowded_scenes_are_worth_less():
    """Five alike clips per scene: five times as many; five independent ones: no more."""
    assert clips_needed(0.1, 0.3) == 73
    assert clips_needed(0.1, 0.3, per_scene=5) == 73
    assert clips_needed(0.1, 0.3, per_scene=5, likeness=1.0) in range(361, 366)
    crowded = power_of(300, 0.1, 0.3, per_scene=5, likeness=1.0)
    assert crowded == pytest.approx(power_of(60, 0.1, 0.3))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: clips_needed(0.0, 0.3), "other than 0 among deviations above 0"),
        (lambda: clips_needed(0.1, 0.0), "above 0, got 0.1 and 0.0"),
        (lambda: clips_needed(0.1, 0.3, alpha=0), r"alpha is a chance in \(0, 1\), got 0"),
        (lambda: clips_needed(0.1, 0.3, power=1), r"power is a chance in \(0, 1\), got 1"),
        (lambda: clips_needed(0.1, 0.3, likeness=2), "likeness is in"),
        (lambda: power_of(5, 0.1, 0.3, per_scene=5), "at least two scenes, got 5 clips at 5 each"),
    ],
)
def test_impossible_questions_are_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()

"""What a report says of comparisons whose truth is known because they were made by hand."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from lift15.ablation.measured import Answers, Evaluation, ItemFacts, Measure
from lift15.ablation.report.caveats import caveats
from lift15.ablation.report.material import find, gather
from lift15.ablation.report.words import answer, headline, verdict
from lift15.ablation.results import Question
from lift15.evaluation.results import Row

SCENES = 30
ASKED = Question("which", "Is B better than A?", "three", "fifteen")


def scored(
    results, gains, *, unit="dB", better="higher", base=30.0, scenes=SCENES, averaging="item"
):
    """Results in which "fifteen" has these gains over "three": (seeds, items)."""
    gains = np.atleast_2d(gains)
    rng = np.random.default_rng(0)
    ease = base + 0.1 * base * rng.standard_normal(gains.shape[1])
    items = tuple(ItemFacts(f"i{k}", f"s{k % scenes}") for k in range(gains.shape[1]))

    def answers(model, seed, values):
        rows = [
            Row(item.name, item.scene, 0.5, 2, 2, {"psnr": float(v)})
            for item, v in zip(items, values, strict=True)
        ]
        return Answers(model, seed, "", tuple(rows))

    every = [answers("three", seed, ease) for seed in range(len(gains))]
    every += [answers("fifteen", seed, ease + gain) for seed, gain in enumerate(gains)]
    evaluation = Evaluation(
        "hand", "clips by hand", {}, "", "clips", "hole", averaging,
        (Measure("psnr", unit, better),), items, tuple(every),
    )  # fmt: skip
    return dataclasses.replace(results, evaluations=(evaluation,), questions=(ASKED,))


def said(results):
    (finding,) = find(results, draws=400)
    return answer(finding)


def noise(seeds, deviation, *, mean=0.0, between=0.0, items=SCENES):
    """Gains that scatter over items, and whose means scatter over seeds."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((seeds, items))
    values -= values.mean(axis=1, keepdims=True)
    shift = between * np.linspace(-1, 1, seeds)[:, None] if seeds > 1 else 0.0
    return mean + deviation * values + shift


def test_a_clear_gain_of_several_seeds_is_better(results):
    found = said(scored(results, noise(3, 0.1, mean=0.5, between=0.02)))
    assert (found.kind, found.label) == ("for", "better")
    assert found.words.startswith("15 frames is better than 3 frames: +0.500 dB [+0.")
    assert "3 training runs of each, paired by seed" in found.words
    assert "30 items of 30 scenes" in found.words
    assert found.question == "Is B better than A? (clips by hand)"


def test_a_clear_loss_is_worse(results):
    found = said(scored(results, noise(3, 0.1, mean=-0.5, between=0.02)))
    assert (found.kind, found.label) == ("against", "worse")
    assert "15 frames is worse than 3 frames: -0.500 dB" in found.words


def test_where_lower_is_better_a_negative_difference_is_a_gain(results):
    gains = noise(3, 0.002, mean=-0.01, between=0.0005)
    found = said(scored(results, gains, unit="", better="lower", base=0.2))
    assert found.label == "better"
    assert "-0.01000" in found.words
    assert "lower is better" in found.words
    assert "better on 30, worse on 0" in found.words


def test_no_effect_with_much_data_is_no_difference_that_matters(results):
    found = said(scored(results, noise(3, 0.02, between=0.002)))
    assert (found.kind, found.label) == ("same", "no difference that matters")
    assert "differ by less than 0.05 dB" in found.words
    assert "better than" not in found.words


def test_a_sure_difference_within_the_margin_is_no_difference_that_matters(results):
    found = said(scored(results, noise(3, 0.005, mean=0.02, between=0.001)))
    assert found.label == "no difference that matters"
    assert "+0.020 dB" in found.words


def test_too_little_data_is_undecided_and_says_what_it_would_take(results):
    found = said(scored(results, noise(3, 1.0, mean=0.1, between=0.01)))
    assert (found.kind, found.label) == ("open", "undecided")
    assert "15 frames may be better or worse than 3 frames" in found.words
    needed = int(re.search(r"it takes about ([\d,]+) scenes", found.words)[1].replace(",", ""))
    assert needed > 100 * SCENES / 30  # (2.8 * 0.6 / 0.05) ** 2 of deviations over three seeds
    assert "four times out of five" in found.words
    assert "training runs there are" not in found.words


def test_scattered_runs_are_named_as_the_reason(results):
    found = said(scored(results, noise(3, 0.05, mean=0.1, between=0.5)))
    assert found.label == "undecided"
    assert "there are scenes enough, and more training runs are needed" in found.words
    assert "Most of the doubt comes from how few training runs there are." in found.words


def test_one_seed_speaks_of_these_weights_alone(results):
    better = said(scored(results, noise(1, 0.1, mean=0.5)))
    assert (better.kind, better.label) == ("for", "better, for these weights")
    assert "what another seed would give is not in the interval" in better.words
    same = said(scored(results, noise(1, 0.02)))
    assert same.label == "no difference that matters, for these weights"
    undecided = said(scored(results, noise(1, 1.0, mean=0.1)))
    assert undecided.label == "undecided"
    assert "One training run of each" in undecided.words


def test_a_gain_that_may_not_matter_says_so(results):
    found = said(scored(results, noise(3, 0.08, mean=0.06, between=0.005)))
    assert found.label == "better"
    assert "may be smaller than 0.05 dB" in found.words


def test_units_without_a_margin_never_claim_equivalence(results):
    found = said(scored(results, noise(3, 1e-6, between=1e-7), unit="", base=0.9))
    assert found.label == "undecided"
    assert "a smaller one may be there unseen" in found.words


def test_many_questions_weaken_each_answer(results):
    """The same numbers: established alone, and not among twenty questions."""
    made = scored(results, noise(1, 0.25, mean=0.12))
    (alone,) = find(made, draws=400)
    assert verdict(alone) == ("for", "better")
    assert 0.0025 < alone.comparison.p < 0.05, "else the test shows nothing"
    many = tuple(dataclasses.replace(ASKED, name=f"q{k}") for k in range(20))
    crowd = find(dataclasses.replace(made, questions=many), draws=400)
    assert {verdict(each) for each in crowd} == {("open", "not established")}
    words = answer(crowd[0]).words
    assert "Among 20 answers such a difference comes by chance too easily" in words
    assert "is better than" not in words


def test_only_answers_count_in_the_family(results):
    made = scored(results, noise(3, 0.1, mean=0.5, between=0.02))
    lost = dataclasses.replace(ASKED, name="lost", measure="vmaf")
    found = find(dataclasses.replace(made, questions=(ASKED, lost)), draws=400)
    assert [each.family for each in found] == [1, 1]
    assert found[0].adjusted == pytest.approx(found[0].comparison.p)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"measure": "vmaf"}, "has no measure 'vmaf'"),
        ({"subset": "night"}, "has no subset 'night'"),
        ({"evaluation": "xiph"}, "has no evaluation 'xiph'"),
        ({"candidate": "seven"}, "no scores of 'seven' yet"),
    ],
)
def test_a_question_without_an_answer_stays_and_says_why(results, change, reason):
    made = scored(results, noise(2, 0.1))
    asked = dataclasses.replace(ASKED, **change)
    found = said(dataclasses.replace(made, questions=(asked,)))
    assert (found.kind, found.label) == ("none", "no answer")
    assert reason in found.words


def test_without_evaluations_every_question_stays(results):
    found = find(dataclasses.replace(results, evaluations=()))
    assert [each.question.name for each in found] == ["3-to-15", "3-to-7", "hidden", "edges"]
    assert answer(found[3]).label == "no answer"
    assert headline(found[:3]) == "Of 3 answers: 3 without an answer."


def test_one_scene_is_no_answer(results):
    found = said(scored(results, noise(2, 0.1), scenes=1))
    assert found.label == "no answer"
    assert "one scene" in found.words


def test_headline_counts_every_kind(results):
    groups = [scored(results, noise(3, 0.1, mean=mean, between=0.01)) for mean in (0.5, -0.5, 0.0)]
    found = tuple(each for group in groups for each in find(group, draws=400))
    text = headline(found)
    assert text.startswith("Of 3 answers: in 1 the candidate is better, in 1 it is worse, ")
    assert sum(map(int, re.findall(r"\d+", text.partition(":")[2]))) == len(found)


def sentences(results):
    return "\n".join(caveats(gather(results, Path("report"), Path(), draws=400)))


def test_caveats_of_the_example(results):
    text = sentences(results)
    assert "2 of 9 runs have no scores: 7 frames with seed 2 diverged and 15 frames with " in text
    assert "failed or diverged are not in any mean" in text
    assert "2 seeds per variant" in text
    assert "8 scenes: it says little of other scenes" in text
    assert "learned from 3,200 windows" in text
    assert "7 of 7 finished runs had their best validation at the very end" in text
    assert "15 frames takes 3.00 times as long" in text
    assert "The layouts 'even' and 'hole' are different tasks" in text
    assert "adjusted for the 7 answers" in text


def test_caveats_are_only_of_what_is_so(results):
    finished = tuple(
        dataclasses.replace(run, best={"psnr": 1.0, "step": 20.0})
        for run in results.runs if run.state == "finished"
    )  # fmt: skip
    even = dataclasses.replace(
        scored(results, noise(6, 0.1, mean=0.5, between=0.02)), runs=finished, costs=()
    )
    text = sentences(even)
    for word in (
        "diverged",
        "no scores",
        "seeds",
        "scenes",
        "very end",
        "layouts",
        "drawn",
        "cost",
    ):
        assert word not in text, word
    assert "longer training" in text, "that much is never known"


def test_caveats_name_differences_in_size_data_and_versions(results):
    bigger = dataclasses.replace(results.variants[2], parameters=364_000)
    runs = list(results.runs)
    runs[0] = dataclasses.replace(
        runs[0], data={"train": "other"}, versions={"torch": "2.6"}, samples=100
    )
    text = sentences(
        dataclasses.replace(results, variants=(*results.variants[:2], bigger), runs=tuple(runs))
    )
    assert "15 frames has +100% parameters" in text
    assert "different data to learn from" in text
    assert "different versions of packages" in text
    assert "learned from 100 to 3,200 windows" in text


def test_one_seed_is_the_first_thing_that_is_said_of_seeds(results):
    assert "One seed: nothing here tells" in sentences(scored(results, noise(1, 0.1)))


def test_drawn_clips_are_called_so_and_others_are_not(results):
    drawn = "drawn by a program"
    assert drawn in sentences(results)
    camera = dataclasses.replace(
        results.provenance, data={"validation": (("videos:clips/0", "00"),)}
    )
    filmed = dataclasses.replace(results, provenance=camera)
    assert drawn not in sentences(filmed)
    reader = {"reader": {"options": {"validation": ["generated:?clips=6"], "train": []}}}
    evaluation = dataclasses.replace(results.evaluations[0], protocol=reader)
    named = sentences(dataclasses.replace(filmed, evaluations=(evaluation,)))
    assert "Held-out windows, a hole in 15 frames: the clips are drawn by a program" in named
    rooted = dataclasses.replace(evaluation, root="clips")
    assert drawn not in sentences(dataclasses.replace(filmed, evaluations=(rooted,)))

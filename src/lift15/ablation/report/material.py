"""What a report is written from: results, the answers to their questions, and names for readers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lift15.ablation.measured import Evaluation
from lift15.ablation.results import AblationResults, Question, answer_to
from lift15.evaluation.statistics import PairedComparison
from lift15.evaluation.statistics_ranks import holm
from vfiblocks.errors import InputError


@dataclass(frozen=True)
class Finding:
    """What one evaluation says to one question.

    Attributes:
        question: asked.
        evaluation: name of the evaluation.
        place: its title and the subset, for readers.
        comparison: None where there can be none.
        missing: why there is none.
        adjusted: p-value of no difference, adjusted for all findings (Holm); NaN without.
        family: how many it was adjusted for.
    """

    question: Question
    evaluation: str
    place: str
    comparison: PairedComparison | None
    missing: str = ""
    adjusted: float = math.nan
    family: int = 0

    @property
    def seeds(self) -> int:
        """Of the variant that has fewer; 0 without a comparison."""
        return min(self.comparison.seeds) if self.comparison else 0


@dataclass(frozen=True)
class Material:
    """Results and what was worked out from them once.

    Attributes:
        results: all that is known.
        findings: to all questions on all evaluations they are asked of.
        folder: of the report.
        root: where paths of pictures begin.
        draws: of every bootstrap.
    """

    results: AblationResults
    findings: tuple[Finding, ...]
    folder: Path
    root: Path
    draws: int

    def title(self, model: str) -> str:
        """Of a variant, or the name of a baseline."""
        return titles(self.results).get(model, model)

    def pairs(self, evaluation: Evaluation) -> list[tuple[str, str]]:
        """Which variants are worth comparing there: with the baseline, and as questions have it.

        Only those that both have scores.
        """
        results = self.results
        found = [(results.baseline, variant.name) for variant in results.variants]
        found += [
            (asked.baseline, asked.candidate)
            for asked in results.questions
            if asked.evaluation in ("", evaluation.name)
        ]
        return [
            pair
            for pair in dict.fromkeys(found)
            if pair[0] != pair[1] and all(evaluation.answered(name) for name in pair)
        ]

    def versus(self, names: Sequence[str]) -> str:
        """Two variants in a table: "candidate against baseline"."""
        return f"{self.title(names[1])} against {self.title(names[0])}"


def gather(results: AblationResults, folder: Path, root: Path, *, draws: int = 10_000) -> Material:
    """Answer all questions that can be answered."""
    return Material(results, find(results, draws=draws), folder, root, draws)


def find(results: AblationResults, *, draws: int = 10_000) -> tuple[Finding, ...]:
    """All answers, with p-values adjusted for how many there are."""
    made = [
        _find(results, question, name, draws)
        for question in results.questions
        for name in ([question.evaluation] if question.evaluation else _names(results))
    ]
    family = {
        str(number): finding.comparison.p
        for number, finding in enumerate(made)
        if finding.comparison is not None
    }
    adjusted = holm(family)
    return tuple(
        dataclasses.replace(each, adjusted=adjusted.get(str(number), math.nan), family=len(family))
        for number, each in enumerate(made)
    )


def titles(results: AblationResults) -> dict[str, str]:
    """Of variants, by name; names where two have the same title."""
    said = [variant.title for variant in results.variants]
    return {
        variant.name: variant.title if variant.title and said.count(variant.title) == 1
        else variant.name
        for variant in results.variants
    }  # fmt: skip


def _names(results: AblationResults) -> list[str]:
    """Of evaluations; without any, one that is not there, so that the question is not dropped."""
    return [evaluation.name for evaluation in results.evaluations] or [""]


def _find(results: AblationResults, question: Question, name: str, draws: int) -> Finding:
    if not name:
        return Finding(question, "", "no evaluation", None, "nothing has been evaluated yet")
    try:
        evaluation = results.evaluation(name)
    except InputError as error:
        return Finding(question, name, name, None, str(error))
    place = evaluation.title or name
    if question.subset:
        place = f"{place}, subset '{question.subset}'"
    try:
        comparison = answer_to(question, evaluation, draws=draws)
    except InputError as error:
        return Finding(question, name, place, None, str(error))
    named = titles(results)
    names = [named.get(each, each) for each in comparison.names]
    comparison = dataclasses.replace(comparison, names=(names[0], names[1]))
    return Finding(question, name, place, comparison)

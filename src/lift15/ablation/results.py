"""What became of an ablation, as plain data: with what was measured, all that a report needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lift15.ablation.measured import Evaluation
from lift15.evaluation.statistics import PairedComparison, compare
from lift15.evaluation.statistics_scores import Scores
from vfiblocks.errors import InputError

State = Literal["finished", "evaluating", "interrupted", "failed", "diverged", "waiting"]

Curve = tuple[tuple[int, float], ...]
"""Pairs of step and value, in order of steps."""


@dataclass(frozen=True)
class Variant:
    """One of the models that are compared.

    Attributes:
        name: short, without blanks; what its runs are filed under.
        title: a few words, for tables.
        changes: in what it differs from the others, as ``key=value`` each.
        spec: the model's, resolved, as plain data.
        fingerprint: of the spec.
        plan: its training plan in TOML, without a seed of its own.
        parameters: how many.
        macs: multiply-accumulates of a forward pass by (height, width) of the frames; None where
            they cannot be counted.
        frames: how many frames it reads.
    """

    name: str
    title: str
    changes: tuple[str, ...]
    spec: Mapping[str, Any]
    fingerprint: str
    plan: str
    parameters: int
    macs: Mapping[tuple[int, int], int | None]
    frames: int


@dataclass(frozen=True)
class Question:
    """What the ablation is to answer.

    Attributes:
        name: short, unique.
        text: as a sentence with a question mark.
        baseline: name of a variant.
        candidate: name of another.
        measure: by which measure it is answered, such as "psnr" or "psnr-edges".
        evaluation: on which evaluation; "" for each of them.
        subset: on which subset of its items; "" for all.
        margin: a difference within it is taken for none; None is 0.05 dB, and for other units that
            equivalence is not claimed.
    """

    name: str
    text: str
    baseline: str
    candidate: str
    measure: str = "psnr"
    evaluation: str = ""
    subset: str = ""
    margin: float | None = None


@dataclass(frozen=True)
class TrainingRun:
    """One training of a variant, whatever became of it.

    Attributes:
        variant: whose.
        seed: of everything random in it.
        state: how far it is. "finished" is trained and evaluated, "evaluating" is trained only.
        reason: of a state that is not "finished", in a sentence; "" without one.
        step: steps done.
        steps: steps there are; 0 where it is not known yet.
        samples: windows learned from so far.
        seconds: of training, over all sessions, as far as they were recorded.
        best: scores of the best validation: "psnr", "psnr_of_mean", "gain", "step"; empty without.
        curves: what was recorded during training, by name: "loss/total", "validation/psnr", ...
        fingerprint: of its plan; "" before it began.
        data: hashes of what was learned from and validated on, "train" and "validation".
        machine: what it was computed on.
        versions: of the packages that its numbers depend on.
        folder: of the run, relative to that of the ablation.
    """

    variant: str
    seed: int
    state: State
    reason: str = ""
    step: int = 0
    steps: int = 0
    samples: int = 0
    seconds: float = 0.0
    best: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    fingerprint: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True)
class Cost:
    """What a call of a variant costs, measured in turn with the others: A B A B ...

    Attributes:
        variant: whose.
        size: height and width of the frames.
        device: "cpu" with its threads, or the name of the GPU, in words.
        milliseconds: median over the rounds.
        quartiles: of these, lower and upper.
        ratio: time over that of the baseline within a round, median; 1 for the baseline.
        ratio_quartiles: of these.
        memory: peak bytes of one call, weights included.
        memory_by: "measured" by the allocator of a GPU, or "counted", tensor by tensor.
        rounds: how many.
    """

    variant: str
    size: tuple[int, int]
    device: str
    milliseconds: float
    quartiles: tuple[float, float]
    ratio: float
    ratio_quartiles: tuple[float, float]
    memory: int
    memory_by: str
    rounds: int


@dataclass(frozen=True)
class Provenance:
    """What is needed to do it all again.

    Attributes:
        commands: command lines, one per session.
        begun: when, first.
        updated: when something changed last.
        versions: of packages.
        machine: processor, threads, GPUs.
        git: commit of the working directory and whether it had changes; None outside of one.
        plan: the ablation's, resolved, in TOML.
        data: by side, "train" and "validation": name and hash of each source.
    """

    commands: tuple[str, ...]
    begun: str
    updated: str
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    git: Mapping[str, Any] | None
    plan: str
    data: Mapping[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class AblationResults:
    """Everything that is known of an ablation so far; it may not be finished.

    Attributes:
        name: of the plan.
        title: a few words.
        about: a paragraph: what is asked, and why.
        baseline: name of the variant that the others are compared with.
        variants: in the order of the plan.
        seeds: in the order of the plan.
        questions: in the order of the plan.
        runs: one per variant and seed, those that failed or never began among them.
        evaluations: in the order of the plan.
        costs: of the variants; empty before they are measured.
        provenance: how to do it again.
        notes: what a reader should know, in sentences.
    """

    name: str
    title: str
    about: str
    baseline: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    questions: tuple[Question, ...]
    runs: tuple[TrainingRun, ...]
    evaluations: tuple[Evaluation, ...]
    costs: tuple[Cost, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()

    def variant(self, name: str) -> Variant:
        """By name.

        Raises:
            InputError: there is none.
        """
        for variant in self.variants:
            if variant.name == name:
                return variant
        known = ", ".join(variant.name for variant in self.variants)
        raise InputError(f"the ablation has no variant '{name}'; it has {known}")

    def evaluation(self, name: str) -> Evaluation:
        """By name.

        Raises:
            InputError: there is none.
        """
        for evaluation in self.evaluations:
            if evaluation.name == name:
                return evaluation
        known = ", ".join(each.name for each in self.evaluations)
        raise InputError(f"the ablation has no evaluation '{name}'; it has {known}")

    def runs_of(self, variant: str) -> tuple[TrainingRun, ...]:
        """Of one variant, one per seed."""
        return tuple(run for run in self.runs if run.variant == variant)

    @property
    def unfinished(self) -> tuple[TrainingRun, ...]:
        """Runs without the scores they should have."""
        return tuple(run for run in self.runs if run.state != "finished")


def answer_to(question: Question, evaluation: Evaluation, **options: Any) -> PairedComparison:
    """The comparison that answers a question on one evaluation.

    Only seeds that both variants have finished are compared, so that runs stay paired; where there
    is no such seed, all that there are.

    Args:
        question: names the two variants, the measure and the subset.
        evaluation: where they were measured.
        **options: of :func:`lift15.evaluation.statistics.compare`.

    Raises:
        InputError: one of the two has no scores, or they cannot be compared.
    """
    both = [
        evaluation.scores(name, question.measure, subset=question.subset)
        for name in (question.baseline, question.candidate)
    ]
    shared = [seed for seed in both[0].seeds if seed in both[1].seeds]
    clips = [clip for clip in both[0].clips if clip in set(both[1].clips)]
    measure = evaluation.measure(question.measure)
    return compare(
        *(_only(scores, shared or list(scores.seeds), set(clips)) for scores in both),
        better=measure.better,
        unit=measure.unit,
        names=(question.baseline, question.candidate),
        margin=question.margin,
        weigh="scenes" if evaluation.averaging == "scene" else "clips",
        **options,
    )


def _only(scores: Scores, seeds: list[str], clips: set[str]) -> Scores:
    kept = scores.select([clip in clips for clip in scores.clips])
    rows = [kept.seeds.index(seed) for seed in seeds]
    return Scores(kept.values[rows], kept.clips, kept.scenes, tuple(seeds))

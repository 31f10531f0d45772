"""What became of an ablation, as plain data: all that a report is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lift15.evaluation.results import Row
from lift15.evaluation.statistics import PairedComparison, compare
from lift15.evaluation.statistics_scores import Scores
from vfiblocks.errors import InputError

State = Literal["finished", "evaluating", "interrupted", "failed", "diverged", "waiting"]
Better = Literal["higher", "lower"]

Curve = tuple[tuple[int, float], ...]
"""Pairs of step and value, in order of steps."""

FAST, HIDDEN, BENT = "fast motion", "much hidden", "uneven motion"
"""Subsets that are told by measured motion: the quarter of the items that has most of it."""

QUARTER = 0.75


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
class Measure:
    """A column of scores.

    Attributes:
        name: registered, such as "psnr-edges".
        unit: "dB", "" for pure numbers.
        better: which way is good.
    """

    name: str
    unit: str
    better: Better


@dataclass(frozen=True)
class ItemFacts:
    """What is known of a frame to predict; the same for every model.

    Attributes:
        name: as in the rows of scores.
        scene: what statistics count as one.
        tags: what the source says of it: "occlusion", "lighting", ...; empty for most real data.
        displacement: median of how far pixels move from one reference to the other, in pixels.
        fastest: the same of the fastest twentieth: their 95th percentile.
        bend: mean distance from straight and even motion, pixels.
        hidden: share of the pixels that at least one reference does not show.
        measured: how the motion is known: "true" from the source, "DIS" from the frames; "" where
            it is not, and the four numbers are NaN.
    """

    name: str
    scene: str
    tags: tuple[str, ...] = ()
    displacement: float = float("nan")
    fastest: float = float("nan")
    bend: float = float("nan")
    hidden: float = float("nan")
    measured: str = ""


@dataclass(frozen=True)
class Answers:
    """Scores of one model on all items of one evaluation.

    Attributes:
        model: name of a variant, or of a baseline: "repeat", "average", "classical".
        seed: of the training run; None for a baseline.
        control: "" for what the model does. Otherwise what was done to the frames beyond the
            references: "without", marked missing; "repeated", the nearest references in their
            place; "shuffled", in another order; "foreign", from another clip. What context is worth
            shows against these.
        rows: one per item.
        weights: checksum of the weights.
        notes: what is to be known of these scores, in sentences.
    """

    model: str
    seed: int | None
    control: str
    rows: tuple[Row, ...]
    weights: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alphas:
    """How much each frame counts in a model's context.

    Attributes:
        model: name of a variant.
        seed: of the run.
        ranks: places beside the target: -2 is the second before it, 1 the first after it.
        means: of the weight of each, over the items that have the frame.
        deviations: standard deviations over items.
        items: how many items were counted.
    """

    model: str
    seed: int
    ranks: tuple[int, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    items: int


@dataclass(frozen=True)
class Strip:
    """A picture of what the variants made of one item.

    Attributes:
        item: its name.
        why: why it was chosen, such as "15 frames gain most over 3: +1.32 dB".
        path: PNG file, relative to the folder of the ablation.
        question: name of the question that it illustrates.
    """

    item: str
    why: str
    path: str
    question: str = ""


@dataclass(frozen=True)
class Evaluation:
    """One protocol, and what everybody scored under it.

    Attributes:
        name: short, unique in the ablation.
        title: a few words.
        protocol: all that decides about the numbers, plain data.
        protocol_hash: of that.
        root: where the data were.
        layout: "pair", "hole" or "even"; scores of different layouts are never put side by side.
        averaging: "item" or "scene", as the protocol averages.
        measures: the columns.
        items: what there is to predict.
        answers: of variants, seeds, controls and baselines.
        alphas: of variants with context.
        strips: pictures.
        data_hash: of the items.
        notes: of the benchmark, in sentences.
    """

    name: str
    title: str
    protocol: Mapping[str, Any]
    protocol_hash: str
    root: str
    layout: str
    averaging: str
    measures: tuple[Measure, ...]
    items: tuple[ItemFacts, ...]
    answers: tuple[Answers, ...]
    alphas: tuple[Alphas, ...] = ()
    strips: tuple[Strip, ...] = ()
    data_hash: str = ""
    notes: tuple[str, ...] = ()

    def measure(self, name: str) -> Measure:
        """The column of a name.

        Raises:
            InputError: there is none; all are named.
        """
        for measure in self.measures:
            if measure.name == name:
                return measure
        known = ", ".join(measure.name for measure in self.measures)
        raise InputError(f"evaluation '{self.name}' has no measure '{name}'; it has {known}")

    def answered(self, model: str, *, control: str = "") -> tuple[Answers, ...]:
        """Of one model, one per seed; () where it was not evaluated."""
        return tuple(a for a in self.answers if a.model == model and a.control == control)

    def subsets(self) -> dict[str, tuple[str, ...]]:
        """Names of items by subset: the tags of their sources, and what measured motion tells.

        A subset of fewer than two scenes is left out: nothing can be said of it.
        """
        found: dict[str, list[str]] = {}
        for item in self.items:
            for tag in item.tags:
                found.setdefault(tag, []).append(item.name)
        for name, key in ((FAST, "fastest"), (BENT, "bend"), (HIDDEN, "hidden")):
            values = np.array([getattr(item, key) for item in self.items], dtype=np.float64)
            if np.isfinite(values).sum() < 4 or np.nanmin(values) == np.nanmax(values):
                continue
            least = np.nanquantile(values, QUARTER)
            found[name] = [
                item.name for item, value in zip(self.items, values, strict=True) if value >= least
            ]
        scenes = {item.name: item.scene for item in self.items}
        return {
            name: tuple(names)
            for name, names in found.items()
            if len({scenes[each] for each in names}) > 1
        }

    def scores(self, model: str, measure: str, *, control: str = "", subset: str = "") -> Scores:
        """All scores of a model by one measure, seeds by items.

        Items that some seed lacks are left out, so that every seed has the same ones.

        Raises:
            InputError: there are none, or no such measure or subset.
        """
        self.measure(measure)
        runs = self.answered(model, control=control)
        if not runs:
            raise InputError(f"evaluation '{self.name}' has no scores of '{model}' yet")
        common = set.intersection(*({row.item for row in run.rows} for run in runs))
        if subset:
            subsets = self.subsets()
            if subset not in subsets:
                known = ", ".join(subsets) or "none"
                raise InputError(
                    f"evaluation '{self.name}' has no subset '{subset}'; it has {known}"
                )
            common &= set(subsets[subset])
        if not common:
            raise InputError(f"evaluation '{self.name}' has no scores of '{model}' on these items")
        return Scores.from_results(
            {
                str(run.seed if run.seed is not None else 0): [
                    row for row in run.rows if row.item in common
                ]
                for run in runs
            },
            measure,
        )


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

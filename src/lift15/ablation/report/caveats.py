"""What the numbers do not support, found out from the results themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from lift15.ablation.measured import Evaluation
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital, counted, listed
from lift15.ablation.results import TrainingRun

FEW_SEEDS, FEW_SCENES = 5, 20
"""Below these, how runs or scenes differ among themselves is itself hardly known."""

ALIKE = 0.01
"""Numbers of parameters that differ by less are called equal."""


def caveats(material: Material) -> tuple[str, ...]:
    """Sentences, the gravest first; none twice."""
    found = itertools.chain(
        _unfinished(material),
        _seeds(material),
        _scenes(material),
        _training(material),
        _sizes(material),
        _kinds_of_data(material),
        _unlike(material),
        _many(material),
    )
    return tuple(dict.fromkeys(found))


def _unfinished(material: Material) -> Iterator[str]:
    runs = material.results.unfinished
    if not runs:
        return
    total = len(material.results.runs)
    said = [
        f"{material.title(run.variant)} with seed {run.seed} {_STATES[run.state]}" for run in runs
    ]
    shown = [*said[:6], *([f"{len(said) - 6} more"] if len(said) > 6 else [])]
    yield f"{len(runs)} of {counted(total, 'run')} have no scores: {listed(shown)}."
    if any(run.state in ("failed", "diverged") for run in runs):
        yield (
            "Runs that failed or diverged are not in any mean: scores tell how a variant does when "
            "its training goes well, and not how often it does."
        )


_STATES = {
    "evaluating": "is trained and not evaluated", "interrupted": "was interrupted",
    "failed": "failed", "diverged": "diverged", "waiting": "has not begun", "finished": "finished",
}  # fmt: skip


def _seeds(material: Material) -> Iterator[str]:
    counts = [finding.seeds for finding in material.findings if finding.comparison]
    if not counts:
        return
    if max(counts) == 1:
        yield (
            "One seed: nothing here tells a better variant from a luckier training run. Train each "
            "with more seeds."
        )
    elif min(counts) < FEW_SEEDS:
        few = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{min(counts)}"
        yield (
            f"{few} seeds per variant: how much training runs scatter is hardly known; more "
            "seeds would tell."
        )


def _scenes(material: Material) -> Iterator[str]:
    for evaluation in material.results.evaluations:
        scenes = len({item.scene for item in evaluation.items})
        if scenes < FEW_SCENES:
            yield (
                f"{_title(evaluation)} has {counted(scenes, 'scene')}: it says little of other "
                "scenes, however many items each of them has."
            )


def _training(material: Material) -> Iterator[str]:
    runs = [run for run in material.results.runs if run.state == "finished"]
    if not runs:
        return
    samples = sorted({run.samples for run in runs})
    learned = f"{samples[0]:,}" if len(samples) == 1 else f"{samples[0]:,} to {samples[-1]:,}"
    yield (
        f"Every run learned from {learned} windows. The order of the variants may be another one "
        "after longer training, or with more data."
    )
    rising = [run for run in runs if _best_at_the_end(run)]
    if rising:
        yield (
            f"{len(rising)} of {counted(len(runs), 'finished run')} had their best validation at "
            "the very end: they were still learning."
        )
    if len(samples) > 1:
        yield "Finished runs learned from different numbers of windows, see the table of runs."


def _best_at_the_end(run: TrainingRun) -> bool:
    validated = [step for step, _ in run.curves.get("validation/psnr", ())]
    return len(validated) > 1 and run.best.get("step") == validated[-1]


def _sizes(material: Material) -> Iterator[str]:
    results = material.results
    base = results.variant(results.baseline)
    other = [
        f"{material.title(variant.name)} has {variant.parameters / base.parameters - 1:+.0%}"
        for variant in results.variants
        if base.parameters and abs(variant.parameters / base.parameters - 1) > ALIKE
    ]
    if other:
        yield (
            f"Variants differ in size: against {material.title(base.name)}, {listed(other)} "
            "parameters. A gain may come from the size alone."
        )
    slower = [
        f"{material.title(cost.variant)} takes {cost.ratio:.2f} times as long"
        for cost in results.costs
        if cost.variant != base.name and abs(cost.ratio - 1) > 0.1
    ]
    if slower:
        yield (
            f"Variants differ in cost: a call of {listed(slower)} as one of "
            f"{material.title(base.name)}."
        )


def _kinds_of_data(material: Material) -> Iterator[str]:
    results = material.results
    drawn = [each.title or each.name for each in results.evaluations if is_drawn(material, each)]
    if drawn:
        yield (
            f"{capital(listed(drawn))}: the clips are drawn by a program. Whether the same holds "
            "for videos of a camera, only an evaluation on those can tell."
        )
    layouts = {evaluation.layout for evaluation in results.evaluations}
    if len(layouts) > 1:
        quoted = [f"'{layout}'" for layout in sorted(layouts)]
        yield (
            f"The layouts {listed(quoted)} are different tasks: scores of one say nothing of the "
            "other, and never stand in one table here."
        )


def is_drawn(material: Material, evaluation: Evaluation) -> bool:
    """Whether the clips come from the generator.

    Held-out clips have no root: their protocol names the sources, or else the training does.
    """
    if evaluation.root:
        return evaluation.root.startswith("generated:")
    options = evaluation.protocol.get("reader", {}).get("options", {})
    names = list(options.get("validation") or options.get("train") or ())
    if not names:
        sources = material.results.provenance.data.get("validation", ())
        names = [name for name, _ in sources]
    return bool(names) and all(str(name).startswith("generated") for name in names)


def _unlike(material: Material) -> Iterator[str]:
    runs = [run for run in material.results.runs if run.state == "finished"]
    for what, values in (
        ("data to learn from", {run.data.get("train", "") for run in runs}),
        ("data to validate on", {run.data.get("validation", "") for run in runs}),
        ("versions of packages", {tuple(sorted(run.versions.items())) for run in runs}),
    ):
        if len(values) > 1:
            yield f"Runs had different {what}; see the end of the page."
    for evaluation in material.results.evaluations:
        counts = {len(each.rows) for each in evaluation.answers if not each.control}
        if len(counts) > 1:
            yield (
                f"{_title(evaluation)}: not everybody was measured on the same items; differences "
                "are over those that both have."
            )


def _many(material: Material) -> Iterator[str]:
    families = {finding.family for finding in material.findings if finding.comparison}
    if families and max(families) > 1:
        yield (
            f"p-values are adjusted for the {max(families)} answers at the top and not for the "
            "tables below them, where something is to be found by chance: take what is only there "
            "for a question to ask next."
        )


def _title(evaluation: Evaluation) -> str:
    return capital(evaluation.title or evaluation.name)

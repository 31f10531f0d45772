"""What everybody scored: one table per evaluation, so that layouts never share a column."""

from __future__ import annotations

from collections.abc import Sequence

from lift15.ablation.measured import Answers, Evaluation
from lift15.ablation.report.blocks import Block, Bullets, Cell, Section, Table, Text, file_name
from lift15.ablation.report.cells import (
    INTERVAL,
    ONE,
    SPREAD,
    WORDS,
    columns,
    difference,
    number,
    over_seeds,
    titled,
    whole,
    words,
)
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital, counted, digits_of, listed
from lift15.ablation.report.pairing import pair
from lift15.evaluation.summary import means
from vfiblocks.errors import InputError


def scores(material: Material) -> Section:
    """Means, spread over seeds, and the difference to the baseline."""
    blocks: list[Block] = []
    for evaluation in material.results.evaluations:
        blocks.append(Text(_about(evaluation)))
        if not evaluation.answers:
            blocks.append(Text("Nobody has been measured on it yet."))
            continue
        blocks += [_table(material, evaluation), _per_seed(material, evaluation)]
        if notes := _notes(material, evaluation):
            blocks.append(Bullets(notes, f"Notes on {evaluation.title or evaluation.name}"))
    if not blocks:
        blocks.append(Text("Nothing has been evaluated yet."))
    return Section("scores", "Scores", tuple(blocks))


def _about(evaluation: Evaluation) -> str:
    scenes = len({item.scene for item in evaluation.items})
    average = (
        "every scene counts alike" if evaluation.averaging == "scene" else "every item counts alike"
    )
    return (
        f"{capital(evaluation.title or evaluation.name)}: layout '{evaluation.layout}', "
        f"{counted(len(evaluation.items), 'item')} of {counted(scenes, 'scene')}; {average}."
    )


def _table(material: Material, evaluation: Evaluation) -> Table:
    results = material.results
    first = evaluation.measures[0]
    variants = [variant.name for variant in results.variants]
    others = dict.fromkeys(a.model for a in evaluation.answers if a.model not in variants)
    frames = {variant.name: variant.frames for variant in results.variants}
    rows = []
    for name in (*others, *variants):
        runs = evaluation.answered(name)
        rows.append(
            (
                words(material.title(name)),
                whole(frames[name]) if name in frames else words("-"),
                whole(len(runs)) if name in frames and runs else words("none" if not runs else "-"),
                _items(runs),
                *(
                    _mean(runs, measure.name, measure.unit, evaluation.averaging)
                    for measure in evaluation.measures
                ),
                _against(material, evaluation, name),
            )
        )
    base = material.title(results.baseline)
    return Table(
        file_name("scores", evaluation.name),
        f"Scores on {evaluation.title or evaluation.name}",
        columns(
            ("model", WORDS),
            ("frames", ONE),
            ("runs", ONE),
            ("items", ONE),
            *((titled(measure.name, measure.unit), SPREAD) for measure in evaluation.measures),
            (titled(f"{first.name} less that of {base}", first.unit), INTERVAL),
        ),
        tuple(rows),
        (
            "±: standard deviation of the means of training runs with other seeds. It is no error "
            "of a difference: runs are compared in pairs, on the same items, in the last column.",
            "last column: 95 % interval over scenes and, where there are several, seeds.",
            *(
                f"{way} is better: {listed(those)}."
                for way in ("higher", "lower")
                if (those := [each.name for each in evaluation.measures if each.better == way])
            ),
        ),
    )


def _items(runs: Sequence[Answers]) -> Cell:
    if not runs:
        return words("none")
    counts = [len(run.rows) for run in runs]
    if min(counts) == max(counts):
        return whole(counts[0])
    return Cell(f"{min(counts):,} to {max(counts):,}", (min(counts),))


def _mean(runs: Sequence[Answers], measure: str, unit: str, averaging: str) -> Cell:
    values = [_run_mean(run, measure, averaging) for run in runs]
    if runs and runs[0].seed is None:  # a baseline is not trained: it has no spread to be unknown
        cell = number(values[0], unit)
        return Cell(cell.text, (values[0], float("nan"), 0))
    return over_seeds(values, unit)


def _run_mean(run: Answers, measure: str, averaging: str) -> float:
    rows = [row for row in run.rows if measure in row.scores]
    return means(rows, [measure], averaging)[measure]


def _against(material: Material, evaluation: Evaluation, name: str) -> Cell:
    base = material.results.baseline
    if name == base:
        return words("baseline")
    try:
        compared = pair(evaluation, (base, name), evaluation.measures[0].name)
        return difference(compared.compare(draws=material.draws))
    except InputError as error:
        return words(f"none: {error}")


def _per_seed(material: Material, evaluation: Evaluation) -> Table:
    rows = [
        (
            words(material.title(variant.name)),
            whole(run.seed if run.seed is not None else 0),
            *(
                number(
                    _run_mean(run, measure.name, evaluation.averaging), measure.unit,
                    digits=digits_of(measure.unit) + 1,
                )
                for measure in evaluation.measures
            ),
            words(run.weights or "not recorded"),
        )
        for variant in material.results.variants
        for run in evaluation.answered(variant.name)
    ]  # fmt: skip
    return Table(
        file_name("seeds", evaluation.name),
        f"Each training run on {evaluation.title or evaluation.name}",
        columns(
            ("model", WORDS),
            ("seed", ONE),
            *((titled(measure.name, measure.unit), ONE) for measure in evaluation.measures),
            ("weights", WORDS),
        ),
        tuple(rows),
    )


def _notes(material: Material, evaluation: Evaluation) -> tuple[str, ...]:
    """Of the evaluation, and of those who were measured: what several share is said once."""
    shared: dict[str, list[str]] = {}
    for each in evaluation.answers:
        for note in each.notes:
            names = shared.setdefault(note, [])
            if (title := material.title(each.model)) not in names:
                names.append(title)
    return (*evaluation.notes, *(f"{', '.join(names)}: {note}" for note, names in shared.items()))

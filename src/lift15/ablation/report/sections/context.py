"""What context does: the weights of frames, and what is lost without the frames."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from lift15.ablation.measured import Alphas, Evaluation
from lift15.ablation.report.blocks import (
    Block,
    Bullets,
    Cell,
    Figure,
    Section,
    Table,
    Text,
    file_name,
)
from lift15.ablation.report.cells import (
    INTERVAL,
    ONE,
    SPREAD,
    WORDS,
    columns,
    difference,
    whole,
    words,
)
from lift15.ablation.report.drawing.alphas import alphas, mean_weights
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital, interval, listed, measured, signed
from lift15.ablation.report.pairing import pair
from lift15.evaluation.statistics import PairedComparison
from vfiblocks.errors import InputError

CONTROLS = {
    "without": "marked missing",
    "repeated": "replaced by the nearest reference",
    "shuffled": "in another order",
    "foreign": "replaced by those of another clip",
}
"""What was done to the frames beyond the references."""


def context(material: Material) -> Section:
    """Weights of frames and controls, per evaluation."""
    blocks: list[Block] = []
    for evaluation in material.results.evaluations:
        blocks += _weights(material, evaluation)
        blocks += _controls(material, evaluation)
    if not blocks:
        blocks.append(Text("Nothing has been evaluated yet."))
    return Section("context", "What context does", tuple(blocks))


def _weights(material: Material, evaluation: Evaluation) -> Iterator[Block]:
    title = evaluation.title or evaluation.name
    found: dict[str, list[Alphas]] = {}
    for variant in material.results.variants:
        if runs := [each for each in evaluation.alphas if each.model == variant.name]:
            found[material.title(variant.name)] = runs
    lacking = [
        material.title(variant.name)
        for variant in material.results.variants
        if material.title(variant.name) not in found
    ]
    if not found:
        yield Text(f"{capital(title)}: weights of frames were not recorded for any variant.")
        return
    name = file_name("weights", evaluation.name)
    caption = (
        "The weight of each frame in the context, mean over items and training "
        "runs; small dots are single runs. A weight tells how much is taken from a frame, and not "
        "what it is good for: that is what the controls tell."
    )
    yield Figure(name, f"Weights of frames, {title}", caption, alphas(name, title, caption, found))
    yield Bullets(tuple(_share(label, runs) for label, runs in found.items()))
    yield _table(name, title, found)
    if lacking:
        yield Text(
            f"Without recorded weights: {listed(lacking)}. A variant without context has none."
        )


def _share(label: str, runs: Sequence[Alphas]) -> str:
    means = mean_weights(runs)
    near = sum(value for rank, value in means.items() if abs(rank) == 1)
    far = sum(value for rank, value in means.items() if abs(rank) > 1)
    if len(means) < 3:
        return f"{label}: there are no frames but the references."
    even = 2 / len(means)
    return (
        f"{label}: the two references have {near:.0%} of the weight and the "
        f"{len(means) - 2} others {far:.0%}; if all counted alike, the references had {even:.0%}."
    )


def _table(name: str, title: str, found: dict[str, list[Alphas]]) -> Table:
    ranks = sorted({rank for runs in found.values() for each in runs for rank in each.ranks})
    counted = {label: [each.items for each in runs] for label, runs in found.items()}
    return Table(
        name,
        f"Weights of frames, {title}",
        columns(
            ("place", ONE),
            *((label, SPREAD) for label in found),
            *((f"{label}, from item to item", ONE) for label in found),
        ),
        tuple(
            (
                Cell(f"{rank:+d}", (rank,)),
                *(_weight(runs, rank) for runs in found.values()),
                *(_deviation(runs, rank) for runs in found.values()),
            )
            for rank in ranks
        ),
        (
            "place: -1 is the frame before the target, +1 the one after it.",
            "±: standard deviation over training runs; from item to item: over items, averaged "
            "over runs.",
            *(f"{label}: over {_span(counts)} items." for label, counts in counted.items()),
        ),
    )


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _weight(runs: Sequence[Alphas], rank: int) -> Cell:
    values = [each.means[each.ranks.index(rank)] for each in runs if rank in each.ranks]
    if not values:
        return words("no such frame")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Cell(f"{mean:.3f} (one run)", (mean, math.nan, 1))
    spread = statistics.stdev(values)
    return Cell(f"{mean:.3f} ± {spread:.3f}", (mean, spread, len(values)))


def _deviation(runs: Sequence[Alphas], rank: int) -> Cell:
    """How much the weight differs from item to item, mean over the runs."""
    values = [each.deviations[each.ranks.index(rank)] for each in runs if rank in each.ranks]
    if not values:
        return words("-")
    mean = statistics.fmean(values)
    return Cell(f"{mean:.3f}", (mean,))


def _controls(material: Material, evaluation: Evaluation) -> Iterator[Block]:
    title = evaluation.title or evaluation.name
    kept = dict.fromkeys((a.model, a.control) for a in evaluation.answers if a.control)
    if not kept:
        yield Text(
            f"{capital(title)}: no control was measured, so that it is not known what context is "
            "worth."
        )
        return
    rows, said = [], []
    measure = evaluation.measures[0]
    for model, control in kept:
        compared, missing = _worth(material, evaluation, model, control)
        done = CONTROLS.get(control, control)
        rows.append(
            (
                words(material.title(model)),
                words(f"{control}: {done}"),
                difference(compared) if compared else words(f"none: {missing}"),
                whole(compared.clips) if compared else words("none"),
                whole(compared.scenes) if compared else words("none"),
                words(compared.verdict if compared else "no answer"),
            )
        )
        if compared:
            said.append(_said(material.title(model), f"further frames {done}", compared))
    yield Bullets(tuple(said), f"What context is worth, {title}")
    yield Table(
        file_name("controls", evaluation.name),
        f"With context less with other frames in its place, {title}",
        columns(
            ("model", WORDS),
            ("frames beyond the references", WORDS),
            (f"{measure.name} less that of the control"
             + (f" ({measure.unit})" if measure.unit else ""), INTERVAL),
            ("items", ONE),
            ("scenes", ONE),
            ("with context", WORDS),
        ),
        tuple(rows),
        (
            "The same weights in both: this is how a trained model uses its frames. What training "
            "with them brings, the answers at the top tell.",
        ),
    )  # fmt: skip


def _worth(
    material: Material, evaluation: Evaluation, model: str, control: str
) -> tuple[PairedComparison | None, str]:
    try:
        compared = pair(
            evaluation, (model, model), evaluation.measures[0].name, controls=(control, "")
        )
        return compared.compare(draws=material.draws), ""
    except InputError as error:
        return None, str(error)


def _said(model: str, done: str, found: PairedComparison) -> str:
    size = f"{signed(found.difference, found.unit)} {found.unit}".strip()
    span = interval(found.low, found.high, found.unit)
    return {
        "better": f"{model} gains {size} {span} over the same with {done}: it uses them.",
        "worse": f"{model} loses by its context: {size} {span} against the same with {done}.",
        "equivalent": (
            f"{model} does as well with {done}: {size} {span}, within "
            f"{measured(found.margin or 0.0, found.unit)}."
        ),
        "undecided": f"{model} against the same with {done}: undecided, {size} {span}.",
    }[found.verdict]

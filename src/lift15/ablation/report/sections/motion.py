"""By how far things move: the same comparison on quarters of the items."""

from __future__ import annotations

import math

from lift15.ablation.measured import Evaluation
from lift15.ablation.report.blocks import Block, Cell, Table, Text, file_name
from lift15.ablation.report.cells import (
    INTERVAL,
    ONE,
    WORDS,
    columns,
    difference,
    number,
    titled,
    whole,
    words,
)
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital, listed
from lift15.ablation.report.pairing import Pair
from lift15.ablation.report.subset import attempt
from lift15.evaluation.bins_clips import ClipBins, quantile_bins
from lift15.evaluation.statistics import PairedComparison
from vfiblocks.errors import InputError


def by_motion(
    material: Material, evaluation: Evaluation, names: tuple[str, str], compared: Pair
) -> Block:
    """A table by quarters of the median displacement; by halves where there are few items."""
    title = f"{material.versus(names)}, {evaluation.title or evaluation.name}"
    known = {item.name: item for item in evaluation.items}
    values = [known[clip].displacement for clip in compared.clips]
    if all(map(math.isnan, values)):
        return Text(f"{capital(title)}: how the items move is not known.")
    try:
        bins = _bins(values)
    except InputError as error:
        return Text(f"{capital(title)}: no table by amount of motion: {error}.")
    rows = []
    for group, name in enumerate(bins.names()):
        keep = bins.group == group
        found, missing = attempt(compared, keep, material.draws)
        rows.append(
            (
                words(name),
                whole(int(keep.sum())),
                whole(found.scenes) if found else words(missing),
                *_means(compared, found),
                difference(found) if found else words("none"),
            )
        )
    how = sorted({known[clip].measured for clip in compared.clips if known[clip].measured})
    unknown = int((bins.group < 0).sum())
    unit = compared.measure.unit
    return Table(
        file_name("motion", evaluation.name, *names),
        f"By amount of motion: {title}",
        columns(
            ("median displacement", WORDS),
            ("items", ONE),
            ("scenes", ONE),
            *((titled(f"{compared.measure.name}, {material.title(n)}", unit), ONE) for n in names),
            (titled("difference", unit), INTERVAL),
        ),
        tuple(rows),
        (
            "displacement: from one reference to the other, in pixels; motion "
            f"{_HOW.get(tuple(how), listed(how))}.",
            *([f"{unknown:,} items without known motion are left out."] if unknown else []),
        ),
    )


def _bins(values: list[float]) -> ClipBins:
    """Quarters, thirds or halves, whatever can be told apart first."""
    for count in (4, 3):
        try:
            return quantile_bins(values, count=count)
        except InputError:
            continue
    return quantile_bins(values, count=2)


_HOW = {
    ("true",): "as the source has it",
    ("DIS",): "estimated from the frames by DIS",
    ("DIS", "true"): "as the source has it where it does, else estimated from the frames by DIS",
}


def _means(compared: Pair, found: PairedComparison | None) -> tuple[Cell, Cell]:
    if found is None:
        return words("none"), words("none")
    unit = compared.measure.unit
    return number(found.means[0], unit), number(found.means[1], unit)
